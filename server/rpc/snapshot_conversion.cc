#include "server/rpc/snapshot_conversion.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "server/rpc/status.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

std::optional<FileType> FileTypeFromProto(v1::SnapshotFileType type) {
  switch (type) {
    case v1::SNAPSHOT_FILE_TYPE_REGULAR:
      return FileType::kRegular;
    case v1::SNAPSHOT_FILE_TYPE_EXECUTABLE:
      return FileType::kExecutable;
    case v1::SNAPSHOT_FILE_TYPE_SYMLINK:
      return FileType::kSymlink;
    case v1::SNAPSHOT_FILE_TYPE_SUBMODULE:
      return FileType::kSubmodule;
    case v1::SNAPSHOT_FILE_TYPE_DELETED:
      return FileType::kNone;
    default:
      return std::nullopt;
  }
}

}  // namespace

absl::StatusOr<std::vector<SnapshotFile>> SnapshotFromProto(const v1::PutSnapshotRequest& proto) {
  if (proto.files_size() > kMaxSnapshotFiles) {
    return absl::ResourceExhaustedError(
        absl::StrCat("files: ", proto.files_size(), " files; at most ", kMaxSnapshotFiles));
  }
  std::vector<SnapshotFile> files;
  size_t bytes = 0;
  for (const v1::SnapshotFile& file : proto.files()) {
    bytes += file.content().size();
    if (bytes > kMaxSnapshotBytes) {
      return absl::ResourceExhaustedError(absl::StrCat("files.content: over ", kMaxSnapshotBytes,
                                                       " bytes in all at '", Shorten(file.path()),
                                                       "'"));
    }
    const auto type = FileTypeFromProto(file.type());
    if (!type.has_value()) {
      return FieldError("files.type", absl::StrCat(static_cast<int>(file.type())),
                        "expected 1 to 5");
    }
    if (*type == FileType::kNone && !file.content().empty()) {
      return FieldError("files.content", absl::StrCat(file.content().size(), " bytes"),
                        "a deleted file has none");
    }
    files.push_back({file.path(), *type, file.content()});
  }
  return files;
}

}  // namespace testselect
