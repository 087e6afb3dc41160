// The memory engine of IndexStore: for tests and for looking at a report without storing it.
#pragma once

#include <memory>

#include "storage/index_store.h"

namespace testselect {

std::unique_ptr<IndexStore> NewMemoryIndexStore();

}  // namespace testselect
