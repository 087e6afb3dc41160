#include "server/ingest/lcov_functions.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/parse_error.h"
#include "storage/model/evidence.h"

namespace testselect {
namespace {

// Cuts `text` at its first comma and returns what was before.
absl::string_view NextField(absl::string_view* text) {
  const size_t comma = text->find(',');
  const absl::string_view field = text->substr(0, comma);
  *text = comma == absl::string_view::npos ? "" : text->substr(comma + 1);
  return field;
}

bool IsNumber(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

}  // namespace

bool LcovFunctions::Take(absl::string_view tag, absl::string_view value) {
  if (tag == "FN") {
    absl::string_view name = value;
    NextField(&name);
    absl::string_view rest = name;
    if (IsNumber(NextField(&rest)) && !rest.empty()) name = rest;
    TakePlace(name, value.substr(0, value.size() - name.size()));
  } else if (tag == "FNDA") {
    const absl::string_view count = NextField(&value);
    TakeCount(value, count);
  } else if (tag == "FNL") {
    const absl::string_view index = NextField(&value);
    TakePlace(index, value);
  } else if (tag == "FNA") {
    const absl::string_view index = NextField(&value);
    TakeCount(index, NextField(&value));
  } else {
    return false;
  }
  return true;
}

void LcovFunctions::TakePlace(absl::string_view name, absl::string_view lines) {
  const absl::StatusOr<uint32_t> first = ParseLine(NextField(&lines));
  if (!first.ok() || *first == 0) return;
  const absl::StatusOr<uint32_t> last = ParseLine(NextField(&lines));
  by_name_[name].places.push_back({*first, last.ok() && *last >= *first ? *last : 0});
  starts_.push_back(*first);
}

void LcovFunctions::TakeCount(absl::string_view name, absl::string_view count) {
  const absl::StatusOr<bool> entered = ParseCount(count);
  if (entered.ok()) by_name_[name].entered.push_back(*entered);
}

std::vector<LineRange> LcovFunctions::TakeEntered(const LineBits& lines) {
  std::vector<LineRange> entered;
  std::sort(starts_.begin(), starts_.end());
  for (const auto& [name, named] : by_name_) {
    const bool one_by_one = named.places.size() == named.entered.size();
    const bool any = std::count(named.entered.begin(), named.entered.end(), true) > 0;
    for (size_t i = 0; i < named.places.size(); ++i) {
      if (one_by_one ? !named.entered[i] : !any) continue;
      const Place& place = named.places[i];
      const auto next = std::upper_bound(starts_.begin(), starts_.end(), place.first);
      const uint32_t until = place.last > 0          ? place.last
                             : next != starts_.end() ? *next - 1
                                                     : kMaxLine;
      if (lines.AnyIn(place.first, until)) continue;
      entered.push_back({place.first, std::max(place.first, place.last)});
    }
  }
  by_name_.clear();
  starts_.clear();
  return entered;
}

}  // namespace testselect
