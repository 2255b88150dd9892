"""The client in Python: asks a RouteGuide server all four kinds of question, again and again.

It logs the answers in the words of //services/client. A server that is away is waited for.
"""

import argparse
import random
import signal
import sys
import time
from decimal import Decimal

import grpc

from examples.python.shared import host_and_port, say
from routeguide.v1 import routeguide_pb2 as messages
from routeguide.v1 import routeguide_pb2_grpc as services

# Seconds from the first byte sent to the last received. The server gives up on Redis before.
DEADLINE = 5


def point(latitude, longitude):
    return messages.Point(latitude=latitude, longitude=longitude)


# Places of the server's own fixture; what is there, only the server knows.
HERE = point(542019000, 54688000)
NOWHERE = point(540000000, 60000000)
CORNERS = messages.Rectangle(lo=point(539000000, 50000000), hi=point(545000000, 65000000))
ROUTE = [HERE, point(542257000, 55412000), NOWHERE, point(540704000, 63191000)]


def typed(at):
    """A point as one types it: degrees, without a rounding."""

    def degrees(e7):
        return f"{Decimal(e7).scaleb(-7).normalize():f}"

    return f"{degrees(at.latitude)},{degrees(at.longitude)}"


def get_feature(guide, at):
    name = guide.GetFeature(at, timeout=DEADLINE).name
    return f"GetFeature {typed(at)}: {name or 'no feature'}"


def list_features(guide):
    names = [feature.name for feature in guide.ListFeatures(CORNERS, timeout=DEADLINE)]
    corners = f"{typed(CORNERS.lo)} to {typed(CORNERS.hi)}"
    return f"ListFeatures {corners}: {len(names)} features: {', '.join(names)}"


def record_route(guide):
    summary = guide.RecordRoute(iter(ROUTE), timeout=DEADLINE)
    counts = f"{summary.point_count} points, {summary.feature_count} features"
    return f"RecordRoute: {counts}, {summary.distance} m in {summary.elapsed_time} s"


def route_chat(guide, message):
    """Leaves a note at each point of the route and one more at the first."""
    notes = [messages.RouteNote(location=at, message=message) for at in [*ROUTE, ROUTE[0]]]
    received = list(guide.RouteChat(iter(notes), timeout=DEADLINE))
    line = f"RouteChat: {len(notes)} notes sent, {len(received)} received"
    if received:
        line += f", the last at {typed(received[-1].location)}: {received[-1].message}"
    return line


def ask_all(channel, iteration):
    """All four calls; why one did not get its answer, or None."""
    guide = services.RouteGuideStub(channel)
    for call, ask in [
        ("GetFeature", lambda: get_feature(guide, HERE)),
        ("GetFeature", lambda: get_feature(guide, NOWHERE)),
        ("ListFeatures", lambda: list_features(guide)),
        ("RecordRoute", lambda: record_route(guide)),
        ("RouteChat", lambda: route_chat(guide, f"passed by in iteration {iteration}")),
    ]:
        try:
            say(ask())
        except grpc.RpcError as error:
            return f"{call}: {error.code().name}: {error.details()}".replace("\n", " ")
    return None


def connect(server):
    """A channel that connects when it is used, and notices when the other end has gone."""
    return grpc.insecure_channel(
        server,
        options=[
            ("grpc.keepalive_time_ms", 10_000),
            ("grpc.keepalive_timeout_ms", 5_000),
            ("grpc.keepalive_permit_without_calls", 1),
            # Channels of one address would share a connection otherwise.
            ("grpc.use_local_subchannel_pool", 1),
        ],
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    parser.add_argument("--iterations", type=int, default=0, help="0 means for ever")
    parser.add_argument("--interval", type=float, default=5, help="seconds between two iterations")
    args = parser.parse_args()
    host_and_port("server", args.server)
    # The first process of a container has no default for it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    channel, failures, iteration = connect(args.server), 0, 1
    while True:
        start = time.monotonic()
        why = ask_all(channel, iteration)
        if why:
            failures += 1
            # Longer each time, up to a limit, and never the same for all clients.
            pause = min(0.5 * 2 ** min(failures - 1, 16), 5) * (1 - random.random() / 2)
            say(f"waiting for {args.server}: {why}; again in {pause:.1f} s")
            time.sleep(pause)
            # Whatever was wrong with the connection, a new one does not have it.
            channel.close()
            channel = connect(args.server)
            continue
        say(f"iteration {iteration} done in {(time.monotonic() - start) * 1000:.0f} ms")
        if iteration == args.iterations:
            return
        failures, iteration = 0, iteration + 1
        time.sleep(args.interval)


if __name__ == "__main__":
    main()
