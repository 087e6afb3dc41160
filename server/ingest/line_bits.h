// LineBits: the executed lines of one file while a parser collects them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace testselect {

// A set of line numbers in the form that EvidenceSink::AddLineBits takes. Adding line 0 does
// nothing. Memory: an eighth of a byte per line up to the greatest.
class LineBits {
 public:
  void Add(uint32_t line) {
    if (line == 0) return;
    if (line / 8 >= bits_.size()) bits_.resize(line / 8 + 1, '\0');
    bits_[line / 8] = static_cast<char>(bits_[line / 8] | 1 << line % 8);
  }
  // Both inclusive. Cost: an eighth of a byte per line, so that absurd ranges do not hold anybody
  // up.
  void AddRange(uint32_t first, uint32_t last) {
    if (first == 0) first = 1;
    if (first > last) return;
    if (last / 8 >= bits_.size()) bits_.resize(last / 8 + 1, '\0');
    uint32_t line = first;
    for (; line <= last && line % 8 != 0; ++line) Add(line);
    for (; line + 7 <= last; line += 8) bits_[line / 8] = static_cast<char>(0xFF);
    for (; line <= last; ++line) Add(line);
  }
  void Add(const LineBits& lines) {
    if (lines.bits_.size() > bits_.size()) bits_.resize(lines.bits_.size(), '\0');
    for (size_t i = 0; i < lines.bits_.size(); ++i) {
      bits_[i] = static_cast<char>(bits_[i] | lines.bits_[i]);
    }
  }
  void RemoveFrom(uint32_t line) {
    if (line / 8 >= bits_.size()) return;
    bits_.resize(line / 8 + 1);
    bits_.back() = static_cast<char>(bits_.back() & ((1 << line % 8) - 1));
  }
  void Remove(const LineBits& lines) {
    for (size_t i = 0; i < bits_.size() && i < lines.bits_.size(); ++i) {
      bits_[i] = static_cast<char>(bits_[i] & ~lines.bits_[i]);
    }
  }
  bool empty() const { return bits_.empty(); }
  // Both inclusive. Cost: as AddRange, up to the greatest line added.
  bool AnyIn(uint32_t first, uint32_t last) const {
    const uint64_t end = std::min<uint64_t>(uint64_t{last} + 1, bits_.size() * 8);
    for (uint64_t line = first; line < end; ++line) {
      if (line % 8 == 0 && bits_[line / 8] == '\0') {
        line += 7;
      } else if ((bits_[line / 8] >> line % 8 & 1) != 0) {
        return true;
      }
    }
    return false;
  }
  absl::string_view bits() const { return bits_; }
  void Clear() { bits_.clear(); }

 private:
  std::string bits_;
};

}  // namespace testselect
