// Where the rules of a selection leave their verdicts.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "server/selection/reason.h"
#include "storage/model/evidence.h"
#include "storage/model/label_set.h"
#include "storage/model/object_id.h"

namespace testselect {

// Which of Codecov's lists a verdict belongs to.
enum class AnswerList : uint8_t { kPresentDiff, kGlobalLevel };

// One verdict: `labels` run, because of `code`.
struct Mark {
  ReasonCode code;
  AnswerList list;
  absl::string_view path;     // of the changed file; empty: none
  LineRange lines;            // in the evidence's commit; 0-0: lines do not matter
  absl::string_view message;  // a sentence for a person
};

// Takes verdicts. Not thread-safe.
class MarkSink {
 public:
  virtual ~MarkSink() = default;
  // The numbers in `labels` are those of the segment whose rules run; labels whose evidence a
  // newer segment supersedes are ignored.
  virtual void Select(const Mark& mark, const DenseLabelSet& labels) = 0;
  // Every label whose live evidence is this segment.
  virtual void SelectAll(const Mark& mark) = 0;
};

}  // namespace testselect
