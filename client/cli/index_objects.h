// IndexObjects: named files in a folder or in an object store, as the layout of indexes needs them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/object_store.h"

namespace testselect::client {

// Names have '/' between their parts. Errors: kNotFound; those of the file system or the store.
class IndexObjects {
 public:
  virtual ~IndexObjects() = default;
  virtual absl::StatusOr<std::string> Get(const std::string& name) = 0;
  // Replaces what is there. In an object store there may be none for a moment then.
  virtual absl::Status Put(const std::string& name, absl::string_view bytes) = 0;
  // The names that begin with `prefix`, which ends in '/'; sorted. None where there is no such
  // folder.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& prefix) = 0;
  virtual const std::string& description() const = 0;
};

// Plain files below `folder`, as a tool that copies a bucket leaves them.
std::unique_ptr<IndexObjects> FolderObjects(std::string folder);
std::unique_ptr<IndexObjects> StoreObjects(std::unique_ptr<ObjectStore> store);

// `base`: s3://BUCKET[/PREFIX], file:///FOLDER (an object store in a folder), or a folder of plain
// files. kInvalidArgument.
absl::StatusOr<std::unique_ptr<IndexObjects>> OpenIndexObjects(const std::string& base);

}  // namespace testselect::client
