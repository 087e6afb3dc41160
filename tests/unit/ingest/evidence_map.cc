#include "tests/unit/ingest/evidence_map.h"

#include <openssl/evp.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "storage/file_record.h"
#include "storage/model/status_macros.h"

namespace testselect {

uint64_t EvidenceMap::pairs() const {
  uint64_t n = 0;
  for (const auto& [label, by_file] : labels) {
    for (const auto& [file, lines] : by_file) n += lines.size();
  }
  return n;
}

uint64_t EvidenceMap::global_pairs() const {
  uint64_t n = 0;
  for (const auto& [file, lines] : global) n += lines.size();
  return n;
}

std::string EvidenceMap::PairsSha256() const {
  // Sorted by label, file and then line as numbers, which is the order of the nested maps.
  std::string text;
  for (const auto& [label, by_file] : labels) {
    for (const auto& [file, lines] : by_file) {
      for (const uint32_t line : lines) absl::StrAppend(&text, label, "\t", file, "\t", line, "\n");
    }
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<char*>(digest), size));
}

absl::StatusOr<EvidenceMap> Decode(const SegmentContent& content, DecodeWhat what) {
  EvidenceMap map;
  content.ran.ForEach([&](LabelNumber n) { map.labels[content.labels[n]]; });
  for (const EncodedFile& encoded : content.files) {
    TS_ASSIGN_OR_RETURN(const FileEvidence file, DecodeFileRecord(encoded.path, encoded.record));
    map.files.insert(encoded.path);
    for (const EvidenceSection& section : file.sections) {
      if (what == DecodeWhat::kLines && section.kind == EvidenceKind::kFunction) continue;
      for (const EvidenceRun& run : section.runs) {
        DenseLabelSet set;
        TS_RETURN_IF_ERROR(UnionLabelSet(file.sets[run.set], content.labels.size(), &set));
        set.ForEach([&](LabelNumber n) {
          auto& lines = map.labels[content.labels[n]][encoded.path];
          if (run.first == 1 && run.last == kMaxLine) {
            lines.insert(0);
            return;
          }
          for (uint32_t line = run.first; line <= run.last; ++line) lines.insert(line);
        });
      }
    }
    for (const LineRange& range : file.global_lines) {
      for (uint32_t line = range.first; line <= range.last; ++line) {
        map.global[encoded.path].insert(line);
      }
    }
  }
  for (size_t i = 0; i < content.outcomes.size(); ++i) {
    if (content.outcomes[i].outcome != Outcome::kUnknown) {
      map.outcomes[content.labels[i]] = content.outcomes[i];
    }
  }
  return map;
}

}  // namespace testselect
