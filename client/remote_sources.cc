#include "client/remote_sources.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/status_mapping.h"
#include "storage/model/status_macros.h"
#include "testselect/v1/structure.grpc.pb.h"

namespace testselect::client {
namespace {

constexpr size_t kKeysOfACall = 20'000;
constexpr absl::Duration kCallTime = absl::Seconds(10);

}  // namespace

absl::StatusOr<std::vector<CutSource>> RemoteSources::Fetch(absl::string_view,
                                                            absl::Span<const std::string> keys,
                                                            absl::Time deadline) {
  const auto stub = v1::StructureService::NewStub(server_->channel());
  std::vector<CutSource> sources;
  while (!keys.empty()) {
    v1::GetSourcesRequest request;
    for (const std::string& key : keys.first(std::min(keys.size(), kKeysOfACall))) {
      request.add_keys(key);
    }
    v1::GetSourcesResponse response;
    auto context = server_->NewContext(std::min(deadline, absl::Now() + kCallTime));
    TS_RETURN_IF_ERROR(FromGrpcStatus("fetching cut sources",
                                      stub->GetSources(context.get(), request, &response)));
    if (response.answered() == 0 || response.answered() > keys.size()) {
      return absl::InternalError(absl::StrCat("the server answered ", response.answered(), " of ",
                                              request.keys_size(), " names of cut sources"));
    }
    const absl::flat_hash_set<absl::string_view> asked(keys.begin(),
                                                       keys.begin() + response.answered());
    for (v1::CutSource& source : *response.mutable_sources()) {
      if (!asked.contains(source.key())) continue;
      sources.push_back({std::move(*source.mutable_key()), std::move(*source.mutable_record())});
    }
    keys.remove_prefix(response.answered());
  }
  return sources;
}

}  // namespace testselect::client
