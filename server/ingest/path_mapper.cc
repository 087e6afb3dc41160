#include "server/ingest/path_mapper.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"
#include "storage/model/text.h"

namespace testselect {
namespace {

constexpr size_t kMaxPathBytes = 64 << 10;
constexpr size_t kExamples = 5;

bool HasDrive(absl::string_view path) {
  return path.size() > 2 && absl::ascii_isalpha(static_cast<unsigned char>(path[0])) &&
         path[1] == ':' && (path[2] == '\\' || path[2] == '/');
}

std::string FromLatin1(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) out.push_back(static_cast<char>(0xC0 | byte >> 6));
    out.push_back(byte < 0x80 ? c : static_cast<char>(0x80 | (byte & 0x3F)));
  }
  return out;
}

bool IsAbsolute(absl::string_view path) { return absl::StartsWith(path, "/") || HasDrive(path); }

// Resolves "." and "..", drops double slashes. "" where ".." leads out of the top.
std::string Resolve(absl::string_view path) {
  const bool rooted = absl::StartsWith(path, "/");
  std::vector<absl::string_view> parts;
  for (const absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part == ".") continue;
    if (part == "..") {
      if (parts.empty()) return "";
      parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  return absl::StrCat(rooted ? "/" : "", absl::StrJoin(parts, "/"));
}

// The name as far as separators go. A backslash separates where the name is a Windows one.
std::string Normalise(absl::string_view path) {
  std::string out(absl::StripPrefix(path, "file://"));
  if (HasDrive(out) || !absl::StrContains(out, '/')) {
    std::replace(out.begin(), out.end(), '\\', '/');
  }
  if (HasDrive(out)) out[0] = absl::ascii_toupper(static_cast<unsigned char>(out[0]));
  return out;
}

// Names that tools add on every machine: packages installed elsewhere, standard libraries, code
// without a file.
bool IsForeign(absl::string_view name, bool absolute) {
  const std::string path = absolute ? std::string(name) : absl::StrCat("/", name);
  if (absl::StrContains(path, "/<") || absl::StrContains(path, "/node:")) return true;
  for (const absl::string_view folder :
       {"/site-packages/", "/dist-packages/", "/node_modules/", "/go/pkg/mod/", "/.cargo/registry/",
        "/.pyenv/versions/", "/lib/python2", "/lib/python3"}) {
    if (absl::StrContains(path, folder)) return true;
  }
  if (!absolute) return false;
  for (const absl::string_view top :
       {"/usr/lib/", "/usr/lib64/", "/usr/include/", "/usr/share/", "/usr/local/lib/",
        "/usr/local/include/", "/usr/local/go/", "/lib/", "/lib64/", "/rustc/", "/nix/store/",
        "/opt/hostedtoolcache/"}) {
    if (absl::StartsWith(path, top)) return true;
  }
  return false;
}

bool TouchesGitFolder(absl::string_view path) {
  return absl::StartsWith(path, ".git/") || absl::StrContains(path, "/.git/") || path == ".git";
}

absl::string_view BaseName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

absl::Status CheckRule(absl::string_view field, absl::string_view value) {
  if (value.find('\0') != absl::string_view::npos || value.size() > kMaxPathBytes ||
      (!value.empty() && Resolve(Normalise(value)).empty() && value != "/")) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": ", Quoted(value),
                                                   " is no path (at most ", kMaxPathBytes,
                                                   " bytes, not above its own top)"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PathMapper> PathMapper::Create(PathRules rules,
                                              std::vector<std::string> tree_paths) {
  TS_RETURN_IF_ERROR(CheckRule("path_root", rules.root));
  TS_RETURN_IF_ERROR(CheckRule("path_prefix", rules.prefix));
  if (IsAbsolute(rules.prefix)) {
    return absl::InvalidArgumentError(absl::StrCat("path_prefix: ", Quoted(rules.prefix),
                                                   " must be relative to the repository's top"));
  }
  PathMapper mapper;
  mapper.rules_.root = Resolve(Normalise(rules.root));
  mapper.rules_.prefix = Resolve(Normalise(rules.prefix));
  mapper.rules_.keep_foreign = rules.keep_foreign;
  mapper.has_tree_ = !tree_paths.empty();
  for (std::string& path : tree_paths) {
    mapper.by_base_name_[BaseName(path)].push_back(path);
    mapper.tree_.insert(std::move(path));
  }
  return mapper;
}

absl::StatusOr<std::string> PathMapper::Clean(absl::string_view report_path) const {
  if (report_path.empty()) return absl::InvalidArgumentError("a file name is empty");
  if (report_path.size() > kMaxPathBytes) {
    return absl::InvalidArgumentError(absl::StrCat("file name ", Quoted(report_path),
                                                   " is longer than ", kMaxPathBytes, " bytes"));
  }
  if (report_path.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("file name ", Quoted(report_path), " holds a NUL byte"));
  }
  return Normalise(report_path);
}

// The one file of the tree that ends in the whole name.
PathMapper::Candidate PathMapper::FindLonger(const std::string& name) const {
  const auto found = by_base_name_.find(BaseName(name));
  if (found == by_base_name_.end()) return {};
  const std::string suffix = absl::StrCat("/", name);
  Candidate only;
  size_t count = 0;
  for (const std::string& path : found->second) {
    if (!absl::EndsWith(path, suffix)) continue;
    Candidate candidate{Match::kSuffix, path, "", path.substr(0, path.size() - name.size())};
    if (additions_.contains(candidate.added)) return candidate;
    only = std::move(candidate);
    ++count;
  }
  return count == 1 ? only : Candidate{};
}

PathMapper::Candidate PathMapper::FindInTree(const std::string& name, bool absolute) const {
  if (!absolute && tree_.contains(name)) return {Match::kExact, name, "", ""};
  Candidate longest;
  for (size_t slash = name.find('/'); slash != std::string::npos;
       slash = name.find('/', slash + 1)) {
    const std::string rest = name.substr(slash + 1);
    if (!tree_.contains(rest)) continue;
    Candidate candidate{Match::kSuffix, rest, name.substr(0, slash + 1), ""};
    if (cuts_.contains(candidate.cut)) return candidate;
    // "setup.py" alone says too little about where an absolute name's top is.
    const bool enough = !absolute || absl::StrContains(rest, '/');
    if (longest.match == Match::kNone && enough) longest = std::move(candidate);
  }
  if (longest.match != Match::kNone || absolute) return longest;
  return FindLonger(name);
}

PathMapper::Candidate PathMapper::Find(absl::string_view report_path) const {
  std::string name(report_path);
  if (!IsUtf8(name)) name = FromLatin1(name);
  bool absolute = IsAbsolute(name);
  name = Resolve(name);
  if (name.empty()) return {};
  const std::string& root = rules_.root;
  bool below_root = false;
  if (!root.empty() && absl::StartsWith(name, root) &&
      (root == "/" || (name.size() > root.size() && name[root.size()] == '/'))) {
    name = name.substr(root == "/" ? 1 : root.size() + 1);
    below_root = true;
    absolute = false;
  }
  if (!absolute && !rules_.prefix.empty()) name = absl::StrCat(rules_.prefix, "/", name);
  if (TouchesGitFolder(name)) return {};
  if (has_tree_ && !absolute && tree_.contains(name)) return {Match::kExact, name, "", ""};
  if (IsForeign(name, absolute)) {
    return {Match::kForeign, rules_.keep_foreign && absolute ? name : "", "", ""};
  }
  if (has_tree_) return FindInTree(name, absolute);
  if (absolute) return {};
  // Without a tree, what lies below the root is as good as known.
  return {below_root ? Match::kExact : Match::kUnknown, name, "", ""};
}

std::string PathMapper::Remember(absl::string_view shown, Candidate found) {
  if (!found.cut.empty()) cuts_.insert(found.cut);
  if (!found.added.empty()) additions_.insert(found.added);
  if (found.match == Match::kNone) {
    ++missed_;
    if (examples_.size() < kExamples) examples_.push_back(Quoted(shown));
  } else if (found.match != Match::kForeign) {
    ++mapped_;
  }
  known_.emplace(shown, found.path);
  return std::move(found.path);
}

absl::StatusOr<std::string> PathMapper::Map(absl::string_view report_path) {
  TS_ASSIGN_OR_RETURN(const std::string name, Clean(report_path));
  if (const auto found = known_.find(name); found != known_.end()) return found->second;
  return Remember(name, Find(name));
}

std::string PathMapper::Spell(absl::string_view report_path) const {
  const absl::StatusOr<std::string> name = Clean(report_path);
  if (!name.ok()) return std::string(report_path);
  Candidate found = Find(*name);
  return found.path.empty() ? std::string(report_path) : std::move(found.path);
}

absl::StatusOr<std::string> PathMapper::MapAmong(absl::Span<const std::string> spellings) {
  std::vector<std::string> names;
  for (const std::string& spelling : spellings) {
    TS_ASSIGN_OR_RETURN(std::string name, Clean(spelling));
    names.push_back(std::move(name));
  }
  const std::string key = absl::StrJoin(names, "\n");
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  Candidate best;
  for (const std::string& name : names) {
    Candidate candidate = Find(name);
    if (candidate.match < best.match) best = std::move(candidate);
    if (best.match <= Match::kSuffix) break;  // a file of the repository: the first one counts
  }
  const std::string path = best.path;
  Remember(names.back(), std::move(best));
  known_.emplace(key, path);
  return path;
}

std::string PathMapper::MissWarning() const {
  if (missed_ == 0) return "";
  return absl::StrCat(missed_, " of ", missed_ + mapped_,
                      " file names of the reports are none of the repository's and are left out, "
                      "such as ",
                      absl::StrJoin(examples_, ", "));
}

absl::Status PathMapper::CheckMisses() const {
  if (missed_ <= mapped_) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(missed_, " of ", missed_ + mapped_,
                   " file names of the reports are none of the repository's, such as ",
                   absl::StrJoin(examples_, ", "),
                   "; is the commit right? Else name the folder that the tests ran in (--path-root "
                   "DIR), or where "
                   "it lies in the repository (--path-prefix P)"));
}

}  // namespace testselect
