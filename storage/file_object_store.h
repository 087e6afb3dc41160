// The object store in a folder that several machines mount.
#pragma once

#include <memory>
#include <string>

#include "storage/object_store.h"

namespace testselect {

// `folder` is absolute and must exist when the first object is asked for: a mount that is missing
// is kFailedPrecondition, never a new folder on the local disk.
//
// On disk the object "a/b/c" is the file a/b/c@: the "@", which no key has, lets "a/b" be an object
// too. What is being written lies in tmp~/ and gets its name by link(2), which on NFS too has one
// winner; where there are no hard links, by a rename that replaces nothing; a file system that can
// neither (kFailedPrecondition) cannot be shared. Leftovers of dead writers in tmp~/ go after a day
// by the store's clock. The file system must tell upper from lower case. A call takes as long as
// the file system does: ObjectStoreOptions::timeout cannot bound it. Mount NFS with
// lookupcache=positive: else a key that was looked for before it came may seem missing for a while.
std::unique_ptr<ObjectStore> NewFileObjectStore(std::string folder, int parallel);

}  // namespace testselect
