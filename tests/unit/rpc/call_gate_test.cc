#include "server/rpc/call_gate.h"

#include <thread>

#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace testselect {
namespace {

TEST(CallGateTest, LetsNobodyInOnceClosed) {
  CallGate gate;
  EXPECT_TRUE(gate.Enter());
  gate.Close();
  EXPECT_FALSE(gate.Enter());
  gate.Leave();
  EXPECT_FALSE(gate.Enter());
}

TEST(CallGateTest, WaitsForThoseInside) {
  CallGate gate;
  EXPECT_TRUE(gate.WaitEmpty(absl::Now()));
  ASSERT_TRUE(gate.Enter());
  ASSERT_TRUE(gate.Enter());
  EXPECT_FALSE(gate.WaitEmpty(absl::Now()));
  std::thread caller([&] {
    gate.Leave();
    gate.Leave();
  });
  EXPECT_TRUE(gate.WaitEmpty(absl::Now() + absl::Minutes(1)));
  caller.join();
}

}  // namespace
}  // namespace testselect
