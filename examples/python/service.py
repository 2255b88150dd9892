"""How far is it? `GET /distance/berlin/oslo`"""

import argparse
import json
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from examples.geo import geo
from python.runfiles import runfiles


def places():
    """The data file, found as any runfile is."""
    path = runfiles.Create().Rlocation("_main/examples/python/places.json")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def answer(path, known):
    """Status and text for a path."""
    match path.strip("/").split("/"):
        case ["ready"]:
            return 200, f"{len(known)} places"
        case ["distance", a, b] if a in known and b in known:
            return 200, f"{a} to {b}: {geo.distance_km(known[a], known[b]):.0f} km"
        case _:
            return 404, "want /distance/A/B with two of " + ", ".join(known)


def handler(known):
    """The class that answers requests, as http.server wants it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, text = answer(self.path, known)
            body = (text + "\n").encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    # The first process of a container has no default for it.
    signal.signal(signal.SIGTERM, lambda *_: exit(0))
    server = ThreadingHTTPServer(("", port), handler(places()))
    print(f"listening on port {port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
