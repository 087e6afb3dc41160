// Structured logging: one event a line, with fields, to a file descriptor.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/model/mutex.h"

namespace testselect {

enum class LogLevel : uint8_t { kDebug = 0, kInfo = 1, kWarning = 2, kError = 3 };
enum class LogFormat : uint8_t { kText = 0, kJson = 1 };

// One key=value pair of an event. Keys are constants; never pass a secret as a value.
class LogField {
 public:
  LogField(absl::string_view key, absl::string_view value)
      : key_(key), value_(value), text_(true) {}
  LogField(absl::string_view key, const std::string& value)
      : LogField(key, absl::string_view(value)) {}
  LogField(absl::string_view key, const char* value) : LogField(key, absl::string_view(value)) {}
  LogField(absl::string_view key, const absl::Status& value)
      : LogField(key, absl::string_view(value.ToString())) {}
  LogField(absl::string_view key, absl::Duration value);  // in seconds
  LogField(absl::string_view key, bool value)
      : key_(key), value_(value ? "true" : "false"), text_(false) {}
  LogField(absl::string_view key, uint64_t value);
  LogField(absl::string_view key, int64_t value);
  LogField(absl::string_view key, uint32_t value) : LogField(key, uint64_t{value}) {}
  LogField(absl::string_view key, int value) : LogField(key, int64_t{value}) {}
  LogField(absl::string_view key, double value);

  absl::string_view key() const { return key_; }
  const std::string& value() const { return value_; }
  bool is_text() const { return text_; }  // false: a number or a truth value

 private:
  absl::string_view key_;
  std::string value_;
  bool text_;
};

// Formats one event as a line that ends with a line feed. Values are escaped: an event is always
// one line of valid UTF-8, whatever it carries. Public for tests.
std::string FormatLogLine(LogFormat format, absl::Time time, LogLevel level,
                          absl::string_view message, std::initializer_list<LogField> fields);

// Thread-safe; every event is one write(2), so lines of several threads do not mix.
class Logger {
 public:
  Logger(LogFormat format, LogLevel level, int fd = 2) : format_(format), level_(level), fd_(fd) {}
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  bool Enabled(LogLevel level) const { return level >= level_; }
  void Log(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields = {});
  void Debug(absl::string_view message, std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kDebug, message, fields);
  }
  void Info(absl::string_view message, std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kInfo, message, fields);
  }
  void Warning(absl::string_view message, std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kWarning, message, fields);
  }
  void Error(absl::string_view message, std::initializer_list<LogField> fields = {}) {
    Log(LogLevel::kError, message, fields);
  }

 private:
  const LogFormat format_;
  const LogLevel level_;
  const int fd_;
  Mutex mutex_;  // orders the writes
};

// "debug", "info", "warning", "error".
absl::string_view LogLevelName(LogLevel level);

}  // namespace testselect
