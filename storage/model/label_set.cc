#include "storage/model/label_set.h"

#include <algorithm>

#include "storage/model/varint.h"

namespace testselect {

void DenseLabelSet::Add(LabelNumber n) {
  if (n / 64 >= words_.size()) words_.resize(n / 64 + 1);
  words_[n / 64] |= uint64_t{1} << (n % 64);
}

void DenseLabelSet::AddRange(LabelNumber first, LabelNumber last) {
  if (last / 64 >= words_.size()) words_.resize(last / 64 + 1);
  const uint64_t head = ~uint64_t{0} << (first % 64);
  const uint64_t tail = ~uint64_t{0} >> (63 - last % 64);
  if (first / 64 == last / 64) {
    words_[first / 64] |= head & tail;
    return;
  }
  words_[first / 64] |= head;
  std::fill(words_.begin() + first / 64 + 1, words_.begin() + last / 64, ~uint64_t{0});
  words_[last / 64] |= tail;
}

bool DenseLabelSet::Empty() const {
  return std::all_of(words_.begin(), words_.end(), [](uint64_t w) { return w == 0; });
}

size_t DenseLabelSet::Count() const {
  size_t n = 0;
  for (uint64_t w : words_) n += static_cast<size_t>(std::popcount(w));
  return n;
}

DenseLabelSet& DenseLabelSet::operator|=(const DenseLabelSet& other) {
  if (words_.size() < other.words_.size()) words_.resize(other.words_.size());
  for (size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
  return *this;
}

DenseLabelSet& DenseLabelSet::operator&=(const DenseLabelSet& other) {
  if (words_.size() > other.words_.size()) words_.resize(other.words_.size());
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  return *this;
}

DenseLabelSet& DenseLabelSet::operator-=(const DenseLabelSet& other) {
  const size_t n = std::min(words_.size(), other.words_.size());
  for (size_t i = 0; i < n; ++i) words_[i] &= ~other.words_[i];
  return *this;
}

bool DenseLabelSet::Intersects(const DenseLabelSet& other) const {
  const size_t n = std::min(words_.size(), other.words_.size());
  for (size_t i = 0; i < n; ++i) {
    if ((words_[i] & other.words_[i]) != 0) return true;
  }
  return false;
}

bool operator==(const DenseLabelSet& a, const DenseLabelSet& b) {
  const auto& shorter = a.words_.size() < b.words_.size() ? a.words_ : b.words_;
  const auto& longer = a.words_.size() < b.words_.size() ? b.words_ : a.words_;
  return std::equal(shorter.begin(), shorter.end(), longer.begin()) &&
         std::all_of(longer.begin() + static_cast<std::ptrdiff_t>(shorter.size()), longer.end(),
                     [](uint64_t w) { return w == 0; });
}

std::vector<LabelNumber> DenseLabelSet::ToVector() const {
  std::vector<LabelNumber> out;
  out.reserve(Count());
  ForEach([&](LabelNumber n) { out.push_back(n); });
  return out;
}

namespace {

// Writes runs of consecutive numbers as they close.
class RunWriter {
 public:
  void Add(LabelNumber n) {
    if (open_ && n == last_ + 1) {
      last_ = n;
      return;
    }
    Close();
    first_ = last_ = n;
    open_ = true;
  }
  std::string Finish() && {
    Close();
    return std::move(out_);
  }

 private:
  void Close() {
    if (!open_) return;
    const uint64_t length = uint64_t{last_} - first_ + 1;
    PutVarint(&out_, (uint64_t{first_} - next_) << 1 | (length > 1 ? 1 : 0));
    if (length > 1) PutVarint(&out_, length - 2);
    next_ = uint64_t{last_} + 1;
    open_ = false;
  }

  std::string out_;
  uint64_t next_ = 0;  // the number after the last closed run
  LabelNumber first_ = 0, last_ = 0;
  bool open_ = false;
};

}  // namespace

std::string EncodeLabelSet(absl::Span<const LabelNumber> sorted) {
  RunWriter writer;
  for (LabelNumber n : sorted) writer.Add(n);
  return std::move(writer).Finish();
}

std::string EncodeLabelSet(const DenseLabelSet& set) {
  RunWriter writer;
  set.ForEach([&](LabelNumber n) { writer.Add(n); });
  return std::move(writer).Finish();
}

absl::Status UnionLabelSet(absl::string_view encoded, size_t universe, DenseLabelSet* out) {
  RecordReader reader(encoded);
  uint64_t next = 0;
  while (reader.ok() && !reader.AtEnd()) {
    const uint64_t head = reader.Varint();
    const uint64_t extra = (head & 1) != 0 ? reader.Varint() : 0;
    // Each part is compared with the universe before they are added, so nothing can wrap around.
    if (!reader.ok() || head >> 1 >= universe || extra >= universe) {
      return absl::DataLossError("a label set is malformed");
    }
    const uint64_t first = next + (head >> 1);
    const uint64_t last = (head & 1) != 0 ? first + extra + 1 : first;
    if (last >= universe) return absl::DataLossError("a label set names an unknown label");
    out->AddRange(static_cast<LabelNumber>(first), static_cast<LabelNumber>(last));
    next = last + 1;
  }
  return absl::OkStatus();
}

}  // namespace testselect
