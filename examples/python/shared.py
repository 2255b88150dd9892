"""What client and server share."""

import re
import sys
import time


def host_and_port(name, text):
    """Host and port of an argument; any other text ends the process with 2."""
    found = re.fullmatch(r"(.+):(\d{1,5})", text)
    if not found or not 0 < int(found[2]) <= 65535:
        print(f'error: --{name}: got "{text}", want host:port', file=sys.stderr)
        sys.exit(2)
    return found[1], int(found[2])


def say(line):
    """A line for whoever reads the pod's log."""
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), line, flush=True)
