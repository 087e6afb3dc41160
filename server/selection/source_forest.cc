#include "server/selection/source_forest.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/selection/turn.h"
#include "server/source/module_codec.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// Larger files are generated, and parsing one would hold up everything: a change is reach.
constexpr size_t kMaxSourceBytes = 8u << 20;

// A tree with more names than that behind links holds links for another purpose than code.
constexpr size_t kMaxAliases = 10'000;

// Fewer files are cut sooner than asked for.
constexpr size_t kWorthFetching = 32;
// How long a shelf is left alone that could not be asked.
constexpr absl::Duration kShelfAway = absl::Minutes(1);

bool IsFile(const TreeEntry& entry) {
  return entry.type == FileType::kRegular || entry.type == FileType::kExecutable;
}

// The repository path that a link at `path` leads to; "" where it leads out of the repository.
std::string TargetOf(absl::string_view path, absl::string_view target) {
  if (absl::StartsWith(target, "/")) return "";
  std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  parts.pop_back();
  for (absl::string_view part : absl::StrSplit(target, '/', absl::SkipEmpty())) {
    if (part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return "";
    } else {
      parts.pop_back();
    }
  }
  return absl::StrJoin(parts, "/");
}

// Adds what is reached through the link `entry`: a file under another name, or a folder's files.
// Errors: those of git, and kResourceExhausted past kMaxAliases.
absl::Status AddAliases(const std::vector<TreeEntry>& entries, const TreeEntry& entry,
                        const GitRepository& git, std::vector<SourceFile>* files, size_t* aliases) {
  TS_ASSIGN_OR_RETURN(const std::string text, git.ReadBlob(entry.blob));
  const std::string target = TargetOf(entry.path, text);
  const std::string folder = target + "/";
  if (target.empty() || absl::StartsWith(entry.path, folder)) return absl::OkStatus();
  const auto by_path = [](const TreeEntry& e, absl::string_view path) {
    return absl::string_view(e.path) < path;
  };
  auto it = std::lower_bound(entries.begin(), entries.end(), target, by_path);
  if (it != entries.end() && it->path == target) {
    ++*aliases;
    if (IsFile(*it)) files->push_back({entry.path, it->blob, true, target});
    return absl::OkStatus();
  }
  for (it = std::lower_bound(entries.begin(), entries.end(), folder, by_path);
       it != entries.end() && absl::StartsWith(it->path, folder); ++it) {
    if (!IsFile(*it)) continue;
    if (++*aliases > kMaxAliases) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "symbolic links lead to more than ", kMaxAliases, " files (at ", entry.path, ")"));
    }
    const absl::string_view inside = absl::string_view(it->path).substr(folder.size());
    files->push_back({absl::StrCat(entry.path, "/", inside), it->blob, true, it->path});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SourceFile>> FilesOf(const std::vector<TreeEntry>& entries,
                                                const GitRepository& git) {
  std::vector<SourceFile> files;
  files.reserve(entries.size());
  size_t aliases = 0;
  for (const TreeEntry& entry : entries) {
    const size_t before = files.size();
    if (entry.type == FileType::kSymlink) {
      TS_RETURN_IF_ERROR(AddAliases(entries, entry, git, &files, &aliases));
    }
    if (files.size() == before) files.push_back({entry.path, entry.blob, IsFile(entry), ""});
  }
  if (aliases > 0) {
    std::sort(files.begin(), files.end(),
              [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  }
  return files;
}

// Dialects of a language are told by the file's suffix.
std::string KeyOf(const Language& language, absl::string_view path, const ObjectId& blob) {
  return absl::StrCat(language.name(), path.substr(std::min(path.rfind('.'), path.size())), ".",
                      language.version(), ".", kModuleFormat, ":", blob.bytes());
}

absl::Status Late() {
  return absl::DeadlineExceededError("the deadline passed while source files were read");
}

}  // namespace

// Cut modules by blob and language, shared by all repositories.
class SourceForest::Modules {
 public:
  Modules(IndexStore* store, const Options& options)
      : store_(*store),
        keep_(options.keep),
        shelf_(options.keep ? options.shelf : nullptr),
        on_fetched_(options.on_fetched),
        now_(options.now),
        cache_(options.module_bytes) {}

  // Has the store what the shelf has of `wanted`, where that saves time.
  void Fetch(absl::string_view repository, absl::Span<const WantedModule> wanted,
             absl::Time deadline) {
    if (shelf_ == nullptr || wanted.size() < kWorthFetching || IsShelfAway()) return;
    std::vector<std::string> missing;
    for (const WantedModule& module : wanted) {
      std::string key = KeyOf(*module.language, module.path, *module.blob);
      if (!IsHere(key)) missing.push_back(std::move(key));
    }
    if (missing.size() < kWorthFetching) return;
    const auto had = shelf_->Fetch(repository, missing, deadline);
    if (!had.ok()) {
      MutexLock lock(&mutex_);
      away_until_ = now_() + kShelfAway;
    } else {
      // What cannot be kept is cut.
      for (const CutSource& source : *had) {
        store_.PutDerived(source.key, source.record).IgnoreError();
      }
    }
    if (!on_fetched_) return;
    on_fetched_(repository, had.ok() ? absl::StatusOr<uint64_t>(had->size()) : had.status());
  }

  absl::StatusOr<std::shared_ptr<const SourceModule>> Find(const GitRepository& git,
                                                           const Language& language,
                                                           absl::string_view path,
                                                           const ObjectId& blob) {
    const std::string key = KeyOf(language, path, blob);
    {
      MutexLock lock(&mutex_);
      if (auto module = cache_.Find(key)) return module;
    }
    if (stopped_) return absl::CancelledError("the service is ending");
    TS_ASSIGN_OR_RETURN(SourceModule made, Make(git, language, path, blob, key));
    auto module = std::make_shared<const SourceModule>(std::move(made));
    MutexLock lock(&mutex_);
    cache_.Insert(key, module, module->memory_bytes() + key.size());
    return module;
  }

  NameTable& names() { return names_; }
  void Stop() { stopped_ = true; }

 private:
  absl::StatusOr<SourceModule> Make(const GitRepository& git, const Language& language,
                                    absl::string_view path, const ObjectId& blob,
                                    const std::string& key) {
    if (const auto record = store_.GetDerived(key); record.ok()) {
      auto module = DecodeModule(*record, &names_);
      if (module.ok()) return module;
    }
    TS_ASSIGN_OR_RETURN(const std::string text, git.ReadBlob(blob));
    SourceModule module;
    if (text.size() > kMaxSourceBytes) {
      module.parsed = false;
      return module;
    }
    module = language.Cut(path, text, &names_);
    // What cannot be kept is cut again next time.
    if (keep_) store_.PutDerived(key, EncodeModule(module, names_)).IgnoreError();
    return module;
  }

  bool IsShelfAway() {
    MutexLock lock(&mutex_);
    return now_() < away_until_;
  }
  bool IsHere(const std::string& key) {
    {
      MutexLock lock(&mutex_);
      if (cache_.Find(key) != nullptr) return true;
    }
    return store_.GetDerived(key).ok();
  }

  IndexStore& store_;
  const bool keep_;
  SourceShelf* const shelf_;  // may be null
  const std::function<void(absl::string_view, const absl::StatusOr<uint64_t>&)> on_fetched_;
  const std::function<absl::Time()> now_;
  std::atomic<bool> stopped_{false};
  NameTable names_;
  Mutex mutex_;
  absl::Time away_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  LruMap<std::string, const SourceModule> cache_ ABSL_GUARDED_BY(mutex_);
};

namespace {

template <typename Modules>
class RepositoryModules final : public ModuleSource {
 public:
  // `late` says that the making must end.
  RepositoryModules(std::shared_ptr<Modules> modules, std::string repository,
                    std::shared_ptr<const GitRepository> git, absl::Time deadline,
                    std::function<bool()> late)
      : modules_(std::move(modules)),
        repository_(std::move(repository)),
        git_(std::move(git)),
        deadline_(deadline),
        late_(std::move(late)) {}
  void Expect(absl::Span<const WantedModule> wanted) override {
    modules_->Fetch(repository_, wanted, deadline_);
  }
  absl::StatusOr<std::shared_ptr<const SourceModule>> Module(const Language& language,
                                                             absl::string_view path,
                                                             const ObjectId& blob) override {
    if (late_()) return Late();
    return modules_->Find(*git_, language, path, blob);
  }
  absl::StatusOr<std::string> ReadBlob(const ObjectId& blob) override {
    return git_->ReadBlob(blob);
  }
  NameTable& names() override { return modules_->names(); }

 private:
  const std::shared_ptr<Modules> modules_;
  const std::string repository_;
  const std::shared_ptr<const GitRepository> git_;
  const absl::Time deadline_;
  const std::function<bool()> late_;
};

}  // namespace

// A tree that is being made or was made: equal requests wait for one computation.
struct SourceForest::TreeSlot {
  Turn turn;
  std::shared_ptr<const SourceTree> tree;  // of who has the turn
};

SourceForest::SourceForest(IndexStore* store, const Options& options)
    : now_(options.now),
      modules_(std::make_shared<Modules>(store, options)),
      trees_(options.trees),
      names_(options.trees / 2),
      homes_(options.trees) {}

SourceForest::~SourceForest() = default;

void SourceForest::Stop() { modules_->Stop(); }

absl::StatusOr<std::shared_ptr<const SourceTree>> SourceForest::Tree(
    absl::string_view repository, const std::shared_ptr<const GitRepository>& git,
    const ObjectId& tree, absl::Time deadline) {
  const std::string key = absl::StrCat(repository, "\n", tree.bytes());
  std::shared_ptr<TreeSlot> slot;
  std::shared_ptr<const SourceTree> base;
  {
    MutexLock lock(&mutex_);
    slot = trees_.Find(key);
    if (slot == nullptr) {
      slot = std::make_shared<TreeSlot>();
      trees_.Insert(key, slot, 1);
    }
    if (const auto it = newest_.find(repository); it != newest_.end()) base = it->second;
  }
  const TurnLock turn(&slot->turn, deadline);
  if (!turn) return Late();
  if (slot->tree != nullptr) return slot->tree;
  if (now_() > deadline) return Late();
  TS_ASSIGN_OR_RETURN(const auto entries, git->ListTree(tree));
  // A tree outlives its making, and reads files then that no deadline is for.
  const auto making = std::make_shared<std::atomic<bool>>(true);
  const absl::Cleanup made = [making] { *making = false; };
  auto source = std::make_shared<RepositoryModules<Modules>>(
      modules_, std::string(repository), git, deadline,
      [this, making, deadline] { return *making && now_() > deadline; });
  TS_ASSIGN_OR_RETURN(std::vector<SourceFile> files, FilesOf(*entries, *git));
  if (base != nullptr) {
    TS_ASSIGN_OR_RETURN(slot->tree, SourceTree::Derive(*base, std::move(files), source));
  } else {
    TS_ASSIGN_OR_RETURN(slot->tree, SourceTree::Build(std::move(files), source));
  }
  MutexLock forest_lock(&mutex_);
  newest_[repository] = slot->tree;
  return slot->tree;
}

std::vector<std::string> SourceForest::KeysOf(const SourceTree& tree) {
  std::vector<std::string> keys;
  for (FileId file = 0; file < tree.size(); ++file) {
    const Language* language = tree.LanguageAt(file);
    if (language == nullptr) continue;
    keys.push_back(KeyOf(*language, tree.Path(file), tree.File(file).blob));
  }
  return keys;
}

bool SourceForest::IsKey(absl::string_view key) {
  const size_t id = ObjectId::kBytes + 1;
  if (key.size() < id || key[key.size() - id] != ':') return false;
  return std::any_of(Languages().begin(), Languages().end(), [&](const Language* language) {
    return absl::StartsWith(key, absl::StrCat(language->name(), "."));
  });
}

std::shared_ptr<const NameIndex> SourceForest::Names(const ObjectId& tree_id,
                                                     const SourceTree& tree) {
  const std::string key(tree_id.bytes());
  {
    MutexLock lock(&mutex_);
    if (auto names = names_.Find(key)) return names;
  }
  auto names = std::make_shared<const NameIndex>(
      NameIndex::Build(tree, /*after=*/false, [](FileId) { return true; }));
  MutexLock lock(&mutex_);
  names_.Insert(key, names, 1);
  return names;
}

std::shared_ptr<const LabelHomes> SourceForest::Homes(const Digest& evidence,
                                                      std::shared_ptr<const LabelUniverse> universe,
                                                      const ObjectId& tree_id,
                                                      std::shared_ptr<const SourceTree> tree) {
  const std::string key = absl::StrCat(evidence.bytes(), tree_id.bytes());
  {
    MutexLock lock(&mutex_);
    if (auto homes = homes_.Find(key)) return homes;
  }
  auto homes = std::make_shared<const LabelHomes>(std::move(universe), std::move(tree));
  MutexLock lock(&mutex_);
  homes_.Insert(key, homes, 1);
  return homes;
}

}  // namespace testselect
