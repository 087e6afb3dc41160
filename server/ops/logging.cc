#include "server/ops/logging.h"

#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace testselect {
namespace {

// The number of bytes of the UTF-8 sequence at the front of `s`, 0 if it is none. Overlong forms,
// surrogates and numbers past U+10FFFF are none.
size_t Utf8Sequence(absl::string_view s) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || lead > 0xF4 || s.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0) ||
      (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90)) {
    return 0;
  }
  return length;
}

void AppendQuoted(std::string* out, absl::string_view text) {
  out->push_back('"');
  while (!text.empty()) {
    const size_t length = Utf8Sequence(text);
    const char c = text[0];
    if (length == 0) {
      out->append("\\ufffd");
    } else if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      absl::StrAppendFormat(out, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out->append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out->push_back('"');
}

bool NeedsQuotes(absl::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f) return true;
  }
  return false;
}

std::string FormatText(absl::string_view time, LogLevel level, absl::string_view message,
                       std::initializer_list<LogField> fields) {
  std::string line = absl::StrCat(time, " ", LogLevelName(level), " ");
  std::string quoted;
  AppendQuoted(&quoted, message);
  line.append(quoted, 1, quoted.size() - 2);  // escaped, but without the quotes
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.key(), "=");
    if (field.is_text() && NeedsQuotes(field.value())) {
      AppendQuoted(&line, field.value());
    } else {
      line.append(field.value());
    }
  }
  line.push_back('\n');
  return line;
}

std::string FormatJson(absl::string_view time, LogLevel level, absl::string_view message,
                       std::initializer_list<LogField> fields) {
  std::string line =
      absl::StrCat("{\"time\":\"", time, "\",\"level\":\"", LogLevelName(level), "\",\"message\":");
  AppendQuoted(&line, message);
  for (const LogField& field : fields) {
    line.push_back(',');
    AppendQuoted(&line, field.key());
    line.push_back(':');
    if (field.is_text()) {
      AppendQuoted(&line, field.value());
    } else {
      line.append(field.value());
    }
  }
  line.append("}\n");
  return line;
}

}  // namespace

LogField::LogField(absl::string_view key, absl::Duration value)
    : key_(key), value_(absl::StrFormat("%.6f", absl::ToDoubleSeconds(value))), text_(false) {}
LogField::LogField(absl::string_view key, uint64_t value)
    : key_(key), value_(absl::StrCat(value)), text_(false) {}
LogField::LogField(absl::string_view key, int64_t value)
    : key_(key), value_(absl::StrCat(value)), text_(false) {}
LogField::LogField(absl::string_view key, double value)
    : key_(key), value_(absl::StrFormat("%.6g", value)), text_(false) {}

absl::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

std::string FormatLogLine(LogFormat format, absl::Time time, LogLevel level,
                          absl::string_view message, std::initializer_list<LogField> fields) {
  const std::string stamp = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
  return format == LogFormat::kJson ? FormatJson(stamp, level, message, fields)
                                    : FormatText(stamp, level, message, fields);
}

void Logger::Log(LogLevel level, absl::string_view message,
                 std::initializer_list<LogField> fields) {
  if (!Enabled(level)) return;
  const std::string line = FormatLogLine(format_, absl::Now(), level, message, fields);
  MutexLock lock(&mutex_);
  absl::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads the log any more; there is nowhere to say so
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace testselect
