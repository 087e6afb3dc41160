// One HTTP request over a plain socket.
#pragma once

#include <string>

namespace testselect {

// The whole answer of HOST:PORT (an IPv4 address), headers included; "no connection".
std::string HttpCall(const std::string& address, const std::string& method,
                     const std::string& path);

}  // namespace testselect
