// datadog-agent's dynamic test index (JSON): which tests of a job what changes concern.
//
//   {"job": {"pkg/util/log": ["TestA"], "pkg/util/*": ["TestB"], "go.mod": ["*"]}}
//
// A key is a file, a folder, or a pattern of fnmatch's; "*" stands for every test of the job. An
// upload is of one job, and so is its report. What a key without tests concerns is not known, so it
// is no evidence. The content looks like much other JSON: it is never detected. Memory: the job's
// tests, and one key.
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/formats.h"
#include "server/ingest/json_reader.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "dynamic-test-index";
constexpr absl::string_view kEveryTest = "*";

// "./pkg/util/" means the folder pkg/util.
absl::string_view Trimmed(absl::string_view key) {
  absl::ConsumePrefix(&key, "./");
  if (key.size() > 1) absl::ConsumeSuffix(&key, "/");
  return key;
}

class Report {
 public:
  Report(ReportSource* source, EvidenceSink* sink)
      : name_(source->name()), sink_(*sink), json_(source, kName) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(json_.Start());
    TS_RETURN_IF_ERROR(json_.Expect('{'));
    bool first = true, job = false;
    absl::string_view raw;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextMember(&first, &raw));
      if (!more) break;
      if (job) {
        return json_.Error(
            "the index has a second job, and an upload is of one: `testselect index import` stores "
            "each of them");
      }
      job = true;
      TS_RETURN_IF_ERROR(ReadJob());
    }
    TS_RETURN_IF_ERROR(json_.ExpectEnd());
    for (const FileId key : of_every_test_) {
      for (const ContextId test : tests_) sink_.AddKeyed(key, test);
    }
    if (without_tests_ > 0) {
      sink_.Warn(absl::StrCat(without_tests_, " keys of ", name_,
                              " name no test, so nothing is known of what they stand for: where "
                              "it changes, everything runs"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadJob() {
    TS_RETURN_IF_ERROR(json_.Expect('{'));
    bool first = true;
    absl::string_view raw;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextMember(&first, &raw));
      if (!more) return absl::OkStatus();
      const absl::StatusOr<std::string> key = UnescapeJson(raw);
      if (!key.ok()) return json_.AtByte(key.status());
      TS_RETURN_IF_ERROR(ReadKey(Trimmed(*key)));
    }
  }

  absl::Status ReadKey(absl::string_view key) {
    TS_ASSIGN_OR_RETURN(const char begin, json_.PeekChar());
    if (begin != '[') {
      TS_ASSIGN_OR_RETURN(const absl::string_view value, json_.Scalar());
      if (value != "null") return json_.Error("expected a list of tests");
      ++without_tests_;
      return absl::OkStatus();
    }
    TS_RETURN_IF_ERROR(json_.Expect('['));
    FileId id = kIgnoredFile;
    bool first = true;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const bool more, json_.NextElement(&first));
      if (!more) break;
      TS_ASSIGN_OR_RETURN(const absl::string_view raw, json_.RawString());
      const absl::StatusOr<std::string> test = UnescapeJson(raw);
      if (!test.ok()) return json_.AtByte(test.status());
      if (id == kIgnoredFile) {
        const absl::StatusOr<FileId> known = sink_.Key(key);
        if (!known.ok()) return json_.AtByte(known.status());
        id = *known;
      }
      TS_RETURN_IF_ERROR(json_.AtByte(AddTest(id, *test)));
    }
    if (id == kIgnoredFile) ++without_tests_;
    return absl::OkStatus();
  }

  absl::Status AddTest(FileId key, absl::string_view test) {
    if (test == kEveryTest) {
      of_every_test_.push_back(key);
      return absl::OkStatus();
    }
    TS_ASSIGN_OR_RETURN(const ContextId context, sink_.Context(test, Phase::kRun));
    if (known_.insert(context).second) tests_.push_back(context);
    sink_.AddKeyed(key, context);
    return absl::OkStatus();
  }

  const std::string name_;
  EvidenceSink& sink_;
  JsonReader json_;
  std::vector<ContextId> tests_;  // of the job, in the order of the index
  absl::flat_hash_set<ContextId> known_;
  std::vector<FileId> of_every_test_;
  uint64_t without_tests_ = 0;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "datadog-agent's dynamic test index, by --format only";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view) const override { return false; }
  absl::Status Parse(ReportSource& source, const ParseOptions&, EvidenceSink& sink) const override {
    return Report(&source, &sink).Parse();
  }
};

}  // namespace

const ReportParser* DynamicTestIndexParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
