#include "tests/load/parse_floor.h"

#include <git2.h>
#include <tree_sitter/api.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

extern "C" const TSLanguage* tree_sitter_python(void);

namespace testselect::load {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
using Tree = std::unique_ptr<git_tree, Freer<git_tree_free>>;
using Diff = std::unique_ptr<git_diff, Freer<git_diff_free>>;

absl::Status GitError(absl::string_view what) {
  const git_error* const error = git_error_last();
  return absl::InternalError(absl::StrCat(what, ": ", error != nullptr ? error->message : "?"));
}

absl::StatusOr<Tree> TreeOf(git_repository* repository, const std::string& commit) {
  git_object* object = nullptr;
  const std::string spec = commit + "^{tree}";
  if (git_revparse_single(&object, repository, spec.c_str()) != 0) return GitError(commit);
  return Tree(reinterpret_cast<git_tree*>(object));
}

}  // namespace

struct ParseFloor::Handles {
  std::unique_ptr<git_repository, Freer<git_repository_free>> repository;
  std::unique_ptr<TSParser, Freer<ts_parser_delete>> parser;
};

ParseFloor::ParseFloor(std::unique_ptr<Handles> handles) : handles_(std::move(handles)) {}

ParseFloor::~ParseFloor() {
  handles_.reset();
  git_libgit2_shutdown();
}

absl::StatusOr<std::unique_ptr<ParseFloor>> ParseFloor::Open(const std::string& git_dir) {
  git_libgit2_init();
  auto handles = std::make_unique<Handles>();
  handles->parser.reset(ts_parser_new());
  std::unique_ptr<ParseFloor> floor(new ParseFloor(std::move(handles)));
  git_repository* repository = nullptr;
  if (git_repository_open_bare(&repository, git_dir.c_str()) != 0) return GitError(git_dir);
  floor->handles_->repository.reset(repository);
  if (!ts_parser_set_language(floor->handles_->parser.get(), tree_sitter_python())) {
    return absl::InternalError("the grammar's version does not fit the library's");
  }
  return floor;
}

absl::StatusOr<std::vector<std::string>> ParseFloor::ChangedBlobs(const std::string& base,
                                                                  const std::string& head) {
  git_repository* const repository = handles_->repository.get();
  TS_ASSIGN_OR_RETURN(const Tree old_tree, TreeOf(repository, base));
  TS_ASSIGN_OR_RETURN(const Tree new_tree, TreeOf(repository, head));
  git_diff* raw = nullptr;
  if (git_diff_tree_to_tree(&raw, repository, old_tree.get(), new_tree.get(), nullptr) != 0) {
    return GitError("diff");
  }
  const Diff diff(raw);
  std::vector<std::string> blobs;
  for (size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_file& file = git_diff_get_delta(diff.get(), i)->new_file;
    if (!git_oid_is_zero(&file.id) && absl::EndsWith(file.path, ".py")) {
      blobs.emplace_back(reinterpret_cast<const char*>(file.id.id), GIT_OID_RAWSZ);
    }
  }
  return blobs;
}

absl::StatusOr<uint64_t> ParseFloor::Run(const std::vector<std::string>& blobs) {
  uint64_t bytes = 0;
  for (const std::string& id : blobs) {
    git_oid oid;
    git_oid_fromraw(&oid, reinterpret_cast<const unsigned char*>(id.data()));
    git_blob* raw = nullptr;
    if (git_blob_lookup(&raw, handles_->repository.get(), &oid) != 0) return GitError("blob");
    const std::unique_ptr<git_blob, Freer<git_blob_free>> blob(raw);
    const auto* const text = static_cast<const char*>(git_blob_rawcontent(raw));
    const auto size = static_cast<uint32_t>(git_blob_rawsize(raw));
    const std::unique_ptr<TSTree, Freer<ts_tree_delete>> tree(
        ts_parser_parse_string(handles_->parser.get(), nullptr, text, size));
    if (tree == nullptr) return absl::InternalError("a blob was not parsed");
    bytes += size;
  }
  return bytes;
}

}  // namespace testselect::load
