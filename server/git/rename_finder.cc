#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/git/git_status.h"
#include "server/git/object_reader.h"
#include "server/git/tree_diff.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr int kMinSimilarity = 50;  // percent, git's default
constexpr size_t kMaxPairs = 1'000'000;
constexpr size_t kMaxBytes = 8 << 20;

absl::string_view BaseName(absl::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

bool IsRegular(FileType type) {
  return type == FileType::kRegular || type == FileType::kExecutable;
}

class RenameFinder {
 public:
  RenameFinder(git_odb* odb, std::vector<FileChange>* changes) : odb_(odb), changes_(*changes) {
    for (size_t i = 0; i < changes_.size(); ++i) {
      if (changes_[i].kind == ChangeKind::kDeleted) deleted_.emplace_back(i);
      if (changes_[i].kind == ChangeKind::kAdded) added_.emplace_back(i);
    }
  }

  absl::Status Run() {
    if (deleted_.empty() || added_.empty()) return absl::OkStatus();
    JoinEqualContent();
    TS_RETURN_IF_ERROR(JoinSimilar());
    std::erase_if(changes_, [](const FileChange& c) {
      return c.kind == ChangeKind::kDeleted && c.old_path.empty();  // joined
    });
    return absl::OkStatus();
  }

 private:
  struct Candidate {
    explicit Candidate(size_t position) : change(position) {}
    size_t change;  // its position in changes_
    bool joined = false;
    size_t bytes = 0;
    HashsigHandle signature;  // null: too small or too large to compare
  };

  // `added` becomes the rename; the deletion is emptied, to be erased at the end.
  void Join(Candidate& deleted, Candidate& added) {
    FileChange& from = changes_[deleted.change];
    FileChange& to = changes_[added.change];
    to.kind = ChangeKind::kRenamed;
    to.old_path = std::move(from.old_path);
    to.old_blob = from.old_blob;
    to.old_type = from.old_type;
    from.old_path.clear();
    deleted.joined = added.joined = true;
  }

  bool SameBaseName(const Candidate& deleted, const Candidate& added) const {
    return BaseName(changes_[deleted.change].old_path) == BaseName(changes_[added.change].new_path);
  }

  // First where the base name stayed, then wherever.
  void JoinEqualContent() {
    for (const bool same_name : {true, false}) {
      auto key = [same_name](const ObjectId& blob, FileType type, absl::string_view path) {
        return std::make_tuple(blob, type == FileType::kSymlink,
                               std::string(same_name ? BaseName(path) : absl::string_view()));
      };
      absl::flat_hash_map<std::tuple<ObjectId, bool, std::string>, std::vector<Candidate*>> sources;
      for (size_t i = deleted_.size(); i-- > 0;) {  // the last of a list is the first by path
        const FileChange& c = changes_[deleted_[i].change];
        if (deleted_[i].joined || c.old_type == FileType::kSubmodule) continue;
        sources[key(c.old_blob, c.old_type, c.old_path)].push_back(&deleted_[i]);
      }
      for (Candidate& a : added_) {
        const FileChange& c = changes_[a.change];
        if (a.joined || c.new_type == FileType::kSubmodule) continue;
        auto it = sources.find(key(c.new_blob, c.new_type, c.new_path));
        if (it == sources.end() || it->second.empty()) continue;
        Join(*it->second.back(), a);
        it->second.pop_back();
      }
    }
  }

  absl::Status Sign(const ObjectId& blob, Candidate* candidate) {
    const git_oid oid = ToOid(blob);
    git_object_t type = GIT_OBJECT_INVALID;
    if (int rc = git_odb_read_header(&candidate->bytes, &type, odb_, &oid); rc < 0) {
      return GitError(rc, "blob " + blob.ToHex());
    }
    if (candidate->bytes > kMaxBytes || candidate->bytes == 0) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(OdbObjectHandle object, ReadObject(odb_, blob, GIT_OBJECT_BLOB));
    const auto* data = static_cast<const char*>(git_odb_object_data(object.get()));
    const int rc = git_hashsig_create(
        Out(candidate->signature), data, git_odb_object_size(object.get()),
        static_cast<git_hashsig_option_t>(GIT_HASHSIG_NORMAL | GIT_HASHSIG_ALLOW_SMALL_FILES));
    if (rc < 0 && rc != GIT_EBUFS) return GitError(rc, "signature of blob " + blob.ToHex());
    return absl::OkStatus();
  }

  // The regular files of `all` that are still alone.
  std::vector<Candidate*> Rest(std::vector<Candidate>& all, bool old_side) {
    std::vector<Candidate*> rest;
    for (Candidate& c : all) {
      const FileChange& change = changes_[c.change];
      if (!c.joined && IsRegular(old_side ? change.old_type : change.new_type)) rest.push_back(&c);
    }
    return rest;
  }

  struct Match {
    int score;
    bool same_name;
    Candidate* deleted;
    Candidate* added;
  };

  // The similarity of one pair in percent; -1 where it cannot reach the minimum.
  static int Score(const Candidate& d, const Candidate& a) {
    if (!d.signature || !a.signature) return -1;
    if (std::min(d.bytes, a.bytes) * 100 < std::max(d.bytes, a.bytes) * kMinSimilarity) return -1;
    return git_hashsig_compare(d.signature.get(), a.signature.get());
  }

  absl::Status JoinSimilar() {
    const std::vector<Candidate*> from = Rest(deleted_, true);
    const std::vector<Candidate*> to = Rest(added_, false);
    if (from.empty() || to.empty() || from.size() * to.size() > kMaxPairs) return absl::OkStatus();
    for (Candidate* d : from) TS_RETURN_IF_ERROR(Sign(changes_[d->change].old_blob, d));
    for (Candidate* a : to) TS_RETURN_IF_ERROR(Sign(changes_[a->change].new_blob, a));
    std::vector<Match> matches;
    for (Candidate* a : to) {
      for (Candidate* d : from) {
        const int score = Score(*d, *a);
        if (score >= kMinSimilarity) matches.push_back({score, SameBaseName(*d, *a), d, a});
      }
    }
    std::stable_sort(matches.begin(), matches.end(), [](const Match& x, const Match& y) {
      return std::make_pair(x.score, x.same_name) > std::make_pair(y.score, y.same_name);
    });
    for (const Match& m : matches) {
      if (!m.deleted->joined && !m.added->joined) Join(*m.deleted, *m.added);
    }
    return absl::OkStatus();
  }

  git_odb* const odb_;
  std::vector<FileChange>& changes_;
  std::vector<Candidate> deleted_, added_;
};

}  // namespace

absl::Status FindRenames(git_odb* odb, std::vector<FileChange>* changes) {
  return RenameFinder(odb, changes).Run();
}

}  // namespace testselect
