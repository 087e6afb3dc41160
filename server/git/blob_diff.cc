#include "server/git/blob_diff.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/git/git_status.h"
#include "server/git/object_reader.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kBytesLookedAt = 8'000;
constexpr size_t kMaxTextBytes = size_t{512} << 20;

struct Content {
  OdbObjectHandle object;  // null: empty
  const char* data = "";
  size_t size = 0;

  bool IsBinary() const {
    return size >= kMaxTextBytes || std::memchr(data, 0, std::min(size, kBytesLookedAt)) != nullptr;
  }
};

absl::StatusOr<Content> Load(git_odb* odb, const ObjectId& blob) {
  Content content;
  if (blob.IsNull()) return content;
  TS_ASSIGN_OR_RETURN(content.object, ReadObject(odb, blob, GIT_OBJECT_BLOB));
  content.data = static_cast<const char*>(git_odb_object_data(content.object.get()));
  content.size = git_odb_object_size(content.object.get());
  return content;
}

int AppendHunk(const git_diff_delta*, const git_diff_hunk* hunk, void* diff) {
  auto number = [](int n) { return static_cast<uint32_t>(n); };
  static_cast<BlobDiff*>(diff)->hunks.push_back({number(hunk->old_start), number(hunk->old_lines),
                                                 number(hunk->new_start), number(hunk->new_lines)});
  return 0;
}

}  // namespace

absl::StatusOr<BlobDiff> DiffBlobPair(git_odb* odb, const ObjectId& old_blob,
                                      const ObjectId& new_blob) {
  BlobDiff diff;
  if (old_blob == new_blob) return diff;
  TS_ASSIGN_OR_RETURN(Content before, Load(odb, old_blob));
  TS_ASSIGN_OR_RETURN(Content after, Load(odb, new_blob));
  diff.binary = before.IsBinary() || after.IsBinary();
  if (diff.binary) return diff;
  git_diff_options options;
  git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
  options.context_lines = 0;
  options.interhunk_lines = 0;
  options.flags = GIT_DIFF_FORCE_TEXT | GIT_DIFF_INDENT_HEURISTIC;  // binary is decided above
  const int rc = git_diff_buffers(before.data, before.size, nullptr, after.data, after.size,
                                  nullptr, &options, nullptr, nullptr, AppendHunk, nullptr, &diff);
  if (rc < 0) {
    return GitError(rc, absl::StrCat("diff of ", old_blob.ToHex(), " and ", new_blob.ToHex()));
  }
  return diff;
}

}  // namespace testselect
