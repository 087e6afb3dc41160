#include "client/runners/cargo_outcomes.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "client/runners/cargo_project.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

int64_t ChangedAt(const std::string& file) {
  struct stat info = {};
  if (stat(file.c_str(), &info) != 0) return 0;
  return info.st_mtim.tv_sec * int64_t{1'000'000'000} + info.st_mtim.tv_nsec;
}

// Nothing where the folder is none of a test of a known program.
std::optional<CargoAttempt> ReadAttempt(const std::string& place,
                                        const std::map<std::string, std::string>& ids) {
  const absl::StatusOr<std::string> test = ReadFile(absl::StrCat(place, "/test"));
  if (!test.ok()) return std::nullopt;
  const std::vector<absl::string_view> fields = absl::StrSplit(*test, '\0');
  const auto id = ids.find(std::string(fields[0]));
  if (fields.size() < 2 || id == ids.end()) return std::nullopt;
  CargoAttempt attempt;
  attempt.program = id->first;
  attempt.label = CargoLabel(id->second, fields[1]);
  const absl::StatusOr<std::string> status = ReadFile(absl::StrCat(place, "/status"));
  if (status.ok() && absl::EndsWith(*status, "\n")) {
    attempt.passed = *status == "0\n";
    attempt.ended = ChangedAt(absl::StrCat(place, "/status"));
    const int64_t begun = ChangedAt(absl::StrCat(place, "/test"));
    attempt.seconds = static_cast<double>(std::max<int64_t>(attempt.ended - begun, 0)) / 1e9;
  }
  std::error_code error;
  for (fs::directory_iterator at(place, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".profraw") attempt.counters.push_back(at->path().string());
  }
  return attempt;
}

}  // namespace

absl::StatusOr<std::vector<CargoAttempt>> ReadAttempts(
    const std::string& folder, const std::map<std::string, std::string>& ids) {
  std::vector<CargoAttempt> attempts;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (auto attempt = ReadAttempt(at->path().string(), ids)) {
      attempts.push_back(*std::move(attempt));
    }
  }
  if (error) return ErrnoStatus(absl::StrCat("cannot read ", folder), error.value());
  std::sort(attempts.begin(), attempts.end(), [](const CargoAttempt& a, const CargoAttempt& b) {
    return std::tie(a.ended, a.label) < std::tie(b.ended, b.label);
  });
  return attempts;
}

void AddAttempts(const std::vector<CargoAttempt>& attempts,
                 std::map<std::string, CargoOutcome>& outcomes) {
  for (const CargoAttempt& attempt : attempts) {
    if (attempt.ended == 0) continue;
    CargoOutcome& outcome = outcomes[attempt.label];
    outcome.seconds += attempt.seconds;
    // A test that is tried again until it passes is flaky; one that fails in the end failed.
    if (!attempt.passed) outcome.passed = false;
    (attempt.passed ? outcome.passed : outcome.failed) = true;
  }
}

void DocOutcomes::Take(absl::string_view bytes) {
  if (examples_.empty()) return;
  absl::StrAppend(&rest_, bytes);
  size_t begin = 0;
  for (size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    TakeLine(absl::string_view(rest_).substr(begin, end - begin));
  }
  rest_.erase(0, begin);
}

// "test src/lib.rs - add (line 3) - compile fail ... ok"
void DocOutcomes::TakeLine(absl::string_view line) {
  const size_t dots = line.rfind(" ... ");
  if (!absl::ConsumePrefix(&line, "test ") || dots == absl::string_view::npos) return;
  absl::string_view name = line.substr(0, dots - 5);
  const absl::string_view said = line.substr(dots);
  for (const absl::string_view kind : {" - compile fail", " - compile", " - should panic"}) {
    if (!examples_.contains(name) && absl::ConsumeSuffix(&name, kind)) break;
  }
  if (!examples_.contains(name)) return;
  CargoOutcome& outcome = outcomes_[std::string(name)];
  if (absl::StartsWith(said, "ok")) {
    outcome.passed = true;
  } else if (absl::StartsWith(said, "ignored")) {
    outcome.skipped = true;
  } else {
    outcome.failed = true;
  }
}

std::map<std::string, CargoOutcome> DocOutcomes::Finish() && {
  Take("\n");
  return std::move(outcomes_);
}

std::string CargoOutcomesXml(const std::map<std::string, CargoOutcome>& outcomes) {
  std::string xml = "<testsuites>\n";
  for (const auto& [label, outcome] : outcomes) {
    const std::string name = absl::StrReplaceAll(
        label, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
    const absl::string_view inner = outcome.failed && outcome.passed ? "<flakyFailure/>"
                                    : outcome.failed                 ? "<failure/>"
                                    : outcome.passed                 ? ""
                                                                     : "<skipped/>";
    absl::StrAppend(&xml, "<testcase classname=\"\" name=\"", name, "\" time=\"", outcome.seconds,
                    "\">", inner, "</testcase>\n");
  }
  return absl::StrCat(xml, "</testsuites>\n");
}

}  // namespace testselect::client
