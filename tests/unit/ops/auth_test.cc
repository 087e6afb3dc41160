#include "server/ops/auth.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_folder.h"

namespace testselect {
namespace {

class TokenSetTest : public ::testing::Test {
 protected:
  std::string WriteTokens(const std::string& text) {
    const std::string path = folder_.Path("tokens");
    std::ofstream(path) << text;
    return path;
  }

  TemporaryFolder folder_;
};

TEST_F(TokenSetTest, EmptySetRequiresNothing) { EXPECT_FALSE(TokenSet().required()); }

TEST_F(TokenSetTest, AllowsExactlyItsTokens) {
  ASSERT_OK_AND_ASSIGN(
      const TokenSet tokens,
      TokenSet::Load(WriteTokens("# ours\n\n  0123456789abcdef \r\nsecond-token-of-ours\n")));
  EXPECT_TRUE(tokens.required());
  EXPECT_TRUE(tokens.Allows("0123456789abcdef"));
  EXPECT_TRUE(tokens.Allows("second-token-of-ours"));
  for (const char* token :
       {"", "0123456789abcde", "0123456789abcdef0", "# ours", "0123456789abcdeF"}) {
    EXPECT_FALSE(tokens.Allows(token)) << token;
  }
}

TEST_F(TokenSetTest, ErrorsNameTheLineAndNeverTheToken) {
  const std::string path = WriteTokens("0123456789abcdef\nhunter2\n");
  const absl::Status status = TokenSet::Load(path).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               "token-file '" + path +
                                   "' line 2: the token has 7 bytes, at least 16 are needed"));
  EXPECT_THAT(TokenSet::Load(WriteTokens("# none\n")),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("has no token")));
  EXPECT_THAT(TokenSet::Load("/no/such/file"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace testselect
