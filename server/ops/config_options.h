// Every setting, as config_table.h offers it: name, place, range, default and what it means.
#pragma once

#include <vector>

#include "server/ops/config_table.h"

namespace testselect {

std::vector<ConfigOption> AllConfigOptions();

}  // namespace testselect
