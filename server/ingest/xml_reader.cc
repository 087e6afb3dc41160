#include "server/ingest/xml_reader.h"

#include <expat.h>

#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/xml_repair.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr int kChunkBytes = 64 << 10;
constexpr uint64_t kMaxTokenBytes = 16 << 20;

// One reading. expat calls the static functions; the first error stops it.
class Reading {
 public:
  Reading(ReportSource* source, absl::string_view format, XmlHandler* handler)
      : source_(source), format_(format), handler_(handler) {}

  absl::Status Run() {
    // A byte order mark tells the truth even where the declaration says otherwise.
    TS_ASSIGN_OR_RETURN(const absl::string_view head, source_->Peek());
    const bool utf16 = absl::StartsWith(head, "\xFF\xFE") || absl::StartsWith(head, "\xFE\xFF");
    parser_.reset(XML_ParserCreate(utf16 ? "UTF-16" : nullptr));
    if (parser_ == nullptr) return absl::ResourceExhaustedError("expat: no memory");
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &Reading::OnBegin, &Reading::OnEnd);
    XML_SetCharacterDataHandler(parser_.get(), &Reading::OnText);
    XML_SetEntityDeclHandler(parser_.get(), &Reading::OnEntityDeclaration);
    XML_SetSkippedEntityHandler(parser_.get(), &Reading::OnSkippedEntity);
    const bool utf16_unmarked = head.size() > 1 && (head[0] == '\0' || head[1] == '\0');
    return Feed(utf16 || utf16_unmarked);
  }

 private:
  // Whatever happens to be in the report, the parser gets it in pieces; `as_is`: the encoding does
  // not contain ASCII.
  absl::Status Feed(bool as_is) {
    const auto buffer = std::make_unique<char[]>(kChunkBytes);
    const auto parse = [this](absl::string_view text) { return Parse(text, false); };
    for (;;) {
      TS_ASSIGN_OR_RETURN(const size_t n, source_->Read(buffer.get(), kChunkBytes));
      const absl::string_view piece(buffer.get(), n);
      const bool went_on = as_is    ? Parse(piece, n == 0)
                           : n == 0 ? repair_.Finish(parse) && Parse("", true)
                                    : repair_.Feed(piece, parse);
      TS_RETURN_IF_ERROR(status_);
      if (!went_on) return ParserError();
      if (n == 0) return absl::OkStatus();
      const XML_Index at = XML_GetCurrentByteIndex(parser_.get());
      if (at >= 0 && total_ - static_cast<uint64_t>(at) > kMaxTokenBytes) {
        return Error(absl::StrCat("a tag or text is longer than ", kMaxTokenBytes, " bytes"));
      }
    }
  }

  bool Parse(absl::string_view text, bool is_last) {
    total_ += text.size();
    return XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()),
                     is_last ? XML_TRUE : XML_FALSE) == XML_STATUS_OK;
  }

  std::string Place() const {
    return absl::StrCat("line ", XML_GetCurrentLineNumber(parser_.get()));
  }
  absl::Status Error(absl::string_view what) const {
    return ReportError(source_->name(), format_, Place(), what);
  }
  absl::Status ParserError() const {
    const XML_Error code = XML_GetErrorCode(parser_.get());
    if (code == XML_ERROR_NO_MEMORY) return absl::ResourceExhaustedError("expat: no memory");
    std::string what = XML_ErrorString(code);
    if (code == XML_ERROR_INVALID_TOKEN) {
      absl::StrAppend(
          &what, " (column ", XML_GetCurrentColumnNumber(parser_.get()) + 1,
          "; bytes that are not of the declared encoding, or a character that XML does not allow)");
    }
    return Error(absl::StrCat("the XML is not well-formed: ", what));
  }
  void Stop(absl::Status status) {
    if (status.ok() || !status_.ok()) return;
    status_ = std::move(status);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  static void OnBegin(void* self, const char* element, const char** attributes) {
    auto* const r = static_cast<Reading*>(self);
    if (!r->status_.ok()) return;
    if (r->depth_ >= kMaxXmlDepth) {
      return r->Stop(r->Error(absl::StrCat("elements are nested deeper than ", kMaxXmlDepth)));
    }
    const int depth = r->depth_++;
    if (!r->repair_.repaired()) {
      return r->Stop(r->Placed(r->handler_->Begin(element, XmlAttributes(attributes), depth)));
    }
    r->Stop(r->Placed(r->BeginRestored(element, attributes, depth)));
  }
  absl::Status BeginRestored(const char* element, const char** attributes, int depth) {
    std::vector<std::string> texts;
    for (const char** text = attributes; *text != nullptr; ++text) {
      texts.push_back(XmlRepair::Restore(*text));
    }
    std::vector<const char*> pairs;
    for (const std::string& text : texts) pairs.push_back(text.c_str());
    pairs.push_back(nullptr);
    return handler_->Begin(element, XmlAttributes(pairs.data()), depth);
  }
  static void OnEnd(void* self, const char* element) {
    auto* const r = static_cast<Reading*>(self);
    if (!r->status_.ok()) return;
    r->Stop(r->Placed(r->handler_->End(element, --r->depth_)));
  }
  static void OnText(void* self, const char* text, int size) {
    auto* const r = static_cast<Reading*>(self);
    if (!r->status_.ok() || !r->handler_->wants_text()) return;
    const absl::string_view piece(text, static_cast<size_t>(size));
    if (!r->repair_.repaired()) return r->handler_->Text(piece);
    r->handler_->Text(XmlRepair::Restore(piece));
  }
  static void OnEntityDeclaration(void* self, const char* name, int, const char*, int, const char*,
                                  const char*, const char*, const char*) {
    auto* const r = static_cast<Reading*>(self);
    r->Stop(r->Error(absl::StrCat("the entity ", Quoted(name),
                                  " is declared; entity declarations are refused")));
  }
  static void OnSkippedEntity(void* self, const char* name, int) {
    auto* const r = static_cast<Reading*>(self);
    r->Stop(r->Error(absl::StrCat("the entity ", Quoted(name), " is not defined")));
  }
  absl::Status Placed(const absl::Status& status) const {
    return AtPlace(status, source_->name(), format_, Place());
  }

  ReportSource* const source_;
  const absl::string_view format_;
  XmlHandler* const handler_;
  XmlRepair repair_;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, void (*)(XML_Parser)> parser_{nullptr,
                                                                                   XML_ParserFree};
  absl::Status status_;
  int depth_ = 0;
  uint64_t total_ = 0;
};

}  // namespace

