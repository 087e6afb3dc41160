#include "client/requested_labels.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

bool AllLinesEndInCr(absl::string_view text) {
  for (size_t at = text.find('\n'); at != absl::string_view::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return false;
  }
  return absl::StrContains(text, '\n');
}

bool IsNodeId(absl::string_view line) {
  return !line.empty() && !absl::ascii_isspace(static_cast<unsigned char>(line[0])) &&
         absl::StrContains(line, "::");
}

}  // namespace

absl::StatusOr<RequestedLabels> RequestedLabels::FromLines(absl::string_view source,
                                                           absl::string_view text) {
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  const bool crlf = AllLinesEndInCr(text);
  RequestedLabels labels;
  labels.packed_.reserve(text.size() + 1);
  absl::flat_hash_set<absl::string_view> seen;
  seen.reserve(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (crlf) absl::ConsumeSuffix(&line, "\r");
    if (line.empty() || !seen.insert(line).second) continue;
    if (!IsUtf8(line)) {
      return absl::InvalidArgumentError(
          absl::StrCat(source, " line ", number, ": the label '", Shorten(line), "' is not UTF-8"));
    }
    labels.packed_.append(line.data(), line.size());
    labels.ends_.push_back(labels.packed_.size());
    labels.packed_.push_back('\n');
  }
  return labels;
}

RequestedLabels RequestedLabels::FromPacked(std::string packed) {
  RequestedLabels labels;
  labels.packed_ = std::move(packed);
  if (!labels.packed_.empty() && labels.packed_.back() != '\n') labels.packed_.push_back('\n');
  for (size_t at = labels.packed_.find('\n'); at != std::string::npos;
       at = labels.packed_.find('\n', at + 1)) {
    labels.ends_.push_back(at);
  }
  return labels;
}

RequestedLabels RequestedLabels::FromStrings(const std::vector<absl::string_view>& labels) {
  RequestedLabels all;
  for (absl::string_view label : labels) {
    absl::StrAppend(&all.packed_, label);
    all.ends_.push_back(all.packed_.size());
    all.packed_.push_back('\n');
  }
  return all;
}

std::string LabelLinesOfListing(absl::string_view output) {
  std::string block;
  for (absl::string_view line : absl::StrSplit(output, '\n')) {
    absl::ConsumeSuffix(&line, "\r");
    if (IsNodeId(line)) {
      absl::StrAppend(&block, line, "\n");
    } else if (line.empty() && !block.empty()) {
      break;
    }
  }
  return block.empty() ? std::string(output) : block;
}

}  // namespace testselect::client
