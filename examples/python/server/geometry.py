"""Points, rectangles and distances: in ten-millionths of a degree and metres."""

import math
from typing import NamedTuple

# Redis measures with this radius, and so do we.
EARTH_RADIUS = 6372797.560856
# The end of the square that geo sets of Redis cover, in degrees.
GEO_SET_LATITUDE = 85.05112878
E7 = 1e7


class NotAPlace(ValueError):
    """Why a message is not a place."""


class Place(NamedTuple):
    """A place on the globe. The order is by latitude, then longitude."""

    latitude: int
    longitude: int

    @classmethod
    def of(cls, point):
        if point is None:
            raise NotAPlace("location: got none, want a point")
        for what, got, limit in [("latitude", point.latitude, 900000000), ("longitude", point.longitude, 1800000000)]:
            if not -limit <= got <= limit:
                raise NotAPlace(f"{what}: got {got}, want {-limit} to {limit}")
        return cls(point.latitude, point.longitude)

    @classmethod
    def from_key(cls, key):
        return cls(*map(int, key.split(",")))

    @property
    def key(self):
        """The name of the place in Redis: exact, unlike a geo set's own coordinates."""
        return f"{self.latitude},{self.longitude}"

    @property
    def north(self):
        return self.latitude / E7

    @property
    def east(self):
        return self.longitude / E7

    def distance(self, other):
        """Great-circle distance in metres (haversine formula)."""
        start, end = math.radians(self.north), math.radians(other.north)
        u, v = math.sin((end - start) / 2), math.sin(math.radians(other.east - self.east) / 2)
        a = u * u + math.cos(start) * math.cos(end) * v * v
        return 2 * EARTH_RADIUS * math.asin(min(math.sqrt(a), 1))


class Bounds(NamedTuple):
    """A rectangle with its corners sorted."""

    south_west: Place
    north_east: Place

    @classmethod
    def of(cls, rectangle):
        one = Place.of(rectangle.lo if rectangle.HasField("lo") else None)
        other = Place.of(rectangle.hi if rectangle.HasField("hi") else None)
        return cls(Place(*map(min, one, other)), Place(*map(max, one, other)))

    def __contains__(self, place):
        return all(low <= at <= high for low, at, high in zip(self.south_west, place, self.north_east, strict=True))

    def search_box(self):
        """What Redis is asked for, a little more than the bounds: longitude, latitude, width, height. None for bounds
        that are wider than a quarter of the globe: Redis misses places at the edges of such boxes."""
        south, north = (
            max(-GEO_SET_LATITUDE, min(corner.north, GEO_SET_LATITUDE)) for corner in (self.south_west, self.north_east)
        )
        west, east = self.south_west.east, self.north_east.east
        if north - south > 90 or east - west > 90:
            return None
        widest = 0 if south <= 0 <= north else min(abs(south), abs(north))

        def metres(degrees):
            return math.radians(degrees) * EARTH_RADIUS * 1.01 + 1

        width = metres((east - west) * math.cos(math.radians(widest)))
        return (west + east) / 2, (south + north) / 2, width, metres(north - south)
