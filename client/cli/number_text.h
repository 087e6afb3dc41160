// Numbers and durations as the command prints them.
#pragma once

#include <cstdint>
#include <string>

namespace testselect::client {

// Fixed point with up to 6 decimals and no trailing zeros: "12.5", "3", "0.000001".
std::string NumberText(double value);

// With thousands separators: "1,234,567".
std::string CountText(uint64_t value);

// "512 B", "1.5 MiB".
std::string BytesText(uint64_t bytes);

}  // namespace testselect::client
