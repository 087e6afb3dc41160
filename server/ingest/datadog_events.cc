#include "server/ingest/datadog_events.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/ingest/msgpack_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

// The tags of an event that are looked at; all texts.
using Tags = std::map<std::string, std::string, std::less<>>;
constexpr absl::string_view kKnownTags[] = {
    "language",    "test.name",   "test.suite",    "test.module_path",   "test.source.file",
    "test.status", "test.result", "test.is_retry", "test.skipped_by_itr"};

absl::string_view Tag(const Tags& tags, absl::string_view name) {
  const auto found = tags.find(name);
  return found == tags.end() ? absl::string_view() : absl::string_view(found->second);
}

// As the runner prints it: pytest's id, elsewhere "suite.name" as JUnit's reports have it.
std::string LabelOf(const Tags& tags) {
  const absl::string_view name = Tag(tags, "test.name"), suite = Tag(tags, "test.suite");
  const absl::string_view language = Tag(tags, "language");
  if (name.empty()) return "";
  if (!language.empty() && language != "python") {
    return suite.empty() ? std::string(name) : absl::StrCat(suite, ".", name);
  }
  if (const absl::string_view file = Tag(tags, "test.source.file"); !file.empty()) {
    return absl::StrCat(file, "::", name);
  }
  const absl::string_view folder = Tag(tags, "test.module_path");
  return absl::StrCat(folder, folder.empty() ? "" : "/", suite, suite.empty() ? "" : "::", name);
}

absl::StatusOr<Outcome> ParseStatus(absl::string_view status, absl::string_view result) {
  if (status == "pass") return result == "xpass" ? Outcome::kXpassed : Outcome::kPassed;
  if (status == "fail") return Outcome::kFailed;
  if (status == "skip") return Outcome::kSkipped;
  if (status.empty()) return Outcome::kUnknown;
  return absl::InvalidArgumentError(absl::StrCat("a test's status is ", Quoted(status)));
}

}  // namespace

// One report.
class DatadogEventReader {
 public:
  DatadogEventReader(ReportSource* source, DatadogEvents* events)
      : events_(events), reader_(source, kDatadogCitestcov) {}

  absl::Status Read() {
    TS_ASSIGN_OR_RETURN(const uint64_t members, reader_.Map());
    bool seen = false;
    for (uint64_t i = 0; i < members; ++i) {
      TS_ASSIGN_OR_RETURN(const std::string key, Key());
      if (key == "metadata") {
        TS_RETURN_IF_ERROR(ReadMetadata());
      } else if (key == "events") {
        seen = true;
        TS_RETURN_IF_ERROR(ReadEvents());
      } else {
        TS_RETURN_IF_ERROR(reader_.Skip());
      }
    }
    TS_RETURN_IF_ERROR(reader_.ExpectEnd());
    return seen ? absl::OkStatus() : reader_.Error("the map has no 'events'");
  }

 private:
  absl::StatusOr<std::string> Key() {
    TS_ASSIGN_OR_RETURN(const absl::string_view key, reader_.Text());
    return std::string(key);
  }

  // What is said for all events ("*") or for those of a type.
  absl::Status ReadMetadata() {
    TS_ASSIGN_OR_RETURN(const uint64_t types, reader_.Map());
    for (uint64_t i = 0; i < types; ++i) {
      TS_ASSIGN_OR_RETURN(const absl::string_view type, reader_.Text());
      const bool of_tests = type == "*" || type == "test";
      TS_RETURN_IF_ERROR(of_tests ? ReadTags(&shared_) : reader_.Skip());
    }
    return absl::OkStatus();
  }

  absl::Status ReadTags(Tags* tags) {
    TS_ASSIGN_OR_RETURN(const uint64_t members, reader_.Map());
    for (uint64_t i = 0; i < members; ++i) {
      TS_ASSIGN_OR_RETURN(const std::string key, Key());
      if (std::find(std::begin(kKnownTags), std::end(kKnownTags), key) == std::end(kKnownTags)) {
        TS_RETURN_IF_ERROR(reader_.Skip());
        continue;
      }
      TS_ASSIGN_OR_RETURN(const bool nil, reader_.Nil());
      if (nil) continue;
      TS_ASSIGN_OR_RETURN(const absl::string_view value, reader_.TextOrBytes());
      (*tags)[key] = std::string(value);
    }
    return absl::OkStatus();
  }

  absl::Status ReadEvents() {
    TS_ASSIGN_OR_RETURN(const uint64_t events, reader_.Array());
    for (uint64_t i = 0; i < events; ++i) TS_RETURN_IF_ERROR(ReadEvent());
    return absl::OkStatus();
  }

