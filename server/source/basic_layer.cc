#include "server/source/basic_layer.h"

#include <algorithm>

namespace testselect {

Definitions::Definitions(const TreeView& tree, absl::Span<const FileId> files)
    : tree_(tree), files_(files) {}

void Definitions::Make() const {
  for (const FileId file : files_) {
    if (!tree_.IsCode(file)) continue;
    for (const Unit& unit : tree_.Module(file).units) {
      if (unit.kind != UnitKind::kBody && unit.kind != UnitKind::kClass) continue;
      const absl::string_view key = tree_.names().Name(unit.key);
      const size_t mark = key.find('#');
      const NameId plain =
          mark == absl::string_view::npos ? unit.key : tree_.names().Intern(key.substr(0, mark));
      std::vector<FileId>& found = files_of_[plain];
      if (found.empty() || found.back() != file) found.push_back(file);
    }
  }
}

absl::Span<const FileId> Definitions::Of(absl::string_view key) const {
  absl::call_once(made_, [this] { Make(); });
  const auto it = files_of_.find(tree_.names().Find(key));
  return it == files_of_.end() ? absl::Span<const FileId>() : absl::MakeConstSpan(it->second);
}

void MakeSet(FileId file, std::vector<FileId>* files) {
  std::sort(files->begin(), files->end());
  files->erase(std::unique(files->begin(), files->end()), files->end());
  const auto it = std::lower_bound(files->begin(), files->end(), file);
  if (it != files->end() && *it == file) files->erase(it);
}

std::vector<FileId> BasicLayer::ImportsOf(FileId file) const {
  std::vector<FileId> out;
  for (const ImportSource& source : tree_.Module(file).imports) {
    const std::vector<FileId> found = Resolve(file, source);
    out.insert(out.end(), found.begin(), found.end());
  }
  MakeSet(file, &out);
  return out;
}

}  // namespace testselect
