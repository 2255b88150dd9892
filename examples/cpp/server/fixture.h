// The feature data of a file.
#pragma once

#include <map>
#include <string>

#include "examples/cpp/server/geometry.h"

// By place.
using Fixture = std::map<Place, std::string>;

// Reads a list of `{"location": {"latitude": E7, "longitude": E7}, "name": "..."}`; throws what is wrong with it.
Fixture read_fixture(const std::string& path);

// Equal when the data is, whatever language the server is written in.
std::string fingerprint(const Fixture& fixture);
