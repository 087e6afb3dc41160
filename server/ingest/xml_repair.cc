#include "server/ingest/xml_repair.h"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace testselect {
namespace {

constexpr absl::string_view kCdataBegin = "<![CDATA[", kCdataEnd = "]]>";
constexpr size_t kLongestReference = 16;
constexpr uint32_t kStandIn = 0xFDD0;
// "\xEF\xB7\x90" to "\xEF\xB7\xAF" are U+FDD0 to U+FDEF.
constexpr absl::string_view kStandInPrefix = "\xEF\xB7";
constexpr unsigned char kStandInFirst = 0x90, kStandInLast = 0xAF;

bool IsForbidden(uint32_t c) { return c > 0 && c < 0x20 && c != '\t' && c != '\n' && c != '\r'; }

constexpr std::array<bool, 256> kOfInterest = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 1; c < 0x20; ++c) table[c] = c != '\t' && c != '\n' && c != '\r';
  table['&'] = table['<'] = table[']'] = true;
  return table;
}();

std::string Reference(uint32_t c) { return absl::StrCat("&#x", absl::Hex(c), ";"); }

// Takes "&#27;" or "&#x1b;" off; nothing where `text` begins with no such reference.
std::optional<uint32_t> ConsumeReference(absl::string_view* text) {
  absl::string_view rest = *text;
  if (!absl::ConsumePrefix(&rest, "&#")) return std::nullopt;
  const bool hex = absl::ConsumePrefix(&rest, "x");
  const size_t end = rest.substr(0, kLongestReference - 3).find(';');
  if (end == absl::string_view::npos) return std::nullopt;
  const absl::string_view digits = rest.substr(0, end);
  uint32_t value = 0;
  const bool is_number =
      digits.find_first_not_of("0123456789abcdefABCDEF") == digits.npos &&
      (hex ? absl::SimpleHexAtoi(digits, &value) : absl::SimpleAtoi(digits, &value));
  if (!is_number) return std::nullopt;
  rest.remove_prefix(end + 1);
  *text = rest;
  return value;
}

// Whether `text` may become one that begins with `whole` once more of it is there.
bool MayBecome(absl::string_view text, absl::string_view whole) {
  return text.size() < whole.size() && absl::StartsWith(whole, text);
}

}  // namespace

XmlRepair::Step XmlRepair::AtReference(absl::string_view text, bool is_last) const {
  absl::string_view rest = text;
  const std::optional<uint32_t> first = ConsumeReference(&rest);
  if (!first.has_value()) return {text.size() < kLongestReference && !is_last ? 0u : 1u};
  if (IsForbidden(*first)) return {text.size() - rest.size(), Reference(kStandIn + *first), true};
  if (*first < 0xD800 || *first > 0xDBFF) return {};
  if (rest.size() < kLongestReference && !is_last) {
    const bool may_go_on = rest.find(';') == rest.npos && (rest.empty() || rest[0] == '&');
    if (may_go_on) return {0};
  }
  const std::optional<uint32_t> second = ConsumeReference(&rest);
  if (!second.has_value() || *second < 0xDC00 || *second > 0xDFFF) return {};
  const uint32_t whole = 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00);
  return {text.size() - rest.size(), Reference(whole), true};
}

XmlRepair::Step XmlRepair::At(absl::string_view text, bool is_last) {
  if (text[0] == '&') return in_cdata_ ? Step() : AtReference(text, is_last);
  if (text[0] == '<' || text[0] == ']') {
    const absl::string_view mark = text[0] == '<' ? kCdataBegin : kCdataEnd;
    if (in_cdata_ == (text[0] == '<')) return {};
    if (!is_last && MayBecome(text, mark)) return {0};
    if (!absl::StartsWith(text, mark)) return {};
    in_cdata_ = !in_cdata_;
    return {mark.size()};
  }
  // In CDATA there are no references, and which bytes would stand for a character is the encoding's
  // affair. Names stand in attributes.
  if (in_cdata_) return {1, "?", true};
  return {1, Reference(kStandIn + static_cast<unsigned char>(text[0])), true};
}

bool XmlRepair::Run(absl::string_view text, bool is_last, Emit emit) {
  size_t sent = 0;
  for (size_t at = 0; at < text.size();) {
    if (!kOfInterest[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const Step step = At(text.substr(at), is_last);
    if (step.size == 0) {
      std::string rest(text.substr(at));  // `text` may lie in held_
      if (at > sent && !emit(text.substr(sent, at - sent))) return false;
      held_ = std::move(rest);
      return true;
    }
    if (step.replaced) {
      repaired_ = true;
      if (at > sent && !emit(text.substr(sent, at - sent))) return false;
      if (!emit(step.replacement)) return false;
      sent = at + step.size;
    }
    at += step.size;
  }
  return sent >= text.size() || emit(text.substr(sent));
}

bool XmlRepair::Feed(absl::string_view piece, Emit emit) {
  if (held_.empty()) return Run(piece, false, emit);
  const std::string text = std::exchange(held_, "") + std::string(piece);
  return Run(text, false, emit);
}

bool XmlRepair::Finish(Emit emit) { return Run(std::exchange(held_, ""), true, emit); }

std::string XmlRepair::Restore(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const bool stands_in = absl::StartsWith(text, kStandInPrefix) && text.size() > 2 &&
                           static_cast<unsigned char>(text[2]) >= kStandInFirst &&
                           static_cast<unsigned char>(text[2]) <= kStandInLast;
    out.push_back(stands_in ? static_cast<char>(text[2] - static_cast<char>(kStandInFirst))
                            : text[0]);
    text.remove_prefix(stands_in ? 3 : 1);
  }
  return out;
}

}  // namespace testselect
