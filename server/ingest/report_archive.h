// Archives: how a folder of report files travels as one report.
//
// The client packs a folder as an uncompressed pax archive whose bytes depend on names and contents
// alone, so that the same folder is the same upload. Archives made by hand (tar of any dialect,
// zip) are read alike.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/ingest/report_parser.h"
#include "server/ingest/spool_file.h"

namespace testselect {

// Whether content that begins with `head` is a tar or zip archive.
bool IsArchive(absl::string_view head);

// The files of an archive, unpacked under names of our own. Removes them when it goes.
class UnpackedArchive {
 public:
  struct File {
    std::string path;  // in the archive: relative, clean, unique
    std::string file;  // where its content lies
  };
  static constexpr uint64_t kMaxFiles = 1 << 20;

  // Unpacks `source` below `spool_dir` ("" is the working folder). Folders are passed over. Errors,
  // naming report and entry: kInvalidArgument for a broken or cut off archive, for names that leave
  // the folder or come twice, and for links and devices; kResourceExhausted for more than kMaxFiles
  // files, more than `max_bytes` of content, or a full disk; kUnavailable for I/O.
  static absl::StatusOr<std::unique_ptr<UnpackedArchive>> Unpack(ReportSource& source,
                                                                 const std::string& spool_dir,
                                                                 uint64_t max_bytes);
  const std::vector<File>& files() const { return files_; }  // sorted by path

 private:
  UnpackedArchive() = default;

  std::vector<File> files_;
  std::vector<std::unique_ptr<SpoolFile>> contents_;
};

// Writes the files below `folder` that are `wanted` (by their path, "folder/..."; null: all) to
// `fd` as one archive, in the order of their names. Links to files are read through. Errors, naming
// the file: kInvalidArgument for what is neither file nor folder (a link to a folder, a socket),
// kNotFound and kPermissionDenied, kFailedPrecondition for a file that changes its size meanwhile,
// kResourceExhausted and kUnavailable for I/O.
absl::Status PackFolder(const std::string& folder, int fd,
                        const std::function<bool(const std::string&)>& wanted = nullptr);

// The same for `files`, which lie in `folder` itself.
absl::Status PackFiles(const std::string& folder, std::vector<std::string> files, int fd);

}  // namespace testselect
