#include "storage/file_object_list.h"

#include <errno.h>
#include <sys/stat.h>

#include <algorithm>
#include <queue>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/object_key.h"

namespace testselect {
namespace {

constexpr size_t kNamesAtATime = 4096;

// The entry of a file name among keys: "name" for an object, "name/" for a folder, "" for neither.
std::string EntryOf(absl::string_view name) {
  const bool object = absl::ConsumeSuffix(&name, kObjectFileSuffix);
  if (!IsObjectKey(name)) return "";
  return object ? std::string(name) : absl::StrCat(name, "/");
}

}  // namespace

int FileObjectList::Run() {
  struct stat info;
  if (stat(folder_.c_str(), &info) != 0) return errno;
  if (limit_ == 0) return 0;
  const size_t slash = prefix_.rfind('/');
  const std::string in = slash == std::string::npos ? "" : prefix_.substr(0, slash + 1);
  // "//" or "../" lead nowhere: no key begins so.
  if (!in.empty() && !IsObjectKey(in.substr(0, in.size() - 1))) return 0;
  return Visit(in);
}

bool FileObjectList::Wanted(absl::string_view key) const {
  if (!absl::EndsWith(key, "/")) return key > after_ && absl::StartsWith(key, prefix_);
  return (absl::StartsWith(key, prefix_) || absl::StartsWith(prefix_, key)) &&
         absl::string_view(after_).substr(0, key.size()) <= key;
}

int FileObjectList::Read(const std::string& in, const std::string& after,
                         std::vector<std::string>* entries) {
  const FolderPtr folder(opendir(absl::StrCat(folder_, "/", in).c_str()));
  if (folder == nullptr) return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
  std::priority_queue<std::string> smallest;
  for (;;) {
    errno = 0;
    const dirent* const read = readdir(folder.get());
    if (read == nullptr) break;
    std::string entry = EntryOf(read->d_name);
    if (entry.empty() || entry <= after || !Wanted(absl::StrCat(in, entry))) continue;
    if (smallest.size() == kNamesAtATime && entry >= smallest.top()) continue;
    smallest.push(std::move(entry));
    if (smallest.size() > kNamesAtATime) smallest.pop();
  }
  if (errno != 0) return errno;
  for (; !smallest.empty(); smallest.pop()) entries->push_back(smallest.top());
  std::reverse(entries->begin(), entries->end());
  return 0;
}

int FileObjectList::Add(const std::string& key) {
  struct stat info;
  if (stat(absl::StrCat(folder_, "/", key, kObjectFileSuffix).c_str(), &info) != 0) {
    return errno == ENOENT ? 0 : errno;
  }
  if (!S_ISREG(info.st_mode)) return 0;
  found_.push_back({key, static_cast<uint64_t>(info.st_size), absl::FromTimeT(info.st_mtime)});
  return 0;
}

int FileObjectList::Visit(const std::string& in) {
  std::string last;
  for (;;) {
    std::vector<std::string> entries;
    if (const int error = Read(in, last, &entries); error != 0) return error;
    for (const std::string& entry : entries) {
      const std::string key = absl::StrCat(in, entry);
      if (const int error = absl::EndsWith(key, "/") ? Visit(key) : Add(key); error != 0) {
        return error;
      }
      if (found_.size() == limit_) return 0;
    }
    if (entries.size() < kNamesAtATime) return 0;
    last = entries.back();
  }
}

}  // namespace testselect
