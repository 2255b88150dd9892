"""The server in Python: what //services/server does, with the same arguments and the same keys in Redis.

The port is open and `liveness` is SERVING at once; `readiness` follows Redis, and no state of Redis ends the process.
"""

import argparse
import math
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from examples.python.server import fixture, geometry, store
from examples.python.shared import host_and_port, say
from routeguide.v1 import routeguide_pb2 as messages
from routeguide.v1 import routeguide_pb2_grpc as services

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

# Seconds. After SIGTERM, callers get this long to learn that we go, while we still serve them.
NOTICE = 1
# Then calls under way get this long to end.
DRAIN = 7


def told(error, context):
    """Ends a call with whose fault it is."""
    code = grpc.StatusCode.INVALID_ARGUMENT if isinstance(error, geometry.NotAPlace) else grpc.StatusCode.UNAVAILABLE
    context.abort(code, str(error))


WRONG = (geometry.NotAPlace, store.Unavailable)


class Guide(services.RouteGuideServicer):
    """The four calls, over the store."""

    def __init__(self, kept):
        self.store = kept

    def GetFeature(self, request, context):
        try:
            place = geometry.Place.of(request)
            return feature(place, self.store.feature(place))
        except WRONG as error:
            told(error, context)

    def ListFeatures(self, request, context):
        try:
            found = self.store.features(geometry.Bounds.of(request))
        except WRONG as error:
            told(error, context)
        for place, name in found:
            yield feature(place, name)

    def RecordRoute(self, request_iterator, context):
        start, points, features, metres, last = time.monotonic(), 0, 0, 0.0, None
        try:
            for point in request_iterator:
                place = geometry.Place.of(point)
                features += self.store.feature(place) is not None
                metres += last.distance(place) if last else 0
                points, last = points + 1, place
        except WRONG as error:
            told(error, context)
        return messages.RouteSummary(
            point_count=points,
            feature_count=features,
            distance=min(round(metres), 2**31 - 1),
            elapsed_time=math.floor(time.monotonic() - start),
        )

    def RouteChat(self, request_iterator, context):
        try:
            for note in request_iterator:
                place = geometry.Place.of(note.location if note.HasField("location") else None)
                for message in self.store.leave_note(place, note.message):
                    yield messages.RouteNote(location=point(place), message=message)
        except WRONG as error:
            told(error, context)


def point(place):
    return messages.Point(latitude=place.latitude, longitude=place.longitude)


def feature(place, name):
    return messages.Feature(name=name or "", location=point(place))


def follow(kept, features, healths, stop):
    """Loads the fixture and keeps `readiness` true to Redis, until it is stopped."""
    first, said = True, None
    while not stop.is_set():
        status, state = SERVING, "SERVING"
        try:
            round_trip(kept, features, first)
            first = False
        except store.Unavailable as error:
            status, state = NOT_SERVING, f"NOT_SERVING: {error}"
        if not stop.is_set():
            healths.set("readiness", status)
        if state != said:
            say(f"readiness: {state}")
            said = state
        stop.wait(1)


def round_trip(kept, features, first):
    """One look. The fixture is loaded at the process's start, and again when Redis has none: another server's fixture
    stays until then, so that two versions in one rollout do not fight."""
    if kept.check() and not first:
        return
    if kept.load(features):
        say(f"loaded {len(features)} features into redis")
    else:
        say(f"{len(features)} features are in redis already")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=50001)
    parser.add_argument("--redis", required=True, metavar="HOST:PORT")
    parser.add_argument("--features", default="/features.json", metavar="FILE")
    args = parser.parse_args()
    host, port = host_and_port("redis", args.redis)
    features = fixture.read(args.features)

    kept = store.Store(host, port)
    healths = health.HealthServicer(experimental_non_blocking=True)
    healths.set("liveness", SERVING)
    healths.set("readiness", NOT_SERVING)
    server = grpc.server(
        ThreadPoolExecutor(16),
        options=[
            ("grpc.keepalive_time_ms", 10_000),
            # Clients ask every ten seconds whether we are there.
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
            ("grpc.keepalive_permit_without_calls", 1),
        ],
    )
    services.add_RouteGuideServicer_to_server(Guide(kept), server)
    health_pb2_grpc.add_HealthServicer_to_server(healths, server)
    server.add_insecure_port(f"[::]:{args.port}")
    server.start()
    say(f"serving on port {args.port}, redis at {args.redis}")

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    looks = threading.Thread(target=follow, args=(kept, features, healths, stop), daemon=True)
    looks.start()
    stop.wait()
    say("readiness: NOT_SERVING, ending")
    healths.set("readiness", NOT_SERVING)
    time.sleep(NOTICE)
    server.stop(DRAIN).wait()


if __name__ == "__main__":
    main()
