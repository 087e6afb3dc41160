#include "server/selection/source_pack.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// No job is called that: names of jobs have no line feed.
constexpr absl::string_view kStartName = "\nsources";
// What cutting costs less than a pack that is written, and read by all who begin.
constexpr size_t kFewSources = 32;
constexpr size_t kWorthAPack = 10;  // a pack may lack one in so many
constexpr absl::Duration kHeardLately = absl::Minutes(1);
constexpr absl::Duration kWait = absl::Seconds(1);

template <typename Names>
bool IsWorthAPack(const Names& packed, const std::vector<std::string>& keys) {
  const auto lacking = static_cast<size_t>(std::count_if(
      keys.begin(), keys.end(), [&](const std::string& key) { return !packed.contains(key); }));
  return lacking >= std::max(kFewSources, keys.size() / kWorthAPack);
}

}  // namespace

absl::StatusOr<std::vector<CutSource>> PackShelf::Fetch(absl::string_view repository,
                                                        absl::Span<const std::string> keys,
                                                        absl::Time deadline) {
  // Who is away is not waited for: cutting is better.
  const IndexStore::Freshness news =
      store_.Refresh(repository, kHeardLately, std::min(deadline, absl::Now() + kWait));
  TS_RETURN_IF_ERROR(news.heard);
  const absl::StatusOr<NoteBatch> start = store_.GetStart(repository, kStartName);
  if (absl::IsNotFound(start.status())) return std::vector<CutSource>();
  TS_RETURN_IF_ERROR(start.status());
  const absl::flat_hash_set<absl::string_view> asked(keys.begin(), keys.end());
  std::vector<CutSource> had;
  for (const auto& [key, record] : start->puts) {
    if (asked.contains(key)) had.push_back({key, record});
  }
  return had;
}

absl::StatusOr<PackShelf::Names> PackShelf::PackedNames(const std::string& repository) {
  Names names;
  const absl::StatusOr<NoteBatch> start = store_.GetStart(repository, kStartName);
  if (absl::IsNotFound(start.status()) || absl::IsDataLoss(start.status())) return names;
  TS_RETURN_IF_ERROR(start.status());
  for (const auto& [key, record] : start->puts) names.insert(key);
  return names;
}

absl::StatusOr<bool> PackShelf::Offer(const std::string& repository,
                                      const std::vector<std::string>& keys) {
  MutexLock lock(&offering_);
  Names& packed = packed_[repository];
  if (!IsWorthAPack(packed, keys)) return false;
  // Another machine may have packed them.
  TS_ASSIGN_OR_RETURN(packed, PackedNames(repository));
  if (!IsWorthAPack(packed, keys)) return false;
  NoteBatch pack;
  for (const std::string& key : keys) {
    absl::StatusOr<std::string> record = store_.GetDerived(key);
    if (record.ok()) pack.puts.emplace_back(key, *std::move(record));
  }
  if (pack.puts.empty()) return false;
  TS_RETURN_IF_ERROR(store_.PutStart(repository, kStartName, pack));
  // With what could not be read: it would be offered again and again.
  packed = Names(keys.begin(), keys.end());
  return true;
}

}  // namespace testselect
