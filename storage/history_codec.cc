#include "storage/history_codec.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "storage/model/digest.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"
#include "storage/outcome_codec.h"

namespace testselect {
namespace {

constexpr uint64_t kVersion = 1;
constexpr size_t kCheckBytes = 8, kTreeBytes = 4;
constexpr uint8_t kFailedBit = 0x10, kOutcomeMask = 0x0F;
constexpr size_t kMaxLabelBytes = 64 << 10;
constexpr size_t kSmallestEntry = 9;  // bytes

std::string CheckOf(absl::string_view body) {
  return std::string(Digest::Of(body).bytes().substr(0, kCheckBytes));
}

// The body of a record, once its check and version are found right.
absl::StatusOr<absl::string_view> OpenRecord(absl::string_view what, absl::string_view record) {
  if (record.size() <= kCheckBytes) {
    return absl::DataLossError(absl::StrCat(what, ": the record is too short"));
  }
  const absl::string_view body = record.substr(0, record.size() - kCheckBytes);
  if (CheckOf(body) != record.substr(body.size())) {
    return absl::DataLossError(absl::StrCat(what, ": the checksum does not fit"));
  }
  RecordReader in(body);
  if (const uint64_t version = in.Varint(); version != kVersion) {
    return absl::UnimplementedError(
        absl::StrCat(what, ": version ", version, "; this program knows ", kVersion));
  }
  return in.rest();
}

std::string Seal(std::string body) { return absl::StrCat(body, CheckOf(body)); }

std::vector<uint32_t> TreesOf(absl::Span<const HistoryEntry> entries) {
  std::vector<uint32_t> trees;
  for (const HistoryEntry& e : entries) {
    for (size_t i = 0; i < e.history.trees; ++i) trees.push_back(e.history.at_tree[i].tree);
  }
  std::sort(trees.begin(), trees.end());
  trees.erase(std::unique(trees.begin(), trees.end()), trees.end());
  return trees;
}

void PutHistory(const LabelHistory& h, const std::vector<uint32_t>& trees, std::string* out) {
  out->push_back(static_cast<char>(static_cast<uint8_t>(h.last) | (h.failed ? kFailedBit : 0)));
  PutVarint(out, h.seen);
  PutVarint(out, h.runs);
  PutVarint(out, h.failures);
  if (h.failures > 0) PutVarint(out, h.recent);
  PutVarint(out, h.flakes);
  if (h.flakes > 0) PutVarint(out, h.runs_since_flake);
  PutVarint(out, h.durations);
  for (size_t i = 0; i < h.durations; ++i) PutVarint(out, h.duration[i]);
  PutVarint(out, h.trees);
  for (size_t i = 0; i < h.trees; ++i) {
    const auto at = std::lower_bound(trees.begin(), trees.end(), h.at_tree[i].tree);
    PutVarint(out, static_cast<uint64_t>(at - trees.begin()) << 1 | h.at_tree[i].failed);
  }
}

// A number that fits into 32 bits; `ok` becomes false for another.
uint32_t Small(RecordReader* in, bool* ok) {
  const uint64_t value = in->Varint();
  *ok = *ok && value <= 0xFFFFFFFF;
  return static_cast<uint32_t>(value);
}

bool ReadHistory(RecordReader* in, const std::vector<uint32_t>& trees, LabelHistory* h) {
  const absl::string_view state = in->Fixed(1);
  if (state.empty()) return false;
  const auto bits = static_cast<uint8_t>(state[0]);
  if ((bits & kOutcomeMask) > static_cast<uint8_t>(Outcome::kXpassed)) return false;
  if ((bits & ~(kOutcomeMask | kFailedBit)) != 0) return false;
  bool ok = true;
  h->last = static_cast<Outcome>(bits & kOutcomeMask);
  h->failed = (bits & kFailedBit) != 0;
  h->seen = in->Varint();
  h->runs = Small(in, &ok);
  h->failures = Small(in, &ok);
  if (h->failures > 0) h->recent = Small(in, &ok);
  h->flakes = Small(in, &ok);
  if (h->flakes > 0) h->runs_since_flake = Small(in, &ok);
  const uint64_t durations = in->Varint();
  if (!ok || durations > LabelHistory::kDurations || h->failures > h->runs) return false;
  h->durations = static_cast<uint8_t>(durations);
  for (size_t i = 0; i < durations; ++i) {
    h->duration[i] = Small(in, &ok);
    if (h->duration[i] == 0 || !IsSecondsCode(h->duration[i])) return false;
  }
  const uint64_t count = in->Varint();
  if (count > LabelHistory::kTrees) return false;
  h->trees = static_cast<uint8_t>(count);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t code = in->Varint();
    if (code >> 1 >= trees.size()) return false;
    h->at_tree[i] = {trees[code >> 1], (code & 1) != 0};
  }
  return ok && in->ok();
}

std::vector<uint32_t> ReadTrees(RecordReader* in) {
  std::vector<uint32_t> trees;
  const uint64_t count = in->Varint();
  if (count > in->rest().size() / kTreeBytes) return trees;
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t tree = 0;
    for (const char c : in->Fixed(kTreeBytes)) tree = tree << 8 | static_cast<unsigned char>(c);
    trees.push_back(tree);
  }
  return trees;
}

