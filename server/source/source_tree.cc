#include "server/source/source_tree.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <thread>
#include <utility>

#include "absl/hash/hash.h"
#include "storage/model/mutex.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

const std::shared_ptr<const SourceModule>& NoModule() {
  static const auto* const none = [] {
    auto module = std::make_shared<SourceModule>();
    module->parsed = false;
    return new std::shared_ptr<const SourceModule>(std::move(module));
  }();
  return *none;
}

// Calls f(i) for 0 <= i < n on a few threads; returns the first error.
template <typename F>
absl::Status ForAll(size_t n, F f) {
  constexpr size_t kWorthAThread = 64;
  const size_t threads =
      std::min<size_t>(std::max(1u, std::thread::hardware_concurrency()), n / kWorthAThread + 1);
  std::atomic<size_t> next{0};
  Mutex mutex;
  absl::Status first;
  const auto work = [&] {
    for (size_t i = next++; i < n; i = next++) {
      if (absl::Status status = f(i); !status.ok()) {
        MutexLock lock(&mutex);
        first.Update(status);
        next = n;
      }
    }
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& thread : others) thread.join();
  return first;
}

}  // namespace

// A hash table of positions in the list of files, at most half full.
class SourceTree::PathTable {
 public:
  explicit PathTable(const std::vector<SourceFile>& files)
      : slots_(std::bit_ceil(2 * files.size() + 1)) {
    for (FileId file = 0; file < files.size(); ++file) {
      const size_t hash = absl::Hash<absl::string_view>()(files[file].path);
      size_t at = hash & (slots_.size() - 1);
      while (slots_[at].file != kNoFile) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = {Tag(hash), file};
    }
  }

  // `files` has the paths that the table was made of.
  FileId Find(absl::string_view path, const std::vector<SourceFile>& files) const {
    const size_t hash = absl::Hash<absl::string_view>()(path);
    for (size_t at = hash & (slots_.size() - 1); slots_[at].file != kNoFile;
         at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.tag == Tag(hash) && files[slot.file].path == path) return slot.file;
    }
    return kNoFile;
  }

 private:
  struct Slot {
    uint32_t tag = 0;  // of the hash, bits that do not choose the slot
    FileId file = kNoFile;
  };
  static uint32_t Tag(size_t hash) { return static_cast<uint32_t>(hash >> 32); }

  std::vector<Slot> slots_;
};

SourceTree::SourceTree(std::vector<SourceFile> files, std::shared_ptr<ModuleSource> modules)
    : source_(std::move(modules)), files_(std::move(files)) {
  languages_.reserve(files_.size());
  for (const SourceFile& file : files_) {
    languages_.push_back(file.regular ? LanguageOf(file.path) : nullptr);
  }
}

absl::StatusOr<std::shared_ptr<const SourceTree>> SourceTree::Build(
    std::vector<SourceFile> files, std::shared_ptr<ModuleSource> modules) {
  std::shared_ptr<SourceTree> tree(new SourceTree(std::move(files), std::move(modules)));
  TS_RETURN_IF_ERROR(tree->LoadModules(nullptr));
  TS_RETURN_IF_ERROR(tree->Link(nullptr));
  return tree;
}

absl::StatusOr<std::shared_ptr<const SourceTree>> SourceTree::Derive(
    const SourceTree& base, std::vector<SourceFile> files, std::shared_ptr<ModuleSource> modules) {
  std::shared_ptr<SourceTree> tree(new SourceTree(std::move(files), std::move(modules)));
  TS_RETURN_IF_ERROR(tree->LoadModules(&base));
  TS_RETURN_IF_ERROR(tree->Link(tree->SameLayout(base) ? &base : nullptr));
  return tree;
}

