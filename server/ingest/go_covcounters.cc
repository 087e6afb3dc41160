// The covcounters files of go_covdata.h. All numbers are little-endian.
//
//   header   "\0cwm", u32 version, 16 bytes hash, u8 flavor, u8 big-endian, 6 bytes
//   segment  u64 functions, u32 bytes of strings, u32 bytes of arguments; strings; arguments; zeros
//            to a multiple of 4; then each function: count, package, function, `count` counters
//   footer   "\0cwm", 4 bytes, u32 segments so far, 4 bytes
//
// Every segment is followed by a footer, the file's end by none. Strings and arguments (the command
// line of the test, in plain text) are passed over.
#include "absl/strings/str_cat.h"
#include "server/ingest/binary_reader.h"
#include "server/ingest/go_covdata.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr uint64_t kVersion = 1;
constexpr uint8_t kRawNumbers = 1, kUleb128Numbers = 2;
constexpr uint64_t kSegmentHeaderBytes = 16;

class CounterFile {
 public:
  explicit CounterFile(ReportSource* source) : reader_(source, kGoCovdata) {}

  absl::StatusOr<std::string> ReadHeader() {
    TS_ASSIGN_OR_RETURN(const absl::string_view magic, reader_.Bytes(4));
    if (magic != kGoCounterMagic) return reader_.Error("no file of counters begins like this");
    TS_ASSIGN_OR_RETURN(const uint64_t version, reader_.LittleEndian(4));
    if (version != kVersion) {
      return absl::UnimplementedError(
          reader_.Error(absl::StrCat("version ", version, " is not known")).message());
    }
    TS_ASSIGN_OR_RETURN(const absl::string_view hash_bytes, reader_.Bytes(16));
    std::string hash(hash_bytes);
    TS_ASSIGN_OR_RETURN(flavor_, reader_.Byte());
    TS_ASSIGN_OR_RETURN(const uint8_t big_endian, reader_.Byte());
    big_endian_ = big_endian != 0;
    if (flavor_ != kRawNumbers && flavor_ != kUleb128Numbers) {
      return reader_.Error(absl::StrCat("counter flavor ", flavor_, " is not known"));
    }
    TS_RETURN_IF_ERROR(reader_.Skip(6));
    return hash;
  }

  absl::Status ReadSegments(GoExecuted* executed) {
    for (uint64_t segments = 1;; ++segments) {
      TS_RETURN_IF_ERROR(ReadSegment(executed));
      TS_ASSIGN_OR_RETURN(const absl::string_view magic, reader_.Bytes(4));
      if (magic != kGoCounterMagic) return reader_.Error("a segment has no end");
      TS_RETURN_IF_ERROR(reader_.Skip(4));
      TS_ASSIGN_OR_RETURN(const uint64_t counted, reader_.LittleEndian(4));
      if (counted != segments) {
        return reader_.Error(
            absl::StrCat("segment ", segments, " says that it is number ", counted));
      }
      TS_RETURN_IF_ERROR(reader_.Skip(4));
      TS_ASSIGN_OR_RETURN(const bool end, reader_.AtEnd());
      if (end) return absl::OkStatus();
    }
  }

 private:
  absl::Status ReadSegment(GoExecuted* executed) {
    TS_ASSIGN_OR_RETURN(const uint64_t functions, reader_.LittleEndian(8));
    TS_ASSIGN_OR_RETURN(const uint64_t strings, reader_.LittleEndian(4));
    TS_ASSIGN_OR_RETURN(const uint64_t arguments, reader_.LittleEndian(4));
    const uint64_t preamble = kSegmentHeaderBytes + strings + arguments;
    TS_RETURN_IF_ERROR(reader_.Skip((preamble + 3) / 4 * 4 - kSegmentHeaderBytes));
    for (uint64_t i = 0; i < functions; ++i) TS_RETURN_IF_ERROR(ReadFunction(executed));
    return absl::OkStatus();
  }

  absl::Status ReadFunction(GoExecuted* executed) {
    TS_ASSIGN_OR_RETURN(const uint64_t count, Number());
    TS_ASSIGN_OR_RETURN(const uint64_t package, Number());
    TS_ASSIGN_OR_RETURN(const uint64_t function, Number());
    std::vector<bool>& counters = (*executed)[{package, function}];
    for (uint64_t i = 0; i < count; ++i) {
      TS_ASSIGN_OR_RETURN(const uint64_t counter, Number());
      if (i == counters.size()) counters.push_back(false);
      if (counter > 0) counters[i] = true;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Number() {
    if (flavor_ == kUleb128Numbers) return reader_.Uleb128();
    return big_endian_ ? reader_.BigEndian(4) : reader_.LittleEndian(4);
  }

  BinaryReader reader_;
  uint8_t flavor_ = 0;
  bool big_endian_ = false;
};

}  // namespace

absl::Status ReadGoCounters(ReportSource& source, std::string* hash,
                            absl::flat_hash_map<std::string, GoExecuted>* by_hash) {
  CounterFile file(&source);
  TS_ASSIGN_OR_RETURN(*hash, file.ReadHeader());
  return file.ReadSegments(&(*by_hash)[*hash]);
}

}  // namespace testselect
