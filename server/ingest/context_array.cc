#include "server/ingest/context_array.h"

#include <cstring>

#include "server/ingest/context_name.h"
#include "server/ingest/parse_error.h"
#include "storage/model/status_macros.h"

namespace testselect {

absl::StatusOr<ContextArray> ContextArrayReader::Read() {
  TS_ASSIGN_OR_RETURN(const char c, json_->PeekChar());
  if (c != '[') return json_->Error("expected an array of contexts");
  while (json_->available() < last_array_.size()) {
    TS_ASSIGN_OR_RETURN(const bool more, json_->Fill());
    if (!more) break;
  }
  if (!last_array_.empty() && json_->available() >= last_array_.size() &&
      std::memcmp(json_->data(), last_array_.data(), last_array_.size()) == 0) {
    json_->Consume(last_array_.size());
  } else {
    TS_RETURN_IF_ERROR(ReadElements());
  }
  return ContextArray{contexts_, outside_tests_};
}

absl::StatusOr<char> ContextArrayReader::CharAt(size_t* n) {
  for (;;) {
    const char* const p = json_->data();
    const size_t available = json_->available();
    while (*n < available && (p[*n] == ' ' || p[*n] == '\n' || p[*n] == '\r' || p[*n] == '\t')) {
      ++*n;
    }
    if (*n < available) return p[*n];
    TS_ASSIGN_OR_RETURN(const bool more, json_->Fill());
    if (!more) return json_->Error("the text ends inside an array of contexts");
  }
}

absl::Status ContextArrayReader::ReadElements() {
  contexts_.clear();
  outside_tests_ = false;
  last_array_.clear();
  size_t n = 1;  // past the bracket
  uint32_t previous = UINT32_MAX;
  TS_ASSIGN_OR_RETURN(char c, CharAt(&n));
  while (c != ']') {
    if (previous != UINT32_MAX) {
      if (c != ',') return json_->Error("expected ',' or ']' in an array of contexts");
      ++n;
      TS_ASSIGN_OR_RETURN(c, CharAt(&n));
    }
    if (c != '"') return json_->Error("expected a context in quotes");
    TS_ASSIGN_OR_RETURN(const uint32_t name, ReadName(previous, &n));
    (previous == UINT32_MAX ? first_ : names_[previous].next) = name;
    if (names_[name].context == kGlobalContext) {
      outside_tests_ = true;
    } else {
      contexts_.push_back(names_[name].context);
    }
    previous = name;
    TS_ASSIGN_OR_RETURN(c, CharAt(&n));
  }
  last_array_.assign(json_->data(), n + 1);
  json_->Consume(n + 1);
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ContextArrayReader::ReadName(uint32_t previous, size_t* n) {
  if (!names_.empty()) {
    const uint32_t guess = previous == UINT32_MAX ? first_ : names_[previous].next;
    const std::string& quoted = names_[guess].quoted;
    if (json_->available() - *n >= quoted.size() &&
        std::memcmp(json_->data() + *n, quoted.data(), quoted.size()) == 0) {
      *n += quoted.size();
      return guess;
    }
  }
  const size_t begin = *n;
  TS_RETURN_IF_ERROR(json_->FindStringEnd(n));
  return Intern(absl::string_view(json_->data() + begin, *n - begin));
}

absl::StatusOr<uint32_t> ContextArrayReader::Intern(absl::string_view quoted) {
  const auto found = by_text_.find(quoted);
  if (found != by_text_.end()) return found->second;
  absl::StatusOr<std::string> text = UnescapeJson(quoted.substr(1, quoted.size() - 2));
  if (!text.ok()) return json_->AtByte(text.status());
  const ContextName name = SplitContext(*text);
  ContextId context = kGlobalContext;
  if (!name.label.empty()) {
    seen_.push_back(*text);
    absl::StatusOr<ContextId> id = sink_->Context(name.label, name.phase);
    if (!id.ok()) return json_->AtByte(id.status());
    context = *id;
  }
  const uint32_t number = static_cast<uint32_t>(names_.size());
  names_.push_back({std::string(quoted), context, 0});
  by_text_.emplace(names_.back().quoted, number);
  return number;
}

}  // namespace testselect