absl::Status SourceTree::LoadModules(const SourceTree* base) {
  modules_.assign(files_.size(), NoModule());
  std::vector<FileId> missing;
  FileId old = 0;
  for (FileId file = 0; file < files_.size(); ++file) {
    if (languages_[file] == nullptr) continue;
    if (base != nullptr) {
      while (old < base->size() && base->files_[old].path < files_[file].path) ++old;
      if (old < base->size() && base->files_[old].path == files_[file].path &&
          base->files_[old].blob == files_[file].blob && base->languages_[old] != nullptr) {
        modules_[file] = base->modules_[old];
        continue;
      }
    }
    missing.push_back(file);
  }
  std::vector<WantedModule> wanted;
  wanted.reserve(missing.size());
  for (const FileId file : missing) {
    wanted.push_back({languages_[file], files_[file].path, &files_[file].blob});
  }
  source_->Expect(wanted);
  return ForAll(missing.size(), [&](size_t i) -> absl::Status {
    const FileId file = missing[i];
    TS_ASSIGN_OR_RETURN(modules_[file],
                        source_->Module(*languages_[file], files_[file].path, files_[file].blob));
    return absl::OkStatus();
  });
}

bool SourceTree::SameLayout(const SourceTree& base) const {
  if (size() != base.size()) return false;
  for (FileId file = 0; file < size(); ++file) {
    const SourceFile &now = files_[file], &then = base.files_[file];
    if (now.path != then.path || languages_[file] != base.languages_[file]) return false;
    if (now.blob == then.blob) continue;
    if (languages_[file] == nullptr || Module(file).package != base.Module(file).package) {
      return false;
    }
  }
  return true;
}

absl::Status SourceTree::Link(const SourceTree* base) {
  paths_ = base != nullptr ? base->paths_ : std::make_shared<const PathTable>(files_);
  for (const Language* language : languages_) {
    if (language == nullptr || layers_.contains(language)) continue;
    layers_.emplace(language, base != nullptr
                                  ? language->OpenLike(*this, *base->layers_.at(language))
                                  : language->Open(*this));
  }
  import_begin_.reserve(files_.size() + 1);
  if (base != nullptr) imports_.reserve(base->imports_.size() + base->imports_.size() / 8);
  for (FileId file = 0; file < files_.size(); ++file) {
    import_begin_.push_back(static_cast<uint32_t>(imports_.size()));
    if (languages_[file] != nullptr) LinkFile(file, base);
  }
  import_begin_.push_back(static_cast<uint32_t>(imports_.size()));
  std::vector<uint32_t> counts(files_.size() + 1, 0);
  for (FileId target : imports_) ++counts[target + 1];
  for (size_t i = 1; i < counts.size(); ++i) counts[i] += counts[i - 1];
  importer_begin_ = counts;
  importers_.resize(counts.back());
  for (FileId file = 0; file < files_.size(); ++file) {
    for (FileId target : Imports(file)) importers_[counts[target]++] = file;
  }
  MutexLock lock(&unread_mutex_);
  return unread_;
}

// Appends the imports of `file`, those of smaller numbers being there.
void SourceTree::LinkFile(FileId file, const SourceTree* base) {
  if (base != nullptr && base->files_[file].blob == files_[file].blob) {
    const absl::Span<const FileId> known = base->Imports(file);
    imports_.insert(imports_.end(), known.begin(), known.end());
    return;
  }
  std::vector<FileId> imports = layers_.at(languages_[file])->ImportsOf(file);
  std::sort(imports.begin(), imports.end());
  imports.erase(std::unique(imports.begin(), imports.end()), imports.end());
  imports.erase(std::remove(imports.begin(), imports.end(), file), imports.end());
  imports_.insert(imports_.end(), imports.begin(), imports.end());
}

FileId SourceTree::Find(absl::string_view path) const { return paths_->Find(path, files_); }

std::string SourceTree::Text(FileId file) const {
  if (!files_[file].regular) return "";
  auto text = source_->ReadBlob(files_[file].blob);
  if (text.ok()) return *std::move(text);
  MutexLock lock(&unread_mutex_);
  unread_.Update(text.status());
  return "";
}

const TreeLayer* SourceTree::LayerOf(const Language* language) const {
  const auto it = layers_.find(language);
  return it == layers_.end() ? nullptr : it->second.get();
}

}  // namespace testselect
