// SegmentExchange: how an engine shares its segments with other machines.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/model/digest.h"
#include "storage/segment_catalog.h"

namespace testselect {

// A blob in its stored form (blob_codec.h).
using StoredBlobValue = std::pair<Digest, std::string>;

// The segments that machines share. Thread-safe. Errors of all: kUnavailable (it cannot be reached
// now), kDataLoss (what it holds is damaged or missing), kPermissionDenied, kResourceExhausted.
class SegmentExchange {
 public:
  // Reads the stored form of a blob of the engine, which fetches what it lacks.
  class Blobs {
   public:
    virtual ~Blobs() = default;
    virtual absl::StatusOr<std::string> Stored(const Digest& name) const = 0;
  };
  // What a segment consists of there.
  struct Content {
    Digest id;                   // names the list
    std::vector<Digest> needed;  // blobs, ascending
  };
  virtual ~SegmentExchange() = default;

  // Puts there what `named` and the patches below them consist of, durably. `drafted` are those
  // that the engine does not hold yet; a blob that others stored in another form takes that form in
  // it, and other blobs that the engine must take over are added to it.
  virtual absl::StatusOr<Content> PutContent(absl::Span<const Digest> named, const Blobs& blobs,
                                             std::vector<StoredBlobValue>* drafted) = 0;
  // Makes the segment visible to others; its content is there. The last step.
  virtual absl::Status PutRow(const CatalogEntry& entry, const Digest& content) = 0;

  virtual absl::StatusOr<std::string> FetchBlob(const Digest& name) = 0;
  // What PutRow was given of a segment that another machine put there: ListContent need not ask.
  virtual void RememberContent(const Digest& segment, const Digest& content) = 0;
  // The names of all blobs that the segment needs.
  virtual absl::StatusOr<std::vector<Digest>> ListContent(const CatalogEntry& entry) = 0;
  // By place.
  virtual std::vector<absl::StatusOr<std::string>> FetchBlobs(absl::Span<const Digest> names) = 0;
};

}  // namespace testselect
