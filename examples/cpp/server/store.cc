#include "examples/cpp/server/store.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <thread>

namespace {

const std::string kPlaces = "{routeguide:features}:places";
const std::string kNames = "{routeguide:features}:names";
const std::string kFixture = "{routeguide:features}:fixture";
const std::string kNotes = "routeguide:notes:";

// Notes kept at one place.
constexpr int kKept = 100;

// One node's answer, or one connection.
constexpr timeval kNodeTimeout = {1, 0};
// One call, with all tries: shorter than what callers wait, so that they learn the reason.
constexpr std::chrono::seconds kCallTimeout(4);

using Words = std::vector<std::string>;
using Reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

// A connection to one node, for one call: hiredis knows nothing of clusters, and a node that was lost is not
// asked again that way.
class Node {
 public:
  explicit Node(const shared::Address& address)
      : context_(redisConnectWithTimeout(address.host.c_str(), address.port, kNodeTimeout), &redisFree) {
    if (!context_ || context_->err) {
      throw Unavailable(std::string("redis: ") + (context_ ? context_->errstr : "no memory"));
    }
    redisSetTimeout(context_.get(), kNodeTimeout);
  }

  Reply ask(const Words& words) {
    std::vector<const char*> texts;
    std::vector<size_t> sizes;
    for (const std::string& word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    void* answer = redisCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(), sizes.data());
    Reply reply(static_cast<redisReply*>(answer), &freeReplyObject);
    if (!reply) {
      throw Unavailable(std::string("redis: ") + context_->errstr);
    }
    return reply;
  }

 private:
  std::unique_ptr<redisContext, decltype(&redisFree)> context_;
};

Reply checked(Reply reply) {
  if (reply->type == REDIS_REPLY_ERROR) {
    throw Unavailable(std::string("redis: ") + reply->str);
  }
  return reply;
}

// The node that has the key: the seed, or the one that it names.
Node node_of(const shared::Address& seed, const std::string& key) {
  Node node(seed);
  const Reply reply = node.ask({"EXISTS", key});
  const std::string said = reply->type == REDIS_REPLY_ERROR ? std::string(reply->str, reply->len) : "";
  if (!said.starts_with("MOVED ")) {
    checked(node.ask({"PING"}));
    return node;
  }
  // MOVED SLOT HOST:PORT
  const std::string address = said.substr(said.rfind(' ') + 1);
  const auto colon = address.rfind(':');
  return Node({address.substr(0, colon), std::stoi(address.substr(colon + 1))});
}

// Asks the node of a key until there is an answer or the time of a call is up.
template <typename T>
T ask(const shared::Address& seed, const std::string& key, const std::function<T(Node&)>& question) {
  const auto end = std::chrono::steady_clock::now() + kCallTimeout;
  while (true) {
    try {
      Node node = node_of(seed, key);
      return question(node);
    } catch (const Unavailable&) {
      if (std::chrono::steady_clock::now() >= end) {
        throw;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// Does all of it, or nothing.
Reply transaction(Node& node, const std::vector<Words>& commands) {
  checked(node.ask({"MULTI"}));
  for (const Words& command : commands) {
    checked(node.ask(command));
  }
  Reply reply = checked(node.ask({"EXEC"}));
  if (reply->type != REDIS_REPLY_ARRAY) {
    throw Unavailable("redis: the transaction was not done");
  }
  return reply;
}

// To the seventh place, as the messages are.
std::string decimal(double number) {
  char text[64];
  std::snprintf(text, sizeof text, "%.7f", number);
  return text;
}

std::string text(const redisReply* reply) {
  return reply->type == REDIS_REPLY_STRING ? std::string(reply->str, reply->len) : "";
}

std::vector<std::string> texts(const redisReply* reply) {
  std::vector<std::string> all;
  for (size_t i = 0; i < reply->elements; i++) {
    all.push_back(text(reply->element[i]));
  }
  return all;
}

}  // namespace

bool Store::load(const Fixture& fixture) {
  const std::string print = fingerprint(fixture);
  const bool write = ask<bool>(seed_, kFixture, [&](Node& node) {
    if (text(checked(node.ask({"GET", kFixture})).get()) == print) {
      return false;
    }
    // The three keys share a hash tag, hence a shard, so that they change in one step.
    std::vector<Words> commands = {{"DEL", kPlaces}, {"DEL", kNames}};
    for (const auto& [place, name] : fixture) {
      commands.push_back({"GEOADD", kPlaces, decimal(place.east()), decimal(place.north()), place.key()});
      commands.push_back({"HSET", kNames, place.key(), name});
    }
    commands.push_back({"SET", kFixture, print});
    transaction(node, commands);
    return true;
  });
  loaded_ = true;
  return write;
}

bool Store::check() {
  // A new connection to the seed, which shows whether that leads anywhere, and from there to the features.
  Node node = node_of(seed_, kFixture);
  const bool there = checked(node.ask({"EXISTS", kFixture}))->integer == 1;
  loaded_ = loaded_ && there;
  return there;
}

void Store::require_loaded() const {
  if (!loaded_) {
    throw Unavailable("features are not loaded yet");
  }
}

std::string Store::feature(const Place& place) const {
  require_loaded();
  return ask<std::string>(seed_, kNames, [&](Node& node) {
    return text(checked(node.ask({"HGET", kNames, place.key()})).get());
  });
}

std::vector<std::pair<Place, std::string>> Store::features(const Bounds& bounds) const {
  require_loaded();
  return ask<std::vector<std::pair<Place, std::string>>>(seed_, kPlaces, [&](Node& node) {
    Words search = {"ZRANGE", kPlaces, "0", "-1"};
    if (const auto box = bounds.search_box()) {
      search = {"GEOSEARCH", kPlaces, "FROMLONLAT", decimal(box->longitude), decimal(box->latitude),
                "BYBOX",     decimal(box->width), decimal(box->height), "m"};
    }
    std::vector<Place> places;
    for (const std::string& key : texts(checked(node.ask(search)).get())) {
      if (const Place place = Place::from_key(key); bounds.contains(place)) {
        places.push_back(place);
      }
    }
    std::vector<std::pair<Place, std::string>> found;
    if (places.empty()) {
      return found;
    }
    std::ranges::sort(places);
    Words look_up = {"HMGET", kNames};
    for (const Place& place : places) {
      look_up.push_back(place.key());
    }
    const std::vector<std::string> names = texts(checked(node.ask(look_up)).get());
    for (size_t i = 0; i < names.size(); i++) {
      if (!names[i].empty()) {
        found.emplace_back(places[i], names[i]);
      }
    }
    return found;
  });
}

std::vector<std::string> Store::leave_note(const Place& place, const std::string& message) const {
  const std::string key = kNotes + place.key();
  return ask<std::vector<std::string>>(seed_, key, [&](Node& node) {
    const std::string first = std::to_string(-kKept);
    const Reply reply =
        transaction(node, {{"LRANGE", key, "0", "-1"}, {"RPUSH", key, message}, {"LTRIM", key, first, "-1"}});
    return texts(reply->element[0]);
  });
}
