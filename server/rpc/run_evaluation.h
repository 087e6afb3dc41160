// What evaluations have in common wherever outcomes come from: reading them, and telling metrics
// and log what came of them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/rpc/service_environment.h"
#include "server/selection/evaluator.h"
#include "storage/segment_content.h"
#include "testselect/v1/evaluation.pb.h"

namespace testselect {

// How long a decision that was just made may take to be recorded before somebody who asks for it is
// told that there is none.
inline constexpr absl::Duration kRecordingWait = absl::Seconds(10);

// kInvalidArgument for a name that cannot be one, kNotFound for a repository that is not
// configured.
absl::Status KnownRepository(const ServiceEnvironment& environment, const std::string& repository);

// A run of one job. Owns its labels.
struct ReportedRun {
  JobKey job;
  std::vector<std::pair<std::string, LabelOutcome>> outcomes;
  std::vector<ReportedOutcome> report() const;
};

// Reads the outcomes of a message; `known` are labels that its reports may mean. Reports are parsed
// from files below data-dir, which are removed again. Errors: kInvalidArgument naming the field or
// the report, kResourceExhausted (a full disk).
absl::StatusOr<ReportedRun> ReadRun(const ServiceEnvironment& environment,
                                    const std::string& repository, const ObjectId& head,
                                    const v1::RunOutcomes& run,
                                    const std::vector<std::string>& known);

// Counts and logs what was judged.
void TellJudged(const ServiceEnvironment& environment, const JudgedDecision& judged);

// Judges what was decided about the commit of a full upload with outcomes. An error is counted and
// logged: the upload itself is stored.
void EvaluateUpload(const ServiceEnvironment& environment, const UploadHeader& header,
                    const SegmentContent& content);

}  // namespace testselect
