#include "examples/cpp/server/geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace {

// Redis measures with this radius, and so do we.
constexpr double kEarthRadius = 6372797.560856;

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

void check(const char* what, int32_t got, int32_t limit) {
  if (got < -limit || got > limit) {
    const std::string range = std::to_string(-limit) + " to " + std::to_string(limit);
    throw NotAPlace(std::string(what) + ": got " + std::to_string(got) + ", want " + range);
  }
}

}  // namespace

Place Place::of(const routeguide::v1::Point* point) {
  if (point == nullptr) {
    throw NotAPlace("location: got none, want a point");
  }
  check("latitude", point->latitude(), 900000000);
  check("longitude", point->longitude(), 1800000000);
  return {point->latitude(), point->longitude()};
}

Place Place::from_key(const std::string& key) {
  return {std::stoi(key), std::stoi(key.substr(key.find(',') + 1))};
}

double Place::distance(const Place& other) const {
  const double from = radians(north()), to = radians(other.north());
  const double u = std::sin((to - from) / 2), v = std::sin(radians(other.east() - east()) / 2);
  const double a = u * u + std::cos(from) * std::cos(to) * v * v;
  return 2 * kEarthRadius * std::asin(std::min(std::sqrt(a), 1.0));
}

void Place::write(routeguide::v1::Point* point) const {
  point->set_latitude(latitude);
  point->set_longitude(longitude);
}

Bounds Bounds::of(const routeguide::v1::Rectangle& rectangle) {
  const Place one = Place::of(rectangle.has_lo() ? &rectangle.lo() : nullptr);
  const Place other = Place::of(rectangle.has_hi() ? &rectangle.hi() : nullptr);
  return {
      {std::min(one.latitude, other.latitude), std::min(one.longitude, other.longitude)},
      {std::max(one.latitude, other.latitude), std::max(one.longitude, other.longitude)},
  };
}

bool Bounds::contains(const Place& place) const {
  return south_west.latitude <= place.latitude && place.latitude <= north_east.latitude &&
         south_west.longitude <= place.longitude && place.longitude <= north_east.longitude;
}

std::optional<SearchBox> Bounds::search_box() const {
  const double south = std::clamp(south_west.north(), -kGeoSetLatitude, kGeoSetLatitude);
  const double north = std::clamp(north_east.north(), -kGeoSetLatitude, kGeoSetLatitude);
  const double west = south_west.east(), east = north_east.east();
  if (north - south > 90 || east - west > 90) {
    return std::nullopt;
  }
  const double widest = south <= 0 && north >= 0 ? 0 : std::min(std::abs(south), std::abs(north));
  const auto metres = [](double degrees) { return radians(degrees) * kEarthRadius * 1.01 + 1; };
  return SearchBox{(west + east) / 2, (south + north) / 2, metres((east - west) * std::cos(radians(widest))),
                   metres(north - south)};
}
