#include "server/git/shallow_border.h"

#include <fstream>

#include "absl/status/statusor.h"

namespace testselect {

std::shared_ptr<const absl::flat_hash_set<ObjectId>> ShallowBorder::Now() const {
  Stamp now;
  if (struct stat st; stat(file_.c_str(), &st) == 0) now = {st.st_mtim, st.st_size, st.st_ino};
  MutexLock lock(&mutex_);
  if (border_ != nullptr && Same(now, stamp_)) return border_;
  auto border = std::make_shared<absl::flat_hash_set<ObjectId>>();
  std::ifstream in(file_);
  for (std::string line; std::getline(in, line);) {
    absl::StatusOr<ObjectId> id = ObjectId::FromHex("shallow", line);
    if (id.ok()) border->insert(*id);
  }
  stamp_ = now;
  border_ = std::move(border);
  return border_;
}

}  // namespace testselect
