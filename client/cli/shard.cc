#include "client/cli/shard.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/model/text.h"

namespace testselect::client {

absl::StatusOr<Shard> ParseShard(absl::string_view text) {
  constexpr uint32_t kMaxShards = 10'000;
  const size_t slash = text.find('/');
  Shard shard;
  uint32_t number = 0;
  if (slash == absl::string_view::npos || !absl::SimpleAtoi(text.substr(0, slash), &number) ||
      !absl::SimpleAtoi(text.substr(slash + 1), &shard.count) || number < 1 ||
      number > shard.count || shard.count > kMaxShards) {
    return absl::InvalidArgumentError(
        absl::StrCat("--shard: '", Shorten(text), "' is not I/N with 1 <= I <= N <= ", kMaxShards));
  }
  shard.index = number - 1;
  return shard;
}

}  // namespace testselect::client
