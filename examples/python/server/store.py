"""The Redis cluster, as far as this service uses it.

Its keys are those of //services/server, so that one server can take the place of the other.
"""

import threading
import time

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry

from examples.python.server import fixture
from examples.python.server.geometry import Place

PLACES = "{routeguide:features}:places"
NAMES = "{routeguide:features}:names"
FIXTURE = "{routeguide:features}:fixture"
NOTES = "routeguide:notes:"
# Notes kept at one place.
KEPT = 100

# Seconds: one node's answer, or one connection.
NODE_TIMEOUT = 1
# One call, with all tries: shorter than what callers wait, so that they learn the reason.
CALL_TIMEOUT = 4

# What a client of the cluster raises; the second is none of the first.
REDIS_ERRORS = (redis.RedisError, redis.exceptions.RedisClusterException)


class Unavailable(Exception):
    """Always a reason to try again later."""


class Store:
    def __init__(self, host, port):
        self.seed = ClusterNode(host, port)
        self.loaded = False
        self._cluster = None
        self._lock = threading.Lock()

    def _connected(self):
        """Redis may not be there when this process starts, so the cluster is looked for at first use."""
        with self._lock:
            if self._cluster is None:
                self._cluster = RedisCluster(
                    startup_nodes=[self.seed],
                    decode_responses=True,
                    retry=Retry(NoBackoff(), 1),
                    socket_connect_timeout=NODE_TIMEOUT,
                    socket_timeout=NODE_TIMEOUT,
                )
            return self._cluster

    def _forget(self):
        """Whoever has met a cluster that is no more looks for it again."""
        with self._lock:
            self._cluster = None

    def _ask(self, question):
        end = time.monotonic() + CALL_TIMEOUT
        while True:
            try:
                return question(self._connected())
            except REDIS_ERRORS as error:
                self._forget()
                if time.monotonic() >= end:
                    raise Unavailable(f"redis: {error}") from error
            time.sleep(0.1)

    def load(self, features):
        """Puts the fixture into Redis unless it is there. Gives whether anything was written."""
        fingerprint = fixture.fingerprint(features)
        write = self._ask(lambda cluster: cluster.get(FIXTURE)) != fingerprint
        if write:
            self._ask(lambda cluster: self._write(cluster, features, fingerprint))
        self.loaded = True
        return write

    def _write(self, cluster, features, fingerprint):
        # The three keys share a hash tag, hence a shard, so that they change in one step.
        with cluster.pipeline(transaction=True) as pipe:
            pipe.delete(PLACES)
            pipe.delete(NAMES)
            for place, name in features.items():
                pipe.geoadd(PLACES, (place.east, place.north, place.key))
                pipe.hset(NAMES, place.key, name)
            pipe.set(FIXTURE, fingerprint)
            pipe.execute()

    def check(self):
        """One round trip, as readiness needs it: the seed answers, and so does the shard that holds the features.
        Gives whether these are there."""
        # A new connection each time: that is what shows whether the seed leads anywhere.
        timeouts = {"socket_connect_timeout": NODE_TIMEOUT, "socket_timeout": NODE_TIMEOUT}
        try:
            with redis.Redis(self.seed.host, self.seed.port, retry=Retry(NoBackoff(), 0), **timeouts) as seed:
                seed.ping()
        except REDIS_ERRORS as error:
            raise Unavailable(f"redis: {error}") from error
        there = bool(self._ask(lambda cluster: cluster.exists(FIXTURE)))
        self.loaded = self.loaded and there
        return there

    def _require_loaded(self):
        if not self.loaded:
            raise Unavailable("features are not loaded yet")

    def feature(self, place):
        """The name of the feature at a place, or None."""
        self._require_loaded()
        return self._ask(lambda cluster: cluster.hget(NAMES, place.key))

    def features(self, bounds):
        """Places and names within bounds, ordered by place."""
        self._require_loaded()
        found = map(Place.from_key, self._ask(lambda cluster: self._search(cluster, bounds.search_box())))
        places = sorted(place for place in found if place in bounds)
        if not places:
            return []
        names = self._ask(lambda cluster: cluster.hmget(NAMES, [place.key for place in places]))
        return [(place, name) for place, name in zip(places, names, strict=True) if name is not None]

    def _search(self, cluster, box):
        if box is None:
            return cluster.zrange(PLACES, 0, -1)
        longitude, latitude, width, height = box
        return cluster.geosearch(PLACES, longitude=longitude, latitude=latitude, width=width, height=height, unit="m")

    def leave_note(self, place, message):
        """Keeps a note, and gives those that were at its place before, oldest first."""
        return self._ask(lambda cluster: self._push(cluster, NOTES + place.key, message))

    def _push(self, cluster, key, message):
        with cluster.pipeline(transaction=True) as pipe:
            pipe.lrange(key, 0, -1)
            pipe.rpush(key, message)
            pipe.ltrim(key, -KEPT, -1)
            return pipe.execute()[0]
