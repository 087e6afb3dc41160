// ReadXml: streams an XML report through callbacks, safely.
//
// Entity declarations are refused (so no expansion bombs and no external entities), external DTDs
// are never fetched, nesting is limited. Text must be well-formed, with one exception: control
// characters, which many writers let through, are read as what they are (xml_repair.h); in CDATA
// they become '?'. Encodings: those that expat knows (UTF-8, UTF-16, ISO-8859-1, US-ASCII).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/ingest/report_parser.h"

namespace testselect {

// The attributes of an element; valid during its callback.
class XmlAttributes {
 public:
  explicit XmlAttributes(const char** pairs) : pairs_(pairs) {}
  // A null pointer where there is no such attribute.
  const char* Find(absl::string_view name) const;
  absl::string_view Get(absl::string_view name) const;  // "" where there is none

 private:
  const char** const pairs_;
};

class XmlHandler {
 public:
  virtual ~XmlHandler() = default;
  // `depth` is 0 for the root. An error ends the reading; the line is put before it.
  virtual absl::Status Begin(absl::string_view element, const XmlAttributes& attributes,
                             int depth) = 0;
  virtual absl::Status End(absl::string_view element, int depth) = 0;
  // Character data, in pieces. Called only where wants_text() is true at the time.
  virtual void Text(absl::string_view piece) { (void)piece; }
  virtual bool wants_text() const { return false; }
};

inline constexpr int kMaxXmlDepth = 256;

// kInvalidArgument "<report>: <format>: line N: ..." for XML that is not well-formed or not
// allowed, and for the handler's own errors; the source's errors. Memory: expat's, a small multiple
// of the longest tag; one of over 16 MiB is refused.
absl::Status ReadXml(ReportSource* source, absl::string_view format, XmlHandler* handler);

// For detection: the name of the root element and its start tag, as far as `head` shows it. Handles
// byte order marks and UTF-16 (whose ASCII characters are kept).
struct XmlRoot {
  std::string name;
  std::string tag;
};
XmlRoot FindXmlRoot(absl::string_view head);

}  // namespace testselect
