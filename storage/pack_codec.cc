#include "storage/pack_codec.h"

#include <algorithm>
#include <cstring>

#include "storage/model/digest.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

bool BeginsPack(absl::string_view path) {
  uint32_t hash;
  const Digest digest = Digest::Of(path);
  std::memcpy(&hash, digest.bytes().data(), sizeof(hash));
  return hash % kFilesPerPack == 0;
}

EncodedPack EncodePack(absl::Span<const EncodedFile> files) {
  EncodedPack pack{files.front().path, ""};
  std::string* out = &pack.bytes;
  PutVarint(out, files.size());
  absl::string_view last;
  for (const EncodedFile& file : files) {
    size_t shared = 0;
    while (shared < last.size() && shared < file.path.size() && last[shared] == file.path[shared]) {
      ++shared;
    }
    PutVarint(out, shared);
    PutBytes(out, absl::string_view(file.path).substr(shared));
    PutVarint(out, file.record.size());
    last = file.path;
  }
  for (const EncodedFile& file : files) out->append(file.record);
  return pack;
}

}  // namespace

std::vector<EncodedPack> EncodePacks(absl::Span<const EncodedFile> files) {
  std::vector<EncodedPack> packs;
  size_t begin = 0, bytes = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const bool full = bytes + files[i].record.size() > kPackBytes;
    if (i > begin && (full || BeginsPack(files[i].path))) {
      packs.push_back(EncodePack(files.subspan(begin, i - begin)));
      begin = i;
      bytes = 0;
    }
    bytes += files[i].record.size();
  }
  if (begin < files.size()) packs.push_back(EncodePack(files.subspan(begin)));
  return packs;
}

absl::Status ForEachRecord(absl::string_view pack,
                           std::function<bool(absl::string_view, absl::string_view)> f) {
  RecordReader in(pack);
  const uint64_t count = in.Varint();
  if (!in.ok() || count > in.rest().size() / 3) return absl::DataLossError("a pack is malformed");
  // The directory is read twice, first to find where the records begin.
  const absl::string_view directory = in.rest();
  uint64_t total = 0;
  for (uint64_t i = 0; i < count; ++i) {
    in.Varint();
    in.Bytes();
    const uint64_t size = in.Varint();
    if (!in.ok() || size > pack.size()) return absl::DataLossError("a pack is malformed");
    total += size;
  }
  if (total != in.rest().size()) return absl::DataLossError("a pack is malformed");
  absl::string_view records = in.rest();
  RecordReader entries(directory);
  std::string path;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t shared = entries.Varint();
    const absl::string_view rest = entries.Bytes();
    const uint64_t size = entries.Varint();
    if (shared > path.size()) return absl::DataLossError("a pack is malformed");
    path.resize(shared);
    path.append(rest.data(), rest.size());
    if (!f(path, records.substr(0, size))) return absl::OkStatus();
    records.remove_prefix(size);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<absl::string_view>> FindRecord(absl::string_view pack,
                                                            absl::string_view path) {
  std::optional<absl::string_view> found;
  TS_RETURN_IF_ERROR(ForEachRecord(pack, [&](absl::string_view at, absl::string_view record) {
    if (at == path) found = record;
    return at < path;
  }));
  return found;
}

}  // namespace testselect
