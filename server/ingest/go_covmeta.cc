// The covmeta files of go_covdata.h. All numbers are little-endian.
//
//   header    "\0cvm", u32 version, u64 bytes of the file, u64 packages, 16 bytes hash,
//             u32 offset and u32 bytes of a string table, u8 counter mode, u8 granularity, 6 bytes
//   offsets   u64 for each package; then u64 lengths
//   packages  each: u32 bytes, u32 name, u32 path, u32 module, 16 bytes hash, 4 bytes, u32 files,
//             u32 functions; u32 offset of each function; strings (ULEB128 number, then each with
//             its length before it); functions: ULEB128 blocks, name, file, for each block first
//             line, column, last line, column, statements; and whether it is a literal
#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "server/ingest/binary_reader.h"
#include "server/ingest/go_covdata.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr uint64_t kVersion = 1;
constexpr size_t kHashOffset = 24, kHashBytes = 16;
constexpr uint8_t kPerFunction = 2;
constexpr size_t kPackageHeaderBytes = 44;

absl::Status Malformed(absl::string_view what) { return absl::InvalidArgumentError(what); }

// Numbers and strings of one package, which is in memory.
class Cursor {
 public:
  explicit Cursor(absl::string_view bytes) : bytes_(bytes) {}

  absl::Status MoveTo(uint64_t offset) {
    if (offset > bytes_.size()) return Malformed(absl::StrCat("offset ", offset, " lies outside"));
    at_ = offset;
    return absl::OkStatus();
  }
  absl::StatusOr<uint64_t> U32() {
    if (bytes_.size() - at_ < 4) return Malformed("is cut off");
    uint64_t value = 0;
    for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes_[at_ + i]);
    at_ += 4;
    return value;
  }
  absl::StatusOr<uint64_t> Uleb128() {
    uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      if (at_ == bytes_.size()) return Malformed("is cut off");
      const uint8_t byte = static_cast<uint8_t>(bytes_[at_++]);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    return Malformed("a number has more than 63 bits");
  }
  absl::StatusOr<absl::string_view> String() {
    TS_ASSIGN_OR_RETURN(const uint64_t size, Uleb128());
    if (size > bytes_.size() - at_) return Malformed("a string is cut off");
    const absl::string_view text = bytes_.substr(at_, size);
    at_ += size;
    return text;
  }

 private:
  const absl::string_view bytes_;
  size_t at_ = 0;
};

// What there is to know of a program's run, and where it goes.
struct Run {
  const GoExecuted& executed;
  ContextId context;
  EvidenceSink& sink;
  bool per_function = false;  // one counter for each function, not for each of its blocks
};

class Package {
 public:
  Package(absl::string_view bytes, uint64_t number, const Run& run)
      : cursor_(bytes), number_(number), run_(run) {}

  absl::Status Read() {
    TS_RETURN_IF_ERROR(cursor_.MoveTo(kPackageHeaderBytes - 4));
    TS_ASSIGN_OR_RETURN(functions_, cursor_.U32());
    TS_RETURN_IF_ERROR(ReadStrings());
    for (uint64_t i = 0; i < functions_; ++i) {
      const auto counters = run_.executed.find({number_, i});
      if (counters == run_.executed.end()) continue;
      ++found_;
      TS_RETURN_IF_ERROR(ReadFunction(i, counters->second));
    }
    return Flush();
  }
  uint64_t found() const { return found_; }  // functions that ran

 private:
  absl::Status Flush() {
    if (lines_.empty()) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(const FileId file, run_.sink.File(strings_[file_]));
    run_.sink.AddLineBits(file, run_.context, lines_.bits());
    lines_.Clear();
    return absl::OkStatus();
  }

  absl::Status ReadStrings() {
    TS_RETURN_IF_ERROR(cursor_.MoveTo(kPackageHeaderBytes + 4 * functions_));
    TS_ASSIGN_OR_RETURN(const uint64_t count, cursor_.Uleb128());
    for (uint64_t i = 0; i < count; ++i) {
      TS_ASSIGN_OR_RETURN(const absl::string_view text, cursor_.String());
      strings_.push_back(text);
    }
    return absl::OkStatus();
  }

  absl::Status ReadFunction(uint64_t number, const std::vector<bool>& counters) {
    TS_RETURN_IF_ERROR(cursor_.MoveTo(kPackageHeaderBytes + 4 * number));
    TS_ASSIGN_OR_RETURN(const uint64_t offset, cursor_.U32());
    TS_RETURN_IF_ERROR(cursor_.MoveTo(offset));
    TS_ASSIGN_OR_RETURN(const uint64_t blocks, cursor_.Uleb128());
    TS_RETURN_IF_ERROR(cursor_.Uleb128().status());  // its name
    TS_ASSIGN_OR_RETURN(const uint64_t file, cursor_.Uleb128());
    if (file >= strings_.size()) return Malformed(absl::StrCat("there is no string ", file));
    const uint64_t wanted = run_.per_function ? 1 : blocks;
    if (counters.size() != wanted) {
      return Malformed(absl::StrCat("function ", number, " has ", wanted,
                                    " counters, the counter files have ", counters.size()));
    }
    if (file != file_) TS_RETURN_IF_ERROR(Flush());
    file_ = file;
    for (uint64_t i = 0; i < blocks; ++i) {
      TS_RETURN_IF_ERROR(ReadBlock(counters[run_.per_function ? 0 : i]));
    }
    return absl::OkStatus();
  }

