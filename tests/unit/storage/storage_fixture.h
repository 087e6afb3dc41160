// What the storage tests share: headers, made-up evidence, a folder of one's own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "storage/index_store.h"
#include "storage/segment_builder.h"
#include "tests/support/temporary_folder.h"

namespace testselect {

using TempDir = TemporaryFolder;

ObjectId Commit(uint32_t n);  // the n-th made-up commit
UploadHeader Header(uint32_t commit, uint32_t shard = 0, uint32_t shards = 1, uint32_t attempt = 1);

// (label, phase) -> executed lines, per path. What every form of evidence must come to.
struct NaiveEvidence {
  using Key = std::tuple<std::string, std::string, Phase>;  // path, label, phase
  std::map<Key, std::set<uint32_t>> lines;
  std::map<std::string, std::set<uint32_t>> global;
  std::set<std::string> labels;
  uint64_t Pairs() const;  // distinct (label, path, line)
  friend bool operator==(const NaiveEvidence&, const NaiveEvidence&) = default;
};

// A suite of `labels` tests over `files` files with shared set-ups, the same for the same `seed`.
// `noise` in a thousand lines differ for another `variant`.
NaiveEvidence MakeEvidence(uint32_t seed, int labels, int files, uint32_t variant = 0,
                           uint32_t noise = 0);

// What the crash test's writer commits under this number.
NaiveEvidence CrashEvidence(uint32_t commit);

void FeedByLabel(const NaiveEvidence& evidence, SegmentBuilder* builder);
void FeedByLine(const NaiveEvidence& evidence, SegmentBuilder* builder);
// Label-major, without dictionary or with one.
SegmentContent ContentOf(const NaiveEvidence& evidence,
                         std::shared_ptr<const LabelDictionary> dictionary = nullptr);

// What `files` say about lines, with the names of `labels`.
NaiveEvidence Decode(const std::vector<std::string>& labels, const std::vector<EncodedFile>& files);
NaiveEvidence Read(const Segment& segment);
std::vector<LabelNumber> MembersOf(const std::string& set, size_t universe);

// A small segment: `labels` tests, each of which executed line 1 of `files` files.
SegmentContent SmallContent(int labels, int files, const std::string& prefix = "t");

}  // namespace testselect
