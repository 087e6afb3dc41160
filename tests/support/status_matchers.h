// GoogleTest matchers for absl::Status and absl::StatusOr; the packaged Abseil has none.
//
//   EXPECT_THAT(store.Put(...), IsOk());
//   EXPECT_THAT(Parse(text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 3")));
//   EXPECT_THAT(Parse(text), IsOkAndHolds(Eq(7)));
//   ASSERT_OK_AND_ASSIGN(auto store, Open(path));
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace testselect {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return arg.ok();
}

// The message is compared as a std::string.
MATCHER_P2(StatusIs, code, message, "") {
  const absl::Status& status = StatusOf(arg);
  *result_listener << "which is " << status.ToString() << " ";
  return status.code() == code &&
         ::testing::ExplainMatchResult(message, std::string(status.message()), result_listener);
}
MATCHER_P(StatusIs, code, "") {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

MATCHER_P(IsOkAndHolds, value, "") {
  if (!arg.ok()) {
    *result_listener << "which is " << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

}  // namespace testselect

#define TESTSELECT_CONCAT_INNER_(a, b) a##b
#define TESTSELECT_CONCAT_(a, b) TESTSELECT_CONCAT_INNER_(a, b)

#ifndef ASSERT_OK_AND_ASSIGN
#define ASSERT_OK_AND_ASSIGN(lhs, expr) \
  TESTSELECT_ASSERT_OK_AND_ASSIGN_(TESTSELECT_CONCAT_(status_or_, __LINE__), lhs, expr)
#define TESTSELECT_ASSERT_OK_AND_ASSIGN_(var, lhs, expr)  \
  auto var = (expr);                                      \
  ASSERT_TRUE(var.ok()) << #expr << ": " << var.status(); \
  lhs = *std::move(var)
#endif
