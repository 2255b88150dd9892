// Points, rectangles and distances: in ten-millionths of a degree and metres.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "routeguide/v1/routeguide.pb.h"

// The end of the square that geo sets of Redis cover, in degrees.
inline constexpr double kGeoSetLatitude = 85.05112878;

// Why a message is not a place.
struct NotAPlace : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A place on the globe. The order is by latitude, then longitude.
struct Place {
  int32_t latitude = 0;
  int32_t longitude = 0;

  static Place of(const routeguide::v1::Point* point);
  static Place from_key(const std::string& key);

  // The name of the place in Redis: exact, unlike a geo set's own coordinates.
  std::string key() const { return std::to_string(latitude) + "," + std::to_string(longitude); }
  double north() const { return latitude / 1e7; }
  double east() const { return longitude / 1e7; }
  // Great-circle distance in metres (haversine formula).
  double distance(const Place& other) const;
  void write(routeguide::v1::Point* point) const;

  auto operator<=>(const Place&) const = default;
};

// A centre in degrees and a size in metres.
struct SearchBox {
  double longitude, latitude, width, height;
};

// A rectangle with its corners sorted.
struct Bounds {
  Place south_west, north_east;

  static Bounds of(const routeguide::v1::Rectangle& rectangle);
  bool contains(const Place& place) const;
  // What Redis is asked for, a little more than the bounds. None for bounds that are wider than a quarter of
  // the globe: Redis misses places at the edges of such boxes.
  std::optional<SearchBox> search_box() const;
};