bool InOrder(const HistoryEntry& a, const HistoryEntry& b) {
  return std::tie(a.hash, a.label) < std::tie(b.hash, b.label);
}

}  // namespace

uint64_t HistoryHash(absl::string_view label) {
  const Digest digest = Digest::Of(label);
  uint64_t hash = 0;
  for (const char c : digest.bytes().substr(0, 8)) {
    hash = hash << 8 | static_cast<unsigned char>(c);
  }
  return hash;
}

std::string EncodeHistoryHead(const HistoryHead& head) {
  std::string out;
  PutVarint(&out, kVersion);
  PutVarint(&out, head.bits);
  PutVarint(&out, head.clock);
  PutVarint(&out, head.applied.size());
  int64_t before = 0;
  for (const int64_t created : head.applied) {
    PutVarint(&out, ZigZag(created - before));
    before = created;
  }
  return Seal(std::move(out));
}

absl::StatusOr<HistoryHead> DecodeHistoryHead(absl::string_view encoded) {
  TS_ASSIGN_OR_RETURN(const absl::string_view body, OpenRecord("history", encoded));
  RecordReader in(body);
  HistoryHead head;
  const uint64_t bits = in.Varint();
  head.clock = in.Varint();
  const uint64_t applied = in.Varint();
  if (bits > HistoryHead::kMaxBits || applied > HistoryHead::kApplied) {
    return absl::DataLossError("history: the head is malformed");
  }
  head.bits = static_cast<uint32_t>(bits);
  int64_t created = 0;
  for (uint64_t i = 0; i < applied; ++i) {
    created += UnZigZag(in.Varint());
    head.applied.push_back(created);
  }
  TS_RETURN_IF_ERROR(in.Finish("history"));
  if (!std::is_sorted(head.applied.rbegin(), head.applied.rend())) {
    return absl::DataLossError("history: the uploads are out of order");
  }
  return head;
}

std::string EncodeHistoryBucket(absl::Span<const HistoryEntry> entries) {
  std::string out;
  PutVarint(&out, kVersion);
  const std::vector<uint32_t> trees = TreesOf(entries);
  PutVarint(&out, trees.size());
  for (const uint32_t tree : trees) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      out.push_back(static_cast<char>(tree >> shift & 0xFF));
    }
  }
  PutVarint(&out, entries.size());
  for (const HistoryEntry& e : entries) {
    PutBytes(&out, e.label);
    PutHistory(e.history, trees, &out);
  }
  return Seal(std::move(out));
}

absl::StatusOr<std::vector<HistoryEntry>> DecodeHistoryBucket(absl::string_view encoded,
                                                              uint32_t number, uint32_t bits) {
  TS_ASSIGN_OR_RETURN(const absl::string_view body, OpenRecord("history bucket", encoded));
  RecordReader in(body);
  const std::vector<uint32_t> trees = ReadTrees(&in);
  const uint64_t count = in.Varint();
  const auto malformed = [&](absl::string_view what) {
    return absl::DataLossError(absl::StrCat("history bucket ", number, ": ", what));
  };
  if (count > in.rest().size() / kSmallestEntry) return malformed("too short for its labels");
  std::vector<HistoryEntry> entries(count);
  for (uint64_t i = 0; i < count; ++i) {
    HistoryEntry& e = entries[i];
    e.label = std::string(in.Bytes());
    if (e.label.empty() || e.label.size() > kMaxLabelBytes) return malformed("a label is none");
    e.hash = HistoryHash(e.label);
    if (BucketOf(e.hash, bits) != number) return malformed("a label belongs elsewhere");
    if (i > 0 && !InOrder(entries[i - 1], e)) return malformed("the labels are out of order");
    if (!ReadHistory(&in, trees, &e.history)) return malformed("a label's history is malformed");
  }
  TS_RETURN_IF_ERROR(in.Finish("history bucket"));
  return entries;
}

}  // namespace testselect
