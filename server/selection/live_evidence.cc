#include "server/selection/live_evidence.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

absl::Status OpenSegments(const IndexStore& store, const Resolution& resolution,
                          OpenEvidence* out) {
  size_t layer_number = 0;
  for (const JobChain& chain : resolution.chains) {
    for (const Layer& layer : chain.layers) {
      ++layer_number;
      for (const SegmentInfo& info : layer.segments) {
        auto segment = store.Open(info.id);
        if (!segment.ok()) {
          return absl::Status(segment.status().code(),
                              absl::StrCat("A segment of commit ", info.header.commit.ToHex(),
                                           " cannot be read: ", segment.status().message(), "."));
        }
        LiveSegment& opened = out->segments.emplace_back();
        opened.segment = *std::move(segment);
        opened.labels = opened.segment->labels();
        opened.job = chain.use.job;
        opened.commit = info.header.commit;
        opened.tree = layer.tree;
        opened.layer = layer_number;
      }
    }
  }
  return absl::OkStatus();
}

// Which labels the newer layers of a chain have, while its segments pass, newest first.
class Claims {
 public:
  void Pass(const LiveSegment& segment) {
    if (job_ == nullptr || *job_ != segment.job) {
      newer_.Clear();
      this_layer_.Clear();
    } else if (layer_ != segment.layer) {
      newer_ |= this_layer_;
      this_layer_.Clear();
    }
    job_ = &segment.job;
    layer_ = segment.layer;
  }
  bool HasNewer(LabelNumber label) const { return newer_.Contains(label); }
  void Claim(LabelNumber label) { this_layer_.Add(label); }

 private:
  DenseLabelSet newer_, this_layer_;
  const JobKey* job_ = nullptr;
  size_t layer_ = 0;
};

}  // namespace

absl::StatusOr<OpenEvidence> OpenLiveEvidence(const IndexStore& store,
                                              const Resolution& resolution) {
  OpenEvidence out;
  std::vector<Digest> ids;
  for (const SegmentInfo& segment : SegmentsOf(resolution)) ids.push_back(segment.id);
  store.Prefetch(ids);
  TS_RETURN_IF_ERROR(OpenSegments(store, resolution, &out));
  std::vector<std::shared_ptr<const LabelDictionary>> dictionaries;
  for (const LiveSegment& s : out.segments) dictionaries.push_back(s.labels);
  out.labels = LabelUniverse::Of(dictionaries);
  Claims claims;
  for (LiveSegment& s : out.segments) {
    claims.Pass(s);
    s.segment->ran().ForEach([&](LabelNumber n) {
      const LabelNumber here = out.labels->Number(*s.labels, n);
      if (claims.HasNewer(here)) return;
      s.live.Add(n);
      s.live_here.Add(here);
      claims.Claim(here);
    });
    out.known |= s.live_here;
  }
  return out;
}

absl::StatusOr<ObjectId> TreeOf(const LiveSegment& segment, const GitRepository& git) {
  if (!segment.tree.IsNull()) return segment.tree;
  TS_ASSIGN_OR_RETURN(const CommitInfo commit, git.Commit(segment.commit));
  return commit.tree;
}

std::vector<absl::StatusOr<std::vector<LastOutcome>>> FindLastOutcomes(
    absl::Span<const LiveSegment* const> segments, const LabelUniverse& universe) {
  std::vector<absl::StatusOr<std::vector<LastOutcome>>> out;
  Claims claims;
  for (const LiveSegment* s : segments) {
    claims.Pass(*s);
    const auto outcomes = s->segment->Outcomes();
    if (!outcomes.ok()) {
      out.push_back(outcomes.status());
      continue;
    }
    std::vector<LastOutcome> last;
    for (LabelNumber n = 0; n < (*outcomes)->size(); ++n) {
      if (!IsDecided((**outcomes)[n].outcome)) continue;
      const LabelNumber here = universe.Number(*s->labels, n);
      if (claims.HasNewer(here)) continue;
      claims.Claim(here);
      last.push_back({here, (**outcomes)[n]});
    }
    out.push_back(std::move(last));
  }
  return out;
}

}  // namespace testselect
