#include "server/selection/decision_lists.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/selection/list_delta.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

constexpr uint64_t kPackedList = 1, kListOfStrings = 2, kDelta = 3;
constexpr size_t kMaxEntries = 16, kMaxBytes = 256 << 20;
constexpr int kMostBases = 4;  // lists that one is compared with

// Of a note of the form kDelta: the list that it needs. Nothing for another form.
struct Delta {
  Digest base;
  absl::string_view rest;
};
std::optional<Delta> ReadDelta(absl::string_view note) {
  RecordReader in(note);
  if (in.Varint() != kDelta) return std::nullopt;
  const absl::string_view digest = in.Fixed(Digest::kBytes);
  const auto base = Digest::FromBytes("base", digest);
  if (!in.ok() || !base.ok()) return std::nullopt;
  return Delta{*base, in.rest()};
}

absl::Status Wrong(const Digest& digest) {
  return absl::DataLossError(
      absl::StrCat("the list of labels ", digest.ToHex(), " is not what its name says"));
}

}  // namespace

std::string EncodeLabelList(const LabelList& list) {
  std::string out;
  if (list.can_be_packed()) {
    PutVarint(&out, kPackedList);
    absl::StrAppend(&out, list.packed());
    return out;
  }
  PutVarint(&out, kListOfStrings);
  PutVarint(&out, list.size());
  for (size_t i = 0; i < list.size(); ++i) PutBytes(&out, list[i]);
  return out;
}

absl::StatusOr<std::shared_ptr<const LabelList>> DecodeLabelList(absl::string_view note,
                                                                 const Digest& digest) {
  RecordReader in(note);
  const uint64_t form = in.Varint();
  absl::StatusOr<std::shared_ptr<const LabelList>> list =
      absl::DataLossError("a list of labels is malformed");
  if (form == kPackedList) {
    list = LabelList::FromPacked("labels", in.rest());
  } else if (form == kListOfStrings) {
    std::vector<absl::string_view> labels;
    for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) labels.push_back(in.Bytes());
    TS_RETURN_IF_ERROR(in.Finish("a list of labels"));
    list = LabelList::FromStrings("labels", labels);
  }
  return list.ok() && (*list)->digest() == digest ? list : Wrong(digest);
}

std::string DecisionLists::Key(absl::string_view repository, const Digest& digest) {
  return absl::StrCat("decision-list/", repository, "/", digest.ToHex());
}

absl::StatusOr<DecisionLists::Entry> DecisionLists::Add(absl::string_view repository,
                                                        const ListPtr& list, NoteBatch* batch) {
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->repository == repository && it->list->digest() == list->digest()) return *it;
  }
  Entry entry{std::string(repository), list};
  const auto note = Note(repository, list->digest());
  if (note.ok()) {
    entry.whole = !ReadDelta(*note).has_value();
    return entry;
  }
  if (!absl::IsNotFound(note.status())) return note.status();
  std::string difference = EncodeDifference(repository, *list);
  entry.whole = difference.empty();
  batch->puts.emplace_back(Key(repository, list->digest()),
                           entry.whole ? EncodeLabelList(*list) : std::move(difference));
  return entry;
}

std::string DecisionLists::EncodeDifference(absl::string_view repository, const LabelList& list) {
  int tried = 0;
  for (auto it = entries_.begin(); it != entries_.end() && tried < kMostBases; ++it) {
    if (!it->whole || it->repository != repository) continue;
    ++tried;
    const auto delta = EncodeListDelta(*it->list, list);
    if (!delta.has_value()) continue;
    entries_.splice(entries_.begin(), entries_, it);
    std::string note;
    PutVarint(&note, kDelta);
    absl::StrAppend(&note, it->list->digest().bytes(), *delta);
    return note;
  }
  return "";
}

void DecisionLists::Keep(Entry entry) {
  const auto same = [&](const Entry& e) {
    return e.repository == entry.repository && e.list->digest() == entry.list->digest();
  };
  entries_.remove_if([&](const Entry& e) {
    if (!same(e)) return false;
    bytes_ -= e.list->memory_bytes();
    return true;
  });
  bytes_ += entry.list->memory_bytes();
  // One that differs from another goes behind it: what is compared with stays longer.
  const auto at = entry.whole || entries_.empty() ? entries_.begin() : std::next(entries_.begin());
  entries_.insert(at, std::move(entry));
  while (entries_.size() > kMaxEntries || (bytes_ > kMaxBytes && !entries_.empty())) {
    bytes_ -= entries_.back().list->memory_bytes();
    entries_.pop_back();
  }
}

void DecisionLists::Forget(absl::string_view repository) {
  entries_.remove_if([&](const Entry& e) {
    if (e.repository != repository) return false;
    bytes_ -= e.list->memory_bytes();
    return true;
  });
}

absl::StatusOr<std::string> DecisionLists::Note(absl::string_view repository,
                                                const Digest& digest) const {
  auto note = store_.GetNote(Key(repository, digest));
  if (absl::IsNotFound(note.status())) {
    return absl::NotFoundError(
        absl::StrCat("the list of labels ", digest.ToHex(), " is not kept any more"));
  }
  return note;
}

absl::StatusOr<DecisionLists::ListPtr> DecisionLists::Find(absl::string_view repository,
                                                           const Digest& digest) const {
  TS_ASSIGN_OR_RETURN(const std::string note, Note(repository, digest));
  const std::optional<Delta> delta = ReadDelta(note);
  if (!delta.has_value()) return DecodeLabelList(note, digest);
  TS_ASSIGN_OR_RETURN(const std::string base_note, Note(repository, delta->base));
  TS_ASSIGN_OR_RETURN(const ListPtr base, DecodeLabelList(base_note, delta->base));
  TS_ASSIGN_OR_RETURN(ListPtr list, DecodeListDelta(*base, delta->rest));
  if (list->digest() != digest) return Wrong(digest);
  return list;
}

absl::StatusOr<Digest> DecisionLists::BaseOf(absl::string_view repository,
                                             const Digest& digest) const {
  TS_ASSIGN_OR_RETURN(const std::string note, Note(repository, digest));
  const std::optional<Delta> delta = ReadDelta(note);
  return delta.has_value() ? delta->base : Digest();
}

}  // namespace testselect
