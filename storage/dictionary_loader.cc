#include "storage/dictionary_loader.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/bytes_interner.h"
#include "storage/label_dictionary.h"
#include "storage/model/status_macros.h"

namespace testselect {

absl::StatusOr<std::shared_ptr<const LabelDictionary>> DictionaryLoader::Load(
    const Digest& id, const SegmentManifest& manifest) {
  if (std::shared_ptr<const LabelDictionary> known = cache_.Find(id)) return known;
  BytesInterner names;
  names.Reserve(manifest.labels);
  for (const Digest& piece : manifest.pieces) {
    TS_ASSIGN_OR_RETURN(const std::shared_ptr<const std::string> bytes, blobs_->LoadBlob(piece));
    TS_RETURN_IF_ERROR(DecodeDictionaryPiece(*bytes, &names));
  }
  if (names.size() != manifest.labels || DictionaryId(manifest.pieces) != id) {
    return absl::DataLossError(
        absl::StrCat("label dictionary ", id.ToHex(), " does not match its segment"));
  }
  const auto dictionary = std::make_shared<const InternedLabelDictionary>(std::move(names), id);
  cache_.Insert(id, dictionary, dictionary->memory_bytes());
  return dictionary;
}

}  // namespace testselect
