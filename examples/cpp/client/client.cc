// The client in C++: asks a RouteGuide server all four kinds of question, again and again, and logs the answers in
// the words of //services/client. A server that is away is waited for.

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <random>
#include <thread>

#include "examples/cpp/shared.h"
#include "routeguide/v1/routeguide.grpc.pb.h"

using grpc::ClientContext;
using grpc::Status;
using routeguide::v1::Feature;
using routeguide::v1::Point;
using routeguide::v1::Rectangle;
using routeguide::v1::RouteGuide;
using routeguide::v1::RouteNote;
using routeguide::v1::RouteSummary;
using shared::say;

namespace {

// From the first byte sent to the last received. The server gives up on Redis before.
constexpr std::chrono::seconds kDeadline(5);

Point point(int32_t latitude, int32_t longitude) {
  Point point;
  point.set_latitude(latitude);
  point.set_longitude(longitude);
  return point;
}

// Places of the server's own fixture; what is there, only the server knows.
const Point kHere = point(542019000, 54688000);
const Point kNowhere = point(540000000, 60000000);
const Point kCorners[] = {point(539000000, 50000000), point(545000000, 65000000)};
const Point kRoute[] = {kHere, point(542257000, 55412000), kNowhere, point(540704000, 63191000)};

// Degrees without a rounding.
std::string degrees(int32_t e7) {
  char text[32];
  const int64_t size = std::abs(static_cast<int64_t>(e7));
  std::snprintf(text, sizeof text, "%s%ld.%07ld", e7 < 0 ? "-" : "", size / 10'000'000, size % 10'000'000);
  std::string out = text;
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) {
    out.pop_back();
  }
  return out;
}

// A point as one types it.
std::string typed(const Point& at) { return degrees(at.latitude()) + "," + degrees(at.longitude()); }

// A call that did not get its answer.
struct Failed : std::runtime_error {
  Failed(const std::string& call, const Status& status)
      : std::runtime_error(call + ": " + std::to_string(status.error_code()) + ": " + status.error_message()) {}
};

void check(const std::string& call, const Status& status) {
  if (!status.ok()) {
    throw Failed(call, status);
  }
}

void limit(ClientContext& context) { context.set_deadline(std::chrono::system_clock::now() + kDeadline); }

void get_feature(RouteGuide::Stub& guide, const Point& at) {
  ClientContext context;
  limit(context);
  Feature feature;
  check("GetFeature", guide.GetFeature(&context, at, &feature));
  say("GetFeature " + typed(at) + ": " + (feature.name().empty() ? "no feature" : feature.name()));
}

void list_features(RouteGuide::Stub& guide) {
  ClientContext context;
  limit(context);
  Rectangle rectangle;
  *rectangle.mutable_lo() = kCorners[0];
  *rectangle.mutable_hi() = kCorners[1];
  const auto features = guide.ListFeatures(&context, rectangle);
  std::string names;
  int count = 0;
  for (Feature feature; features->Read(&feature); count++) {
    names += (count ? ", " : "") + feature.name();
  }
  check("ListFeatures", features->Finish());
  const std::string corners = typed(kCorners[0]) + " to " + typed(kCorners[1]);
  say("ListFeatures " + corners + ": " + std::to_string(count) + " features: " + names);
}

void record_route(RouteGuide::Stub& guide) {
  ClientContext context;
  limit(context);
  RouteSummary summary;
  const auto points = guide.RecordRoute(&context, &summary);
  for (const Point& at : kRoute) {
    points->Write(at);
  }
  points->WritesDone();
  check("RecordRoute", points->Finish());
  say("RecordRoute: " + std::to_string(summary.point_count()) + " points, " + std::to_string(summary.feature_count()) +
      " features, " + std::to_string(summary.distance()) + " m in " + std::to_string(summary.elapsed_time()) + " s");
}

// Leaves a note at each point of the route and one more at the first.
void route_chat(RouteGuide::Stub& guide, const std::string& message) {
  ClientContext context;
  limit(context);
  const auto notes = guide.RouteChat(&context);
  int sent = 0;
  const auto send = [&](const Point& at) {
    RouteNote note;
    *note.mutable_location() = at;
    note.set_message(message);
    notes->Write(note);
    sent++;
  };
  std::thread sender([&] {
    std::ranges::for_each(kRoute, send);
    send(kRoute[0]);
    notes->WritesDone();
  });
  int received = 0;
  RouteNote last;
  for (RouteNote note; notes->Read(&note); received++) {
    last = note;
  }
  sender.join();
  check("RouteChat", notes->Finish());
  std::string line = "RouteChat: " + std::to_string(sent) + " notes sent, " + std::to_string(received) + " received";
  if (received > 0) {
    line += ", the last at " + typed(last.location()) + ": " + last.message();
  }
  say(line);
}

// All four calls. The first that fails ends the iteration.
void ask_all(RouteGuide::Stub& guide, int iteration) {
  get_feature(guide, kHere);
  get_feature(guide, kNowhere);
  list_features(guide);
  record_route(guide);
  route_chat(guide, "passed by in iteration " + std::to_string(iteration));
}

// A channel that connects when it is used, and notices when the other end has gone.
std::unique_ptr<RouteGuide::Stub> connect(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Channels of one address would share a connection otherwise.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return RouteGuide::NewStub(grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments));
}

// Longer each time, up to a limit, and never the same for all clients.
std::chrono::milliseconds backoff(int failures) {
  static std::mt19937 random(std::random_device{}());
  const double pause = std::min(500.0 * (1 << std::min(failures - 1, 16)), 5000.0);
  return std::chrono::milliseconds(static_cast<int>(pause * std::uniform_real_distribution(0.5, 1.0)(random)));
}

}  // namespace

int main(int count, char** words) {
  auto arguments = shared::arguments(count, words, {"server", "iterations", "interval"});
  const std::string server = arguments["server"];
  shared::host_and_port("server", server);
  const int iterations = std::atoi(arguments["iterations"].c_str());
  const double interval = arguments.contains("interval") ? std::atof(arguments["interval"].c_str()) : 5;
  // The first process of a container has no default for it.
  std::signal(SIGTERM, [](int) { _exit(0); });

  auto guide = connect(server);
  int failures = 0;
  for (int iteration = 1;;) {
    const auto start = std::chrono::steady_clock::now();
    try {
      ask_all(*guide, iteration);
    } catch (const Failed& error) {
      const auto pause = backoff(++failures);
      say("waiting for " + server + ": " + error.what() + "; again in " + std::to_string(pause.count()) + " ms");
      std::this_thread::sleep_for(pause);
      // Whatever was wrong with the connection, a new one does not have it.
      guide = connect(server);
      continue;
    }
    const auto took = std::chrono::steady_clock::now() - start;
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    say("iteration " + std::to_string(iteration) + " done in " + std::to_string(milliseconds) + " ms");
    if (iteration == iterations) {
      return 0;
    }
    failures = 0;
    iteration++;
    std::this_thread::sleep_for(std::chrono::duration<double>(interval));
  }
}
