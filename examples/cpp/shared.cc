#include "examples/cpp/shared.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <mutex>

namespace shared {

std::map<std::string, std::string> arguments(int count, char** words, const std::vector<std::string>& names) {
  std::map<std::string, std::string> found;
  for (int i = 1; i < count; i++) {
    const std::string word = words[i];
    const auto equals = word.find('=');
    const std::string name = word.starts_with("--") ? word.substr(2, equals == std::string::npos ? equals : equals - 2) : "";
    const bool has_value = equals != std::string::npos || i + 1 < count;
    if (std::ranges::find(names, name) == names.end() || !has_value) {
      end(2, "got `" + word + "`, which is no argument with a value");
    }
    found[name] = equals == std::string::npos ? words[++i] : word.substr(equals + 1);
  }
  return found;
}

Address host_and_port(const std::string& name, const std::string& text) {
  const auto at = text.rfind(':');
  const std::string digits = at == std::string::npos ? "" : text.substr(at + 1);
  const bool is_number = !digits.empty() && digits.size() < 6 && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  const int port = is_number ? std::stoi(digits) : 0;
  if (at == 0 || port < 1 || port > 65535) {
    end(2, "--" + name + ": got \"" + text + "\", want host:port");
  }
  return {text.substr(0, at), port};
}

void end(int code, const std::string& why) {
  std::cerr << "error: " << why << std::endl;
  std::exit(code);
}

void say(const std::string& line) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::tm utc;
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
  std::cout << text << " " << line << std::endl;
}

}  // namespace shared
