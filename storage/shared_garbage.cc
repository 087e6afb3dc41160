#include "storage/shared_garbage.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/model/status_macros.h"
#include "storage/shared_layout.h"
#include "storage/shared_records.h"

namespace testselect {
namespace {

constexpr char kIndexPrefix[] = "index/";
constexpr size_t kKeysAtOnce = 1000;
constexpr size_t kObjectsAtOnce = 128;
// Longer than anybody who announced that he deletes an object is at it, or tries.
constexpr absl::Duration kRemovingFor = absl::Hours(1);

using Keys = absl::flat_hash_set<std::string>;

absl::StatusOr<std::vector<ObjectInfo>> ListAll(ObjectStore& objects, absl::string_view prefix) {
  std::vector<ObjectInfo> all;
  while (true) {
    TS_ASSIGN_OR_RETURN(std::vector<ObjectInfo> page,
                        objects.List(prefix, all.empty() ? "" : all.back().key, kKeysAtOnce));
    const bool end = page.size() < kKeysAtOnce;
    all.insert(all.end(), std::make_move_iterator(page.begin()),
               std::make_move_iterator(page.end()));
    if (end) return all;
  }
}

// Ok if the list of blobs `list`, which is missing, is that of segments that were deleted.
absl::Status CheckDeleted(ObjectStore& objects, const std::string& list,
                          const std::vector<std::string>& segments) {
  for (const std::string& segment : segments) {
    const absl::Status there = objects.Get(segment).status();
    if (absl::IsNotFound(there)) continue;
    TS_RETURN_IF_ERROR(there);
    return absl::DataLossError(
        absl::StrCat(list, " is missing, and the segment ", segment, " needs it"));
  }
  return absl::OkStatus();
}

// What the segments in the store need. kDataLoss: one of them cannot be read, so nobody can tell.
absl::StatusOr<Keys> FindNeeded(ObjectStore& objects) {
  TS_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> events, ListAll(objects, kIndexPrefix));
  std::vector<std::string> rows;
  for (const ObjectInfo& event : events) {
    const absl::StatusOr<SharedEventName> name = ParseSharedEventKey(event.key);
    if (name.ok() && name->kind == SharedEventKind::kSegment) rows.push_back(event.key);
  }
  Keys needed;
  std::map<std::string, std::vector<std::string>> lists;  // with the segments that need each
  for (size_t begin = 0; begin < rows.size(); begin += kObjectsAtOnce) {
    const auto keys = absl::MakeConstSpan(rows).subspan(begin, kObjectsAtOnce);
    const std::vector<absl::StatusOr<std::string>> values = objects.GetAll(keys);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (absl::IsNotFound(values[i].status())) continue;
      TS_RETURN_IF_ERROR(values[i].status());
      TS_ASSIGN_OR_RETURN(const SharedSegment segment, DecodeSharedSegment(keys[i], *values[i]));
      lists[SharedContentKey(segment.content)].push_back(keys[i]);
    }
  }
  std::vector<std::string> list_keys;
  for (const auto& [list, segments] : lists) list_keys.push_back(list);
  for (size_t begin = 0; begin < list_keys.size(); begin += kObjectsAtOnce) {
    const auto keys = absl::MakeConstSpan(list_keys).subspan(begin, kObjectsAtOnce);
    const std::vector<absl::StatusOr<std::string>> values = objects.GetAll(keys);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (absl::IsNotFound(values[i].status())) {
        TS_RETURN_IF_ERROR(CheckDeleted(objects, keys[i], lists[keys[i]]));
        continue;
      }
      TS_RETURN_IF_ERROR(values[i].status());
      TS_ASSIGN_OR_RETURN(const std::vector<Digest> blobs, DecodeDigests(*values[i]));
      for (const Digest& blob : blobs) needed.insert(SharedBlobKey(blob));
    }
  }
  needed.insert(list_keys.begin(), list_keys.end());
  return needed;
}

