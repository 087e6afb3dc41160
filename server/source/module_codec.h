// The persistent form of a cut module.
//
// A record is: kModuleFormat, the table of its names, then packages, imports, classes and units
// with names as positions in that table. It can be made again from the blob any time, so an unknown
// format is not an error of the store but a record to be replaced.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/source/name_table.h"
#include "server/source/unit.h"

namespace testselect {

inline constexpr uint32_t kModuleFormat = 1;

std::string EncodeModule(const SourceModule& module, const NameTable& names);
// kDataLoss for a malformed record, or one of another format. Cost: linear, one lookup per distinct
// name.
absl::StatusOr<SourceModule> DecodeModule(absl::string_view record, NameTable* names);

}  // namespace testselect
