// The Redis cluster, as far as this service uses it. Its keys are those of //services/server, so that one server
// can take the place of the other.
#pragma once

#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "examples/cpp/server/fixture.h"
#include "examples/cpp/server/geometry.h"
#include "examples/cpp/shared.h"

// Always a reason to try again later.
struct Unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Store {
 public:
  explicit Store(shared::Address seed) : seed_(std::move(seed)) {}

  // Puts the fixture into Redis unless it is there. Gives whether anything was written.
  bool load(const Fixture& fixture);
  // One round trip, as readiness needs it. Gives whether the features are there.
  bool check();
  // The name of the feature at a place, or "".
  std::string feature(const Place& place) const;
  // The features within bounds, ordered by place.
  std::vector<std::pair<Place, std::string>> features(const Bounds& bounds) const;
  // Keeps a note, and gives those that were at its place before, oldest first.
  std::vector<std::string> leave_note(const Place& place, const std::string& message) const;

 private:
  void require_loaded() const;

  const shared::Address seed_;
  std::atomic<bool> loaded_ = false;
};
