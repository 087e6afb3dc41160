// The names and the bytes of what machines share in an object store. The grammar is in KEYS.md,
// "Object store".
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "storage/index_store.h"
#include "storage/model/digest.h"
#include "storage/object_store.h"
#include "storage/segment_catalog.h"

namespace testselect {

inline constexpr char kSharedFormatKey[] = "format";
inline constexpr char kSharedBlobPrefix[] = "blobs/";
inline constexpr char kSharedContentPrefix[] = "content/";
inline constexpr char kSharedRecordsPrefix[] = "records/";
// Before the key of an object that nothing needs (shared_garbage.h).
inline constexpr char kSharedUnneededPrefix[] = "unneeded/";
// Before the key of an object that is being deleted.
inline constexpr char kSharedRemovingPrefix[] = "removing/";

// The object `format`: which store this is. Another version is kFailedPrecondition naming both.
std::string EncodeSharedFormat(const Digest& store);
absl::StatusOr<Digest> DecodeSharedFormat(absl::string_view bytes);

// Whether this is still the store `store`: a folder that is not mounted any more looks like an
// empty one. kUnavailable if it is not.
absl::Status CheckSharedStore(ObjectStore* objects, const Digest& store);

std::string SharedBlobKey(const Digest& blob);
std::string SharedContentKey(const Digest& content);

// What happened to a repository's index, an object each; their keys ascend with time.
enum class SharedEventKind { kSegment, kSeal, kNotes };
struct SharedEventName {
  SharedEventKind kind;
  absl::Time time;  // microseconds
  Digest id;        // of a segment: its id; else of the content
};
std::string SharedEventPrefix(absl::string_view repository);
std::string SharedEventKey(absl::string_view repository, const SharedEventName& name);
// kDataLoss for a key that SharedEventKey cannot have made.
absl::StatusOr<SharedEventName> ParseSharedEventKey(absl::string_view key);
// The same for notes that no selection depends on.
std::string SharedRecordPrefix(absl::string_view repository);
std::string SharedRecordKey(absl::string_view repository, absl::Time time, const Digest& id);
// InfinitePast for a key that SharedRecordKey cannot have made.
absl::Time TimeOfSharedRecord(absl::string_view key);
// The histories of a job's labels.
std::string SharedHistoryPrefix(absl::string_view repository, absl::string_view job);
std::string SharedHistoryKey(absl::string_view repository, absl::string_view job, absl::Time time,
                             const Digest& id);

// Values. Decoding checks a checksum of key and content: kDataLoss.
struct SharedSegment {
  CatalogEntry entry;
  Digest content;  // the list of its blobs
};
std::string EncodeSharedSegment(absl::string_view key, const SharedSegment& segment);
absl::StatusOr<SharedSegment> DecodeSharedSegment(absl::string_view key, absl::string_view bytes);

std::string EncodeDigests(absl::Span<const Digest> digests);
absl::StatusOr<std::vector<Digest>> DecodeDigests(absl::string_view bytes);

// What another machine may begin with: notes, compressed.
std::string EncodeStart(const NoteBatch& notes);
absl::StatusOr<NoteBatch> DecodeStart(absl::string_view bytes);

std::string EncodeNotes(const NoteBatch& notes);  // puts and deletes alone
absl::StatusOr<NoteBatch> DecodeNotes(absl::string_view bytes);

}  // namespace testselect
