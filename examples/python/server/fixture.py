"""The feature data of a file, in the order of places."""

import hashlib
import json
from types import SimpleNamespace

from examples.python.server.geometry import GEO_SET_LATITUDE, NotAPlace, Place


def read(path):
    """A dict of place to name, of a list of `{"location": {"latitude": E7, "longitude": E7}, "name": "..."}`."""
    with open(path, encoding="utf-8") as file:
        entries = json.load(file)
    features = {}
    for entry in entries:
        place = Place.of(SimpleNamespace(**entry["location"]))
        if abs(place.north) > GEO_SET_LATITUDE:
            raise NotAPlace(f"latitude: got {place.north}, want -85.0511287 to 85.0511287 degrees")
        if place in features:
            raise ValueError(f"{features[place]!r} and {entry['name']!r} are both at {place.key}")
        if entry["name"]:  # Nothing is there otherwise.
            features[place] = entry["name"]
    return dict(sorted(features.items()))


def fingerprint(features):
    """Equal when the data is, whatever language the server is written in."""
    lines = [f"{place.key} {json.dumps(name, ensure_ascii=False)}\n" for place, name in features.items()]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
