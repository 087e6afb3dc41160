#include "storage/object_store.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/file_object_store.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

absl::Status Bad(absl::string_view option, absl::string_view value, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("object store: ", option, "=\"", Shorten(value), "\": ", why));
}

absl::StatusOr<std::string> FolderOf(absl::string_view url) {
  absl::string_view path = url;
  absl::ConsumePrefix(&path, "file://");
  while (absl::EndsWith(path, "/")) path.remove_suffix(1);
  if (!absl::StartsWith(path, "/")) {
    return Bad("url", url, "file:///FOLDER names a folder from the root, other than the root");
  }
  if (absl::StrContains(path, '%') || absl::StrContains(path, '\0')) {
    return Bad("url", url, "the folder is written as it is: no % and no NUL");
  }
  return std::string(path);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ObjectStore>> OpenObjectStore(const ObjectStoreOptions& options) {
  if (options.parallel < 1 || options.parallel > kMaxObjectStoreParallel) {
    return Bad("parallel", absl::StrCat(options.parallel),
               absl::StrCat("1 to ", kMaxObjectStoreParallel, " requests at a time are allowed"));
  }
  if (absl::StartsWith(options.url, "file://")) {
    TS_ASSIGN_OR_RETURN(std::string folder, FolderOf(options.url));
    return NewFileObjectStore(std::move(folder), options.parallel);
  }
  return Bad("url", options.url, "s3://BUCKET[/PREFIX] or file:///FOLDER is expected");
}

}  // namespace testselect