  absl::Status ReadBlock(bool executed) {
    TS_ASSIGN_OR_RETURN(const uint64_t first, cursor_.Uleb128());
    TS_RETURN_IF_ERROR(cursor_.Uleb128().status());  // column
    TS_ASSIGN_OR_RETURN(const uint64_t last, cursor_.Uleb128());
    TS_RETURN_IF_ERROR(cursor_.Uleb128().status());  // column
    TS_RETURN_IF_ERROR(cursor_.Uleb128().status());  // statements
    if (first > last || last > kMaxLine) {
      return Malformed(absl::StrCat("a block of the lines ", first, " to ", last));
    }
    if (executed) lines_.AddRange(static_cast<uint32_t>(first), static_cast<uint32_t>(last));
    return absl::OkStatus();
  }

  Cursor cursor_;
  const uint64_t number_;
  const Run& run_;
  uint64_t functions_ = 0, found_ = 0;
  std::vector<absl::string_view> strings_;
  uint64_t file_ = 0;  // of lines_, in strings_
  LineBits lines_;
};

class MetaFile {
 public:
  MetaFile(ReportSource* source, Run run) : reader_(source, kGoCovdata), run_(run) {}

  absl::Status Read() {
    TS_RETURN_IF_ERROR(ReadHeader());
    TS_RETURN_IF_ERROR(ReadNumbers(&offsets_));
    TS_RETURN_IF_ERROR(ReadNumbers(&lengths_));
    std::vector<size_t> order(packages_);
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(),
              [this](size_t a, size_t b) { return offsets_[a] < offsets_[b]; });
    for (const size_t i : order) TS_RETURN_IF_ERROR(ReadPackage(i));
    if (reader_.offset() > bytes_) return reader_.Error("a package lies behind the file's end");
    TS_RETURN_IF_ERROR(reader_.Skip(bytes_ - reader_.offset()));
    TS_ASSIGN_OR_RETURN(const bool end, reader_.AtEnd());
    if (!end) return reader_.Error("the file goes on behind its end");
    if (found_ < run_.executed.size()) {
      return reader_.Error(absl::StrCat("the counter files have functions that this one lacks: ",
                                        run_.executed.size() - found_));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadHeader() {
    TS_ASSIGN_OR_RETURN(const absl::string_view magic, reader_.Bytes(4));
    if (magic != kGoMetaMagic) return reader_.Error("no file of meta-data begins like this");
    TS_ASSIGN_OR_RETURN(const uint64_t version, reader_.LittleEndian(4));
    if (version != kVersion) {
      return absl::UnimplementedError(
          reader_.Error(absl::StrCat("version ", version, " is not known")).message());
    }
    TS_ASSIGN_OR_RETURN(bytes_, reader_.LittleEndian(8));
    TS_ASSIGN_OR_RETURN(packages_, reader_.LittleEndian(8));
    TS_RETURN_IF_ERROR(reader_.Skip(16 + 4 + 4 + 1));
    TS_ASSIGN_OR_RETURN(const uint8_t granularity, reader_.Byte());
    run_.per_function = granularity == kPerFunction;
    return reader_.Skip(6);
  }

  absl::Status ReadNumbers(std::vector<uint64_t>* numbers) {
    for (uint64_t i = 0; i < packages_; ++i) {  // grows as the numbers arrive
      TS_ASSIGN_OR_RETURN(const uint64_t number, reader_.LittleEndian(8));
      numbers->push_back(number);
    }
    return absl::OkStatus();
  }

  absl::Status ReadPackage(size_t i) {
    if (offsets_[i] < reader_.offset()) {
      return reader_.Error(absl::StrCat("package ", i, " lies inside what is before it"));
    }
    TS_RETURN_IF_ERROR(reader_.Skip(offsets_[i] - reader_.offset()));
    TS_ASSIGN_OR_RETURN(const absl::string_view bytes, reader_.Bytes(lengths_[i]));
    Package package(bytes, i, run_);
    const absl::Status status = package.Read();
    if (!status.ok()) {
      return reader_.AtByte(absl::Status(
          status.code(), absl::StrCat("the package that ends here: ", status.message())));
    }
    found_ += package.found();
    return absl::OkStatus();
  }

  BinaryReader reader_;
  Run run_;
  uint64_t bytes_ = 0, packages_ = 0, found_ = 0;
  std::vector<uint64_t> offsets_, lengths_;
};

}  // namespace

std::string GoMetaHash(absl::string_view head) {
  if (head.size() < kHashOffset + kHashBytes) return "";
  return std::string(head.substr(kHashOffset, kHashBytes));
}

absl::Status ReadGoMeta(ReportSource& source, const GoExecuted& executed, ContextId context,
                        EvidenceSink& sink) {
  return MetaFile(&source, {executed, context, sink}).Read();
}

}  // namespace testselect
