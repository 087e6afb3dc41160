// docs/reasons.md explains every code and no other.
#include "server/selection/reason.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace testselect {
namespace {

std::set<std::string> CodesInDocs() {
  const char* source = std::getenv("TESTSELECT_SOURCE_DIR");
  std::ifstream file(std::string(source == nullptr ? "." : source) + "/docs/reasons.md");
  std::set<std::string> codes;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("| `", 0) == 0) codes.insert(line.substr(3, line.find('`', 3) - 3));
  }
  return codes;
}

TEST(ReasonTest, TheDocumentationListsExactlyTheCodes) {
  std::set<std::string> codes;
  for (uint8_t r = 0; r < static_cast<uint8_t>(ReasonCode::kCount); ++r) {
    codes.insert(std::string(ReasonName(static_cast<ReasonCode>(r))));
  }
  for (uint8_t f = 1; f < kFallbackCodes; ++f) {
    codes.insert(std::string(FallbackName(static_cast<FallbackCode>(f))));
  }
  EXPECT_EQ(CodesInDocs(), codes);
}

}  // namespace
}  // namespace testselect
