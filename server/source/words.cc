#include "server/source/words.h"

#include "absl/strings/ascii.h"

namespace testselect {

void AddWords(absl::string_view text, NameSet* out) {
  size_t begin = 0;
  bool in_word = false;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    const bool starts = absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_';
    if (in_word) {
      if (!starts && !absl::ascii_isdigit(static_cast<unsigned char>(c))) {
        out->insert(text.substr(begin, i - begin));
        in_word = false;
      }
    } else if (starts && (i == 0 || !absl::ascii_isdigit(static_cast<unsigned char>(text[i - 1])))) {
      begin = i;
      in_word = true;
    }
  }
}

}  // namespace testselect
