#include "server/ingest/line_reader.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kFirstBytes = 64 << 10;

}  // namespace

LineReader::LineReader(ReportSource* source, absl::string_view format)
    : source_(source), format_(format), buffer_(kFirstBytes) {}

absl::StatusOr<bool> LineReader::Fill() {
  if (eof_) return false;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (end_ > kMaxLineBytes) {
    ++line_number_;
    return Error(absl::StrCat("the line is longer than ", kMaxLineBytes, " bytes"));
  }
  if (end_ > buffer_.size() / 2) buffer_.resize(buffer_.size() * 2);
  TS_ASSIGN_OR_RETURN(const size_t n, source_->Read(buffer_.data() + end_, buffer_.size() - end_));
  end_ += n;
  eof_ = n == 0;
  return n > 0;
}

absl::StatusOr<bool> LineReader::Next(absl::string_view* line) {
  size_t searched = 0;
  const char* found = nullptr;
  for (;;) {
    const char* from = buffer_.data() + begin_ + searched;
    found = static_cast<const char*>(std::memchr(from, '\n', end_ - begin_ - searched));
    if (found != nullptr) break;
    searched = end_ - begin_;
    TS_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
  }
  if (found == nullptr && begin_ == end_) return false;
  const char* const first = buffer_.data() + begin_;
  ended_ = found != nullptr;
  *line = absl::string_view(first, ended_ ? static_cast<size_t>(found - first) : end_ - begin_);
  begin_ += line->size() + (ended_ ? 1 : 0);
  if (++line_number_ == 1) absl::ConsumePrefix(line, "\xEF\xBB\xBF");
  absl::ConsumeSuffix(line, "\r");
  if (line->find('\0') != absl::string_view::npos) return Error("the line holds a NUL byte");
  return true;
}

absl::Status LineReader::Error(absl::string_view what) const {
  return ReportError(source_->name(), format_, absl::StrCat("line ", line_number_), what);
}

absl::Status LineReader::AtLine(const absl::Status& status) const {
  return AtPlace(status, source_->name(), format_, absl::StrCat("line ", line_number_));
}

}  // namespace testselect
