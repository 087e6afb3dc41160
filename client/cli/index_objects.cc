#include "client/cli/index_objects.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/files.h"
#include "storage/model/status_macros.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPage = 1000;

class InFolder final : public IndexObjects {
 public:
  explicit InFolder(std::string folder) : folder_(std::move(folder)) {}

  absl::StatusOr<std::string> Get(const std::string& name) override { return ReadFile(At(name)); }

  absl::Status Put(const std::string& name, absl::string_view bytes) override {
    std::error_code error;
    const fs::path file = At(name);
    fs::create_directories(file.parent_path(), error);
    if (error) return ErrnoStatus(file.parent_path().string(), error.value());
    return WriteFileAtomically(file.string(), bytes);
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& prefix) override {
    std::vector<std::string> names;
    std::error_code error;
    if (!fs::exists(At(prefix), error)) return names;
    for (fs::recursive_directory_iterator it(At(prefix), error), end; !error && it != end;
         it.increment(error)) {
      if (it->is_regular_file(error)) {
        names.push_back(it->path().lexically_relative(folder_).generic_string());
      }
    }
    if (error) return ErrnoStatus(At(prefix), error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  const std::string& description() const override { return folder_; }

 private:
  std::string At(const std::string& name) const { return absl::StrCat(folder_, "/", name); }

  const std::string folder_;
};

class InStore final : public IndexObjects {
 public:
  explicit InStore(std::unique_ptr<ObjectStore> store) : store_(std::move(store)) {}

  absl::StatusOr<std::string> Get(const std::string& name) override { return store_->Get(name); }

  absl::Status Put(const std::string& name, absl::string_view bytes) override {
    const absl::Status created = store_->Create(name, bytes);
    if (!absl::IsAlreadyExists(created)) return created;
    TS_RETURN_IF_ERROR(store_->Delete(name));
    return store_->Create(name, bytes);
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& prefix) override {
    std::vector<std::string> names;
    for (;;) {
      TS_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> page,
                          store_->List(prefix, names.empty() ? "" : names.back(), kPage));
      for (const ObjectInfo& object : page) names.push_back(object.key);
      if (page.size() < kPage) return names;
    }
  }

  const std::string& description() const override { return store_->description(); }

 private:
  const std::unique_ptr<ObjectStore> store_;
};

}  // namespace

std::unique_ptr<IndexObjects> FolderObjects(std::string folder) {
  return std::make_unique<InFolder>(std::move(folder));
}

std::unique_ptr<IndexObjects> StoreObjects(std::unique_ptr<ObjectStore> store) {
  return std::make_unique<InStore>(std::move(store));
}

absl::StatusOr<std::unique_ptr<IndexObjects>> OpenIndexObjects(const std::string& base) {
  if (!absl::StrContains(base, "://")) {
    absl::string_view folder = base;
    while (folder.size() > 1 && folder.back() == '/') folder.remove_suffix(1);
    return FolderObjects(std::string(folder));
  }
  ObjectStoreOptions options;
  options.url = base;
  TS_ASSIGN_OR_RETURN(std::unique_ptr<ObjectStore> store, OpenObjectStore(options));
  return StoreObjects(std::move(store));
}

}  // namespace testselect::client