const char* XmlAttributes::Find(absl::string_view name) const {
  for (const char** pair = pairs_; *pair != nullptr; pair += 2) {
    if (name == pair[0]) return pair[1];
  }
  return nullptr;
}

absl::string_view XmlAttributes::Get(absl::string_view name) const {
  const char* const value = Find(name);
  return value == nullptr ? absl::string_view() : absl::string_view(value);
}

absl::Status ReadXml(ReportSource* source, absl::string_view format, XmlHandler* handler) {
  return Reading(source, format, handler).Run();
}

XmlRoot FindXmlRoot(absl::string_view head) {
  std::string text;
  for (const char c : head) {
    if (c != '\0' && static_cast<unsigned char>(c) < 0x80) text.push_back(c);
  }
  size_t at = text.find_first_not_of(" \t\r\n");
  while (at != std::string::npos && text[at] == '<' && at + 1 < text.size()) {
    const absl::string_view rest = absl::string_view(text).substr(at);
    if (absl::ascii_isalpha(static_cast<unsigned char>(rest[1]))) {
      const absl::string_view tag = rest.substr(0, rest.find('>'));
      return {std::string(tag.substr(1, tag.find_first_of(" \t\r\n/", 1) - 1)), std::string(tag)};
    }
    const absl::string_view end = absl::StartsWith(rest, "<!--")                           ? "-->"
                                  : absl::StartsWith(rest, "<?")                           ? "?>"
                                  : absl::StrContains(rest.substr(0, rest.find('>')), '[') ? "]>"
                                                                                           : ">";
    const size_t skip = text.find(std::string(end), at);
    if (skip == std::string::npos) break;
    at = text.find_first_not_of(" \t\r\n", skip + end.size());
  }
  return {};
}

}  // namespace testselect
