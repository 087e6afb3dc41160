// Early return on error, for functions that return absl::Status or absl::StatusOr.
//
//   TS_RETURN_IF_ERROR(store.Put(...));
//   TS_ASSIGN_OR_RETURN(Digest id, Digest::FromHex(text));
//
// The packaged Abseil has no public status_macros.h; this header is the one local stand-in.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define TS_STATUS_CONCAT_INNER_(a, b) a##b
#define TS_STATUS_CONCAT_(a, b) TS_STATUS_CONCAT_INNER_(a, b)

#define TS_RETURN_IF_ERROR(expr)                              \
  do {                                                        \
    if (absl::Status ts_status_ = (expr); !ts_status_.ok()) { \
      return ts_status_;                                      \
    }                                                         \
  } while (false)

#define TS_ASSIGN_OR_RETURN(lhs, expr) \
  TS_ASSIGN_OR_RETURN_IMPL_(TS_STATUS_CONCAT_(ts_status_or_, __LINE__), lhs, expr)

#define TS_ASSIGN_OR_RETURN_IMPL_(var, lhs, expr) \
  auto var = (expr);                              \
  if (!var.ok()) return std::move(var).status();  \
  lhs = *std::move(var)
