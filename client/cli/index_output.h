// What `index` prints: JSON for scripts, tables for people.
#pragma once

#include <string>

#include "testselect/v1/index.pb.h"
#include "testselect/v1/ingest.pb.h"

namespace testselect::client {

std::string IndexListJson(const v1::ListIndexedCommitsResponse& list);
std::string IndexListText(const v1::ListIndexedCommitsResponse& list);
std::string IndexJson(const v1::GetIndexResponse& index);
std::string IndexText(const v1::GetIndexResponse& index);
// {"files": {path: [[first,last],...]}, "outcome", "seconds"}; seconds is null where not known.
std::string LabelEvidenceJson(const v1::LabelEvidence& evidence);
std::string LabelEvidenceText(const v1::LabelEvidence& evidence);
std::string SealedJson(const v1::SealIndexResponse& sealed);
std::string DeletedJson(const v1::DeleteIndexResponse& deleted);
// {"dry_run", "policy": {"max_age_seconds","commits","total"}, "kept", "dropped", "notes",
// "bytes_before", "bytes_after", "segments": [{"keep","reason", as of `index list`}]}; a limit is
// null where there is none.
std::string RetentionJson(const v1::ApplyRetentionResponse& applied, bool dry_run);
std::string RetentionText(const v1::ApplyRetentionResponse& applied, bool dry_run);

}  // namespace testselect::client
