#include "client/cli/index_layout.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect::client {
namespace {

constexpr absl::string_view kTop = "dynamic_test";
constexpr absl::string_view kFile = "/index.json";
constexpr size_t kShortest = 7;  // digits of a commit that is cut short

// datadog-agent writes its kinds with an underline.
std::string FolderOf(absl::string_view kind) {
  return absl::StrCat(kTop, "/", absl::StrReplaceAll(kind, {{"-", "_"}}), "/");
}

absl::Status CheckPart(absl::string_view what, absl::string_view part) {
  if (part.empty() || part == "." || part == ".." || absl::StrContains(part, '/')) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, "='", Shorten(part), "': expected the name of one folder"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> WriteIndex(IndexObjects& objects, absl::string_view kind,
                                       absl::string_view key, absl::string_view job_id,
                                       const DynamicIndex& index) {
  TS_RETURN_IF_ERROR(CheckPart("--key", key));
  if (!job_id.empty()) TS_RETURN_IF_ERROR(CheckPart("--job-id", job_id));
  std::string name = absl::StrCat(FolderOf(kind), key, job_id.empty() ? "" : "/", job_id, kFile);
  TS_RETURN_IF_ERROR(objects.Put(name, DynamicIndexJson(index)));
  return name;
}

absl::StatusOr<DynamicIndex> ReadIndex(IndexObjects& objects, absl::string_view kind,
                                       absl::string_view key) {
  TS_RETURN_IF_ERROR(CheckPart("--key", key));
  const size_t shortest = std::min(kShortest, key.size());
  for (absl::string_view name = key; name.size() >= shortest; name.remove_suffix(1)) {
    TS_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        objects.List(absl::StrCat(FolderOf(kind), name, "/")));
    DynamicIndex index;
    bool found = false;
    for (const std::string& object : names) {
      if (!absl::EndsWith(object, kFile)) continue;
      TS_ASSIGN_OR_RETURN(const std::string text, objects.Get(object));
      TS_ASSIGN_OR_RETURN(const DynamicIndex part, ParseDynamicIndex(object, text));
      MergeDynamicIndex(part, &index);
      found = true;
    }
    if (found) return index;
    if (name.size() == 1) break;
  }
  TS_ASSIGN_OR_RETURN(const std::vector<std::string> keys, IndexedKeys(objects, kind));
  return absl::NotFoundError(
      absl::StrCat(objects.description(), " has no ", FolderOf(kind), Shorten(key), kFile, "; ",
                   keys.empty() ? "it has no index of this kind"
                                : absl::StrCat("it has ", keys.size(), ", such as ", keys.back())));
}

absl::StatusOr<std::vector<std::string>> IndexedKeys(IndexObjects& objects,
                                                     absl::string_view kind) {
  const std::string folder = FolderOf(kind);
  TS_ASSIGN_OR_RETURN(const std::vector<std::string> names, objects.List(folder));
  std::set<std::string> keys;
  for (const absl::string_view object : names) {
    const std::vector<absl::string_view> parts = absl::StrSplit(object.substr(folder.size()), '/');
    if (absl::EndsWith(object, kFile) && (parts.size() == 2 || parts.size() == 3)) {
      keys.emplace(parts[0]);
    }
  }
  return std::vector<std::string>(keys.begin(), keys.end());
}

}  // namespace testselect::client
