// What JaCoCo's reports leave out of a method, because the compiler wrote it.
#pragma once

#include <vector>

#include "absl/types/span.h"
#include "server/ingest/java_class.h"
#include "server/ingest/java_code.h"

namespace testselect {

// For each instruction, whether it is left out: methods of the compiler (bridges, accessors, values
// and valueOf of enumerations, members of records, empty private constructors, Lombok's), and parts
// that decide about lines of their own (closing resources, leaving a monitor or a finally block on
// an exception, setting up assertions). What JaCoCo leaves out for branches alone is kept, and so
// is what people annotate as generated. Kotlin's compiler is not known.
std::vector<bool> JacocoLeavesOut(const JavaClass& java, const JavaMethod& method,
                                  absl::Span<const JavaInstruction> code);

}  // namespace testselect
