#include "tests/unit/storage/storage_fixture.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "storage/file_record.h"

namespace testselect {
namespace {

std::string BitsOf(const std::set<uint32_t>& lines) {
  std::string bits;
  for (uint32_t line : lines) {
    if (bits.size() <= line / 8) bits.resize(line / 8 + 1);
    bits[line / 8] = static_cast<char>(bits[line / 8] | (1 << (line % 8)));
  }
  return bits;
}

void AddFile(const std::vector<std::string>& labels, const FileEvidence& file, NaiveEvidence* out) {
  for (const EvidenceSection& section : file.sections) {
    if (section.kind != EvidenceKind::kLine) continue;
    for (const EvidenceRun& run : section.runs) {
      for (LabelNumber n : MembersOf(file.sets[run.set], labels.size())) {
        auto& lines = out->lines[{file.path, labels[n], section.phase}];
        for (uint32_t line = run.first; line <= run.last; ++line) lines.insert(line);
        out->labels.insert(labels[n]);
      }
    }
  }
  for (const LineRange& range : file.global_lines) {
    for (uint32_t line = range.first; line <= range.last; ++line) {
      out->global[file.path].insert(line);
    }
  }
}

}  // namespace

ObjectId Commit(uint32_t n) {
  unsigned char bytes[ObjectId::kBytes] = {0xC0};
  for (int i = 0; i < 4; ++i) bytes[16 + i] = static_cast<unsigned char>(n >> (24 - 8 * i));
  return ObjectId::FromBytes(bytes);
}

UploadHeader Header(uint32_t commit, uint32_t shard, uint32_t shards, uint32_t attempt) {
  UploadHeader header;
  header.repository = "repo";
  header.commit = Commit(commit);
  header.tree = Commit(commit + 1'000'000);
  header.job.name = "unit";
  header.shard_index = shard;
  header.shard_count = shards;
  header.attempt = attempt;
  return header;
}

uint64_t NaiveEvidence::Pairs() const {
  std::set<std::tuple<std::string, std::string, uint32_t>> pairs;
  for (const auto& [key, executed] : lines) {
    for (uint32_t line : executed) pairs.emplace(std::get<0>(key), std::get<1>(key), line);
  }
  return pairs.size();
}

NaiveEvidence MakeEvidence(uint32_t seed, int labels, int files, uint32_t variant, uint32_t noise) {
  std::mt19937 random(seed);
  std::mt19937 flips(seed * 31 + variant);
  NaiveEvidence out;
  for (int f = 0; f < files; ++f) {
    const std::string path = absl::StrCat("src/pkg", f / 7, "/file", f, ".py");
    const uint32_t functions = 1 + random() % 6;
    for (uint32_t line = 1; line <= functions; ++line) out.global[path].insert(line * 10);
    for (int l = 0; l < labels; ++l) {
      if ((l + f) % 5 > 1) continue;
      const std::string label = absl::StrCat("tests/test_", l / 10, ".py::test_", l);
      const Phase phase = random() % 4 == 0 ? Phase::kSetup : Phase::kRun;
      for (uint32_t function = 1; function <= functions; ++function) {
        if (random() % 3 == 0) continue;
        const uint32_t length = 1 + random() % 5;
        for (uint32_t i = 1; i <= length; ++i) {
          if (noise != 0 && flips() % 1000 < noise) continue;
          out.lines[{path, label, phase}].insert(function * 10 + i);
          out.labels.insert(label);
        }
      }
    }
  }
  return out;
}

NaiveEvidence CrashEvidence(uint32_t commit) { return MakeEvidence(1, 60, 25, commit, 10); }

void FeedByLabel(const NaiveEvidence& evidence, SegmentBuilder* builder) {
  for (const auto& [key, lines] : evidence.lines) {
    const auto& [path, label, phase] = key;
    builder->AddLineBits(builder->File(path), builder->Context(label, phase), BitsOf(lines));
  }
  for (const auto& [path, lines] : evidence.global) {
    builder->AddLineBits(builder->File(path), kGlobalContext, BitsOf(lines));
  }
}

void FeedByLine(const NaiveEvidence& evidence, SegmentBuilder* builder) {
  std::map<std::pair<std::string, uint32_t>, std::vector<ContextId>> by_line;
  for (const auto& [path, lines] : evidence.global) {
    for (uint32_t line : lines) by_line[{path, line}].push_back(kGlobalContext);
  }
  for (const auto& [key, lines] : evidence.lines) {
    const auto& [path, label, phase] = key;
    const ContextId context = builder->Context(label, phase);
    for (uint32_t line : lines) by_line[{path, line}].push_back(context);
  }
  for (const auto& [place, contexts] : by_line) {
    builder->AddLine(builder->File(place.first), place.second, contexts);
  }
}

SegmentContent ContentOf(const NaiveEvidence& evidence,
                         std::shared_ptr<const LabelDictionary> dictionary) {
  SegmentBuilder builder(std::move(dictionary));
  FeedByLabel(evidence, &builder);
  absl::StatusOr<SegmentContent> content = std::move(builder).Finish();
  EXPECT_TRUE(content.ok()) << content.status();
  return *std::move(content);
}

std::vector<LabelNumber> MembersOf(const std::string& set, size_t universe) {
  DenseLabelSet members(universe);
  const absl::Status status = UnionLabelSet(set, universe, &members);
  EXPECT_TRUE(status.ok()) << status;
  return members.ToVector();
}

NaiveEvidence Decode(const std::vector<std::string>& labels,
                     const std::vector<EncodedFile>& files) {
  NaiveEvidence out;
  for (const EncodedFile& file : files) {
    const absl::StatusOr<FileEvidence> decoded = DecodeFileRecord(file.path, file.record);
    EXPECT_TRUE(decoded.ok()) << decoded.status();
    AddFile(labels, *decoded, &out);
  }
  return out;
}

NaiveEvidence Read(const Segment& segment) {
  std::vector<std::string> labels;
  for (size_t i = 0; i < segment.labels()->size(); ++i) {
    labels.emplace_back(segment.labels()->Name(static_cast<LabelNumber>(i)));
  }
  NaiveEvidence out;
  const absl::Status status = segment.ForEachFile([&](const FileEvidence& file) {
    AddFile(labels, file, &out);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

SegmentContent SmallContent(int labels, int files, const std::string& prefix) {
  NaiveEvidence evidence;
  for (int l = 0; l < labels; ++l) {
    for (int f = 0; f < files; ++f) {
      evidence.lines[{absl::StrCat("f", f), absl::StrCat(prefix, l), Phase::kRun}].insert(1);
    }
  }
  return ContentOf(evidence);
}

}  // namespace testselect
