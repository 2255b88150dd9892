// What client and server share.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace shared {

// Arguments of the form `--name=value` or `--name value`; any other ends the process with 2.
std::map<std::string, std::string> arguments(int count, char** words, const std::vector<std::string>& names);

// Host and port of an argument; any other text ends the process with 2.
struct Address {
  std::string host;
  int port;
};
Address host_and_port(const std::string& name, const std::string& text);

// Ends the process.
[[noreturn]] void end(int code, const std::string& why);

// A line for whoever reads the pod's log.
void say(const std::string& line);

}  // namespace shared
