// ExportIndex: which job's turn it is, and its index as the answer.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/rpc/service_environment.h"
#include "testselect/v1/index.pb.h"

namespace testselect {

// Errors: those of the proto; kDeadlineExceeded while sources are read; kCancelled when `cancelled`
// answers true.
absl::Status ExportAnswer(const ServiceEnvironment& environment,
                          const v1::ExportIndexRequest& request, absl::Time deadline,
                          std::function<bool()> cancelled, v1::ExportIndexResponse* response);

}  // namespace testselect
