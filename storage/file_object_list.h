// The objects of a file object store, in order.
#pragma once

#include <dirent.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/object_store.h"

namespace testselect {

// Ends the name of every object's file, and of nothing else.
inline constexpr absl::string_view kObjectFileSuffix = "@";

struct FolderCloser {
  void operator()(DIR* folder) const { closedir(folder); }
};
using FolderPtr = std::unique_ptr<DIR, FolderCloser>;

// One listing: ObjectStore::List of `folder`. Holds at most `limit` objects, and some thousand
// names of each folder on the way to the current one; a folder with more is read several times.
// What comes or goes meanwhile may be in it or not.
class FileObjectList {
 public:
  FileObjectList(std::string folder, absl::string_view prefix, absl::string_view after,
                 size_t limit)
      : folder_(std::move(folder)), prefix_(prefix), after_(after), limit_(limit) {}

  // 0, or the error of the file system.
  int Run();
  std::vector<ObjectInfo> Take() && { return std::move(found_); }

 private:
  // `in` is the part of the keys that the folder stands for: "" or "a/b/".
  int Visit(const std::string& in);
  // The first wanted entries after `after`, in order of their keys: "name" or "name/".
  int Read(const std::string& in, const std::string& after, std::vector<std::string>* entries);
  bool Wanted(absl::string_view key) const;
  int Add(const std::string& key);

  const std::string folder_;
  const std::string prefix_;
  const std::string after_;
  const size_t limit_;
  std::vector<ObjectInfo> found_;
};

}  // namespace testselect
