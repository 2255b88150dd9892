#include "examples/cpp/server/fixture.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <openssl/sha.h>

#include <cmath>
#include <fstream>
#include <sstream>

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + "\"";
}

Place place_of(const google::protobuf::Struct& entry) {
  routeguide::v1::Point point;
  const auto location = entry.fields().find("location");
  if (location == entry.fields().end()) {
    return Place::of(nullptr);
  }
  const auto& fields = location->second.struct_value().fields();
  point.set_latitude(std::lround(fields.at("latitude").number_value()));
  point.set_longitude(std::lround(fields.at("longitude").number_value()));
  const Place place = Place::of(&point);
  if (std::abs(place.north()) > kGeoSetLatitude) {
    throw NotAPlace("latitude: got " + std::to_string(place.north()) + ", want -85.0511287 to 85.0511287 degrees");
  }
  return place;
}

}  // namespace

Fixture read_fixture(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  google::protobuf::ListValue entries;
  const auto parsed = google::protobuf::util::JsonStringToMessage(text.str(), &entries);
  if (!file || !parsed.ok()) {
    throw std::runtime_error("cannot load features `" + path + "`: " + parsed.ToString());
  }
  Fixture fixture;
  for (const auto& value : entries.values()) {
    const auto& entry = value.struct_value();
    const std::string name = entry.fields().at("name").string_value();
    const Place place = place_of(entry);
    if (name.empty()) {
      continue;  // Nothing is there.
    }
    if (const auto [other, is_new] = fixture.emplace(place, name); !is_new) {
      throw std::runtime_error(quoted(other->second) + " and " + quoted(name) + " are both at " + place.key());
    }
  }
  return fixture;
}

std::string fingerprint(const Fixture& fixture) {
  std::string lines;
  for (const auto& [place, name] : fixture) {
    lines += place.key() + " " + quoted(name) + "\n";
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(lines.data()), lines.size(), digest);
  std::string text;
  for (const unsigned char byte : digest) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}