  absl::Status ReadEvent() {
    tags_ = shared_;
    test_ = {};
    bool is_test = false;
    TS_ASSIGN_OR_RETURN(const uint64_t members, reader_.Map());
    for (uint64_t i = 0; i < members; ++i) {
      TS_ASSIGN_OR_RETURN(const std::string key, Key());
      if (key == "type") {
        TS_ASSIGN_OR_RETURN(const absl::string_view type, reader_.Text());
        is_test = type == "test";
      } else if (key == "content") {
        TS_RETURN_IF_ERROR(ReadContent());
      } else {
        TS_RETURN_IF_ERROR(reader_.Skip());
      }
    }
    return is_test ? reader_.AtByte(TakeTest()) : absl::OkStatus();
  }

  absl::Status ReadContent() {
    TS_ASSIGN_OR_RETURN(const uint64_t members, reader_.Map());
    for (uint64_t i = 0; i < members; ++i) {
      TS_ASSIGN_OR_RETURN(const std::string key, Key());
      if (key == "meta") {
        TS_RETURN_IF_ERROR(ReadTags(&tags_));
      } else if (key == "span_id") {
        TS_ASSIGN_OR_RETURN(test_.span, reader_.Unsigned());
      } else if (key == "test_suite_id") {
        TS_ASSIGN_OR_RETURN(test_.suite, reader_.Unsigned());
      } else if (key == "start") {
        TS_ASSIGN_OR_RETURN(test_.start, reader_.Unsigned());
      } else if (key == "duration") {
        TS_ASSIGN_OR_RETURN(const uint64_t duration, reader_.Unsigned());
        test_.outcome.seconds = static_cast<double>(duration) / kNanosecondsPerSecond;
      } else {
        TS_RETURN_IF_ERROR(reader_.Skip());
      }
    }
    return absl::OkStatus();
  }

  absl::Status TakeTest() {
    test_.label = LabelOf(tags_);
    if (test_.label.empty()) return absl::InvalidArgumentError("a test's event has no test.name");
    TS_ASSIGN_OR_RETURN(test_.outcome.outcome,
                        ParseStatus(Tag(tags_, "test.status"), Tag(tags_, "test.result")));
    if (test_.outcome.outcome == Outcome::kSkipped && Tag(tags_, "test.result") == "xfail") {
      test_.outcome.outcome = Outcome::kXfailed;
    }
    test_.retry = Tag(tags_, "test.is_retry") == "true";
    test_.ran = test_.outcome.outcome != Outcome::kSkipped;
    const size_t number = events_->tests_.size();
    const auto [other, is_new] = events_->by_span_.emplace(test_.span, number);
    if (!is_new && events_->tests_[other->second].label != test_.label) {
      return absl::InvalidArgumentError(
          absl::StrCat("span ", test_.span, " is ", Quoted(test_.label), " here and ",
                       Quoted(events_->tests_[other->second].label), " before"));
    }
    events_->by_suite_[test_.suite].push_back(number);
    events_->tests_.push_back(std::move(test_));
    return absl::OkStatus();
  }

  DatadogEvents* const events_;
  MsgpackReader reader_;
  Tags shared_, tags_;
  DatadogEvents::Test test_;
};

absl::Status DatadogEvents::Read(ReportSource& source) {
  return DatadogEventReader(&source, this).Read();
}

const std::string* DatadogEvents::LabelOf(uint64_t span) const {
  const auto found = by_span_.find(span);
  return found == by_span_.end() ? nullptr : &tests_[found->second].label;
}

std::vector<const std::string*> DatadogEvents::LabelsOfSuite(uint64_t suite) const {
  std::vector<const std::string*> labels;
  const auto found = by_suite_.find(suite);
  if (found == by_suite_.end()) return labels;
  for (const size_t i : found->second) labels.push_back(&tests_[i].label);
  return labels;
}

absl::Status DatadogEvents::SendOutcomes(EvidenceSink& sink) const {
  std::map<absl::string_view, std::vector<const Test*>> retried;
  for (const Test& test : tests_) {
    if (test.retry) retried[test.label];
  }
  for (const Test& test : tests_) {
    const auto attempts = retried.find(test.label);
    if (attempts != retried.end()) {
      attempts->second.push_back(&test);
      continue;
    }
    TS_RETURN_IF_ERROR(sink.AddOutcome({"", test.label, "", test.ran}, test.outcome));
  }
  for (const auto& [label, attempts] : retried) {
    const auto earlier = [](const Test* a, const Test* b) { return a->start < b->start; };
    const Test& last = **std::max_element(attempts.begin(), attempts.end(), earlier);
    LabelOutcome outcome = last.outcome;
    for (const Test* attempt : attempts) {
      outcome.flaky |= MustRerun(attempt->outcome.outcome) && !MustRerun(outcome.outcome);
    }
    TS_RETURN_IF_ERROR(sink.AddOutcome({"", label, "", true}, outcome));
  }
  return absl::OkStatus();
}

}  // namespace testselect
