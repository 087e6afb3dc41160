#include "server/selection/history_columns.h"

#include <algorithm>
#include <string>

#include "storage/model/digest.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

absl::string_view BytesOf(const std::vector<float>& column) {
  return absl::string_view(reinterpret_cast<const char*>(column.data()),
                           column.size() * sizeof(float));
}

Digest DigestOf(const HistoryColumns& columns) {
  DigestStream stream;
  stream.Update(BytesOf(columns.seconds));
  stream.Update(BytesOf(columns.rate));
  for (const DenseLabelSet* set : {&columns.failed, &columns.flaky}) {
    std::string encoded;
    PutBytes(&encoded, EncodeLabelSet(*set));
    stream.Update(encoded);
  }
  return stream.Finish();
}

}  // namespace

std::shared_ptr<const HistoryColumns> HistoryColumns::Of(
    const LabelUniverse& labels, absl::Span<const std::shared_ptr<const JobHistory>> jobs) {
  auto columns = std::make_shared<HistoryColumns>();
  columns->seconds.assign(labels.size(), -1.0f);
  columns->rate.assign(labels.size(), static_cast<float>(LabelHistory().FailureRate()));
  DenseLabelSet seen(labels.size());
  for (const auto& job : jobs) {
    job->ForEach([&](absl::string_view label, const LabelHistory& history) {
      const LabelNumber n = labels.Find(label);
      if (n == kNoLabel) return;
      const auto rate = static_cast<float>(history.FailureRate());
      columns->rate[n] = seen.Contains(n) ? std::max(columns->rate[n], rate) : rate;
      seen.Add(n);
      columns->seconds[n] = std::max(columns->seconds[n], static_cast<float>(history.Seconds()));
      if (history.failed) columns->failed.Add(n);
      if (history.IsKnownFlaky()) columns->flaky.Add(n);
    });
  }
  columns->digest = DigestOf(*columns);
  return columns;
}

}  // namespace testselect
