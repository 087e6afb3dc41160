// SourceTree: the code of one commit, cut into units, and which file imports which.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/source/language.h"
#include "server/source/name_table.h"
#include "server/source/unit.h"
#include "storage/model/mutex.h"
#include "storage/model/object_id.h"

namespace testselect {

// A file of a tree, as git lists it. Only regular files can be code.
struct SourceFile {
  std::string path;
  ObjectId blob;
  bool regular = true;
  std::string alias_of;  // the path that a symbolic link leads to: the blob is that file's
};

struct WantedModule {
  const Language* language;
  absl::string_view path;
  const ObjectId* blob;
};

// Where modules and bytes come from. Thread-safe.
class ModuleSource {
 public:
  virtual ~ModuleSource() = default;
  // Module will be called for each of these: what is far away may be fetched all at once.
  virtual void Expect(absl::Span<const WantedModule> wanted) { (void)wanted; }
  // The units of a blob. Errors: those of reading it.
  virtual absl::StatusOr<std::shared_ptr<const SourceModule>> Module(const Language& language,
                                                                     absl::string_view path,
                                                                     const ObjectId& blob) = 0;
  virtual absl::StatusOr<std::string> ReadBlob(const ObjectId& blob) = 0;
  virtual NameTable& names() = 0;
};

// Immutable and thread-safe once built. Memory: about 100 bytes a file, beside its module.
class SourceTree final : public TreeView {
 public:
  // `files` ascend by path. Errors: those of `modules`. Cost: cuts what `modules` does not have,
  // then resolves every import.
  static absl::StatusOr<std::shared_ptr<const SourceTree>> Build(
      std::vector<SourceFile> files, std::shared_ptr<ModuleSource> modules);
  // The tree of `files`, taking from `base` what is the same. Cost: copying the list of files, the
  // changed modules, and all imports where paths or configuration came, went or changed.
  static absl::StatusOr<std::shared_ptr<const SourceTree>> Derive(
      const SourceTree& base, std::vector<SourceFile> files, std::shared_ptr<ModuleSource> modules);

  size_t size() const override { return files_.size(); }
  absl::string_view Path(FileId file) const override { return files_[file].path; }
  FileId Find(absl::string_view path) const override;
  bool IsCode(FileId file) const override { return languages_[file] != nullptr; }
  const SourceModule& Module(FileId file) const override { return *modules_[file]; }
  // While a tree is made, a file that cannot be read fails the making: imports would be missing.
  std::string Text(FileId file) const override;
  NameTable& names() const override { return source_->names(); }

  const std::vector<SourceFile>& files() const { return files_; }
  const SourceFile& File(FileId file) const { return files_[file]; }
  // Null for what is not code.
  const Language* LanguageAt(FileId file) const { return languages_[file]; }
  // The layer of a file's language; it must be code.
  const TreeLayer& LayerAt(FileId file) const { return *layers_.at(languages_[file]); }
  // Null where no file of that language is in the tree.
  const TreeLayer* LayerOf(const Language* language) const;
  // Files that `file` brings along, ascending; and those that bring `file` along.
  absl::Span<const FileId> Imports(FileId file) const {
    return absl::MakeConstSpan(imports_).subspan(import_begin_[file],
                                                 import_begin_[file + 1] - import_begin_[file]);
  }
  absl::Span<const FileId> Importers(FileId file) const {
    return absl::MakeConstSpan(importers_)
        .subspan(importer_begin_[file], importer_begin_[file + 1] - importer_begin_[file]);
  }

 private:
  SourceTree(std::vector<SourceFile> files, std::shared_ptr<ModuleSource> modules);
  absl::Status LoadModules(const SourceTree* base);
  absl::Status Link(const SourceTree* base);
  void LinkFile(FileId file, const SourceTree* base);
  // Finds files by path. Has no paths itself, so that trees with the same paths share one.
  class PathTable;

  // Whether the imports of unchanged files are those of `base`: the same paths, and no other file
  // changed than code.
  bool SameLayout(const SourceTree& base) const;

  std::shared_ptr<ModuleSource> source_;
  std::vector<SourceFile> files_;
  std::vector<const Language*> languages_;
  std::vector<std::shared_ptr<const SourceModule>> modules_;
  absl::flat_hash_map<const Language*, std::unique_ptr<TreeLayer>> layers_;
  std::shared_ptr<const PathTable> paths_;
  std::vector<uint32_t> import_begin_;
  std::vector<FileId> imports_;
  std::vector<uint32_t> importer_begin_;
  std::vector<FileId> importers_;
  mutable Mutex unread_mutex_;
  mutable absl::Status unread_ ABSL_GUARDED_BY(unread_mutex_);  // the first error of Text
};

}  // namespace testselect
