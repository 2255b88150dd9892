// The server in C++: what //services/server does, with the same arguments and the same keys in Redis.
//
// The port is open and `liveness` is SERVING at once; `readiness` follows Redis, and no state of Redis ends the
// process.

#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>

#include "examples/cpp/server/fixture.h"
#include "examples/cpp/server/geometry.h"
#include "examples/cpp/server/store.h"
#include "examples/cpp/shared.h"
#include "routeguide/v1/routeguide.grpc.pb.h"

using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;
using routeguide::v1::Feature;
using routeguide::v1::Point;
using routeguide::v1::Rectangle;
using routeguide::v1::RouteNote;
using routeguide::v1::RouteSummary;
using shared::say;

namespace {

// After SIGTERM, callers get this long to learn that we go, while we still serve them.
constexpr std::chrono::seconds kNotice(1);
// Then calls under way get this long to end.
constexpr std::chrono::seconds kDrain(7);

// Whose fault it is.
Status told(const auto& work) {
  try {
    work();
    return Status::OK;
  } catch (const NotAPlace& error) {
    return {StatusCode::INVALID_ARGUMENT, error.what()};
  } catch (const Unavailable& error) {
    return {StatusCode::UNAVAILABLE, error.what()};
  }
}

void write(const Place& place, const std::string& name, Feature* feature) {
  feature->set_name(name);
  place.write(feature->mutable_location());
}

// The four calls, over the store.
class Guide final : public routeguide::v1::RouteGuide::Service {
 public:
  explicit Guide(const Store& store) : store_(store) {}

  Status GetFeature(ServerContext*, const Point* point, Feature* answer) override {
    return told([&] {
      const Place place = Place::of(point);
      write(place, store_.feature(place), answer);
    });
  }

  Status ListFeatures(ServerContext*, const Rectangle* rectangle, grpc::ServerWriter<Feature>* answers) override {
    return told([&] {
      for (const auto& [place, name] : store_.features(Bounds::of(*rectangle))) {
        Feature feature;
        write(place, name, &feature);
        answers->Write(feature);
      }
    });
  }

  Status RecordRoute(ServerContext*, grpc::ServerReader<Point>* points, RouteSummary* answer) override {
    return told([&] {
      const auto start = std::chrono::steady_clock::now();
      double metres = 0;
      std::optional<Place> last;
      for (Point point; points->Read(&point);) {
        const Place place = Place::of(&point);
        answer->set_point_count(answer->point_count() + 1);
        answer->set_feature_count(answer->feature_count() + !store_.feature(place).empty());
        metres += last ? last->distance(place) : 0;
        last = place;
      }
      answer->set_distance(static_cast<int32_t>(std::min<double>(std::round(metres), std::numeric_limits<int32_t>::max())));
      const auto elapsed = std::chrono::steady_clock::now() - start;
      answer->set_elapsed_time(static_cast<int32_t>(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count()));
    });
  }

  Status RouteChat(ServerContext*, grpc::ServerReaderWriter<RouteNote, RouteNote>* notes) override {
    return told([&] {
      for (RouteNote note; notes->Read(&note);) {
        const Place place = Place::of(note.has_location() ? &note.location() : nullptr);
        for (const std::string& message : store_.leave_note(place, note.message())) {
          RouteNote answer;
          place.write(answer.mutable_location());
          answer.set_message(message);
          notes->Write(answer);
        }
      }
    });
  }

 private:
  const Store& store_;
};

// Keeps `readiness` true to Redis, until it is stopped.
class Looks {
 public:
  Looks(Store& store, const Fixture& fixture, grpc::HealthCheckServiceInterface& health)
      : store_(store), fixture_(fixture), health_(health), thread_([this] { follow(); }) {}

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    change_.notify_all();
    thread_.join();
  }

 private:
  void follow() {
    bool first = true;
    std::string said;
    for (std::unique_lock lock(mutex_); !stopped_; change_.wait_for(lock, std::chrono::seconds(1), [this] { return stopped_; })) {
      lock.unlock();
      std::string state = "SERVING";
      try {
        round_trip(first);
        first = false;
      } catch (const Unavailable& error) {
        state = std::string("NOT_SERVING: ") + error.what();
      }
      lock.lock();
      health_.SetServingStatus("readiness", state == "SERVING" && !stopped_);
      if (state != said) {
        say("readiness: " + state);
        said = state;
      }
    }
  }

  // One look. The fixture is loaded at the process's start, and again when Redis has none: another server's
  // fixture stays until then, so that two versions in one rollout do not fight.
  void round_trip(bool first) {
    if (store_.check() && !first) {
      return;
    }
    const std::string count = std::to_string(fixture_.size()) + " features";
    say(store_.load(fixture_) ? "loaded " + count + " into redis" : count + " are in redis already");
  }

  Store& store_;
  const Fixture& fixture_;
  grpc::HealthCheckServiceInterface& health_;
  std::mutex mutex_;
  std::condition_variable change_;
  bool stopped_ = false;
  std::thread thread_;
};

void run(int port, const std::string& redis, Store& store, const Fixture& fixture, const sigset_t& signals) {
  Guide guide(store);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  builder.AddListeningPort("[::]:" + std::to_string(port), grpc::InsecureServerCredentials());
  builder.RegisterService(&guide);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  // Clients ask every ten seconds whether we are there.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (!server) {
    shared::end(1, "cannot listen on port " + std::to_string(port));
  }
  auto& health = *server->GetHealthCheckService();
  health.SetServingStatus("liveness", true);
  health.SetServingStatus("readiness", false);
  say("serving on port " + std::to_string(port) + ", redis at " + redis);

  Looks looks(store, fixture, health);
  int signal = 0;
  sigwait(&signals, &signal);
  looks.stop();
  say("readiness: NOT_SERVING, ending");
  health.SetServingStatus("readiness", false);
  std::this_thread::sleep_for(kNotice);
  server->Shutdown(std::chrono::system_clock::now() + kDrain);
}

}  // namespace

int main(int count, char** words) {
  auto arguments = shared::arguments(count, words, {"port", "redis", "features"});
  const std::string redis = arguments["redis"];
  const shared::Address seed = shared::host_and_port("redis", redis);
  const int port = arguments.contains("port") ? std::atoi(arguments["port"].c_str()) : 50001;
  const std::string features = arguments.contains("features") ? arguments["features"] : "/features.json";

  // Before there are threads: they are waited for, and interrupt nobody.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    const Fixture fixture = read_fixture(features);
    Store store(seed);
    run(port, redis, store, fixture, signals);
  } catch (const std::exception& error) {
    shared::end(1, error.what());
  }
}