// Deletes what nothing needs, and its note. Whoever has just met it, and needs it, has taken the
// note away, or finds it announced and leaves it alone (SharedExchange::TakeNotesAway).
absl::Status Remove(ObjectStore& objects, const std::string& key, const std::string& note) {
  const std::string removing = absl::StrCat(kSharedRemovingPrefix, key);
  const absl::Status announced = objects.Create(removing, "");
  if (absl::IsAlreadyExists(announced)) return absl::OkStatus();  // another one is at it
  TS_RETURN_IF_ERROR(announced);
  const absl::Status still_unneeded = objects.Get(note).status();
  if (still_unneeded.ok()) {
    TS_RETURN_IF_ERROR(objects.Delete(key));
    TS_RETURN_IF_ERROR(objects.Delete(note));
  } else if (!absl::IsNotFound(still_unneeded)) {
    return still_unneeded;
  }
  return objects.Delete(removing);
}

// Takes back what was announced by who did not come to an end.
absl::Status DropStaleAnnouncements(ObjectStore& objects) {
  TS_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> all, ListAll(objects, kSharedRemovingPrefix));
  for (const ObjectInfo& removing : all) {
    if (absl::Now() - removing.modified < kRemovingFor) continue;
    TS_RETURN_IF_ERROR(objects.Delete(removing.key));
  }
  return absl::OkStatus();
}

// An object `unneeded/KEY` says since when, by its time, KEY was not needed.
absl::Status Settle(ObjectStore& objects, const Keys& needed, absl::Duration unneeded_for) {
  Keys there;
  for (const char* prefix : {kSharedBlobPrefix, kSharedContentPrefix}) {
    TS_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> all, ListAll(objects, prefix));
    for (const ObjectInfo& object : all) {
      if (!needed.contains(object.key)) there.insert(object.key);
    }
  }
  TS_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> noted, ListAll(objects, kSharedUnneededPrefix));
  for (const ObjectInfo& note : noted) {
    const std::string key = note.key.substr(absl::string_view(kSharedUnneededPrefix).size());
    if (there.erase(key) > 0) {
      if (absl::Now() - note.modified < unneeded_for) continue;
      TS_RETURN_IF_ERROR(Remove(objects, key, note.key));
      continue;
    }
    TS_RETURN_IF_ERROR(objects.Delete(note.key));
  }
  std::vector<ObjectToPut> notes;
  for (const std::string& key : there)
    notes.push_back({absl::StrCat(kSharedUnneededPrefix, key), ""});
  for (const absl::Status& put : objects.CreateAll(notes)) {
    if (!put.ok() && !absl::IsAlreadyExists(put)) return put;
  }
  return absl::OkStatus();
}

// Of each repository the newest records stay.
absl::Status DropOldRecords(ObjectStore& objects) {
  TS_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> all, ListAll(objects, kSharedRecordsPrefix));
  std::map<std::string, size_t> left;  // by the keys' folder
  const auto folder_of = [](const std::string& key) { return key.substr(0, key.rfind('/')); };
  for (const ObjectInfo& record : all) ++left[folder_of(record.key)];
  for (const ObjectInfo& record : all) {  // oldest first
    size_t& of_folder = left[folder_of(record.key)];
    if (of_folder <= SharedRecords::kKept) continue;
    --of_folder;
    TS_RETURN_IF_ERROR(objects.Delete(record.key));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CollectSharedGarbage(ObjectStore* objects, absl::Duration unneeded_for) {
  TS_RETURN_IF_ERROR(DropStaleAnnouncements(*objects));
  const absl::StatusOr<Keys> needed = FindNeeded(*objects);
  TS_RETURN_IF_ERROR(needed.status());
  TS_RETURN_IF_ERROR(Settle(*objects, *needed, unneeded_for));
  return DropOldRecords(*objects);
}

}  // namespace testselect
