#include "server/selection/glob.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace testselect {
namespace {

constexpr size_t kNone = absl::string_view::npos;

// What `*`, `?` and brackets mean in one dialect.
struct Dialect {
  bool slash_is_special;  // `*`, `?` and sets do not match it, `**` does
  bool brackets;          // `[` begins a set
};

// The length of the UTF-8 character at `at`; 1 for a byte that begins none.
size_t CharacterLength(absl::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (at + length > text.size()) return 1;
  for (size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return 1;
  }
  return length;
}

// Where the set that begins at `open` ends (after its bracket); kNone if it does not.
size_t SetEnd(absl::string_view pattern, size_t open) {
  size_t at = open + 1;
  if (at < pattern.size() && pattern[at] == '!') ++at;
  if (at < pattern.size() && pattern[at] == ']') ++at;
  const size_t close = pattern.find(']', at);
  return close == kNone ? kNone : close + 1;
}

// Whether `set` ("abc", "!a-z", without brackets) holds the character. UTF-8 sorts as its
// characters do, so that ranges are ranges of bytes.
bool InSet(absl::string_view set, absl::string_view character) {
  const bool negated = absl::ConsumePrefix(&set, "!");
  bool found = false;
  for (size_t at = 0; at < set.size() && !found;) {
    const absl::string_view first = set.substr(at, CharacterLength(set, at));
    at += first.size();
    if (at + 1 < set.size() && set[at] == '-') {
      const absl::string_view last = set.substr(at + 1, CharacterLength(set, at + 1));
      at += 1 + last.size();
      found = first <= character && character <= last;
    } else {
      found = first == character;
    }
  }
  return found != negated;
}

// Matches with one level of going back per kind of star: the last `*` of a folder, and the last
// `**`. More is never needed, since what a later star can match an earlier one can leave to it.
class Matcher {
 public:
  Matcher(absl::string_view pattern, absl::string_view text, Dialect dialect)
      : pattern_(pattern), text_(text), dialect_(dialect) {}

  bool Run() {
    while (true) {
      if (p_ < pattern_.size() && pattern_[p_] == '*') {
        TakeStar();
      } else if (t_ == text_.size()) {
        if (p_ == pattern_.size()) return true;
        if (!GoBack()) return false;
      } else if (p_ == pattern_.size() || !TakeOne()) {
        if (!GoBack()) return false;
      }
    }
  }

 private:
  struct Star {
    size_t after = kNone;  // in the pattern
    size_t text = 0;       // where what follows is tried
    bool folders = false;  // "**/": what follows begins a name
  };

  void TakeStar() {
    const bool twice = pattern_.substr(p_, 2) == "**";
    if (!dialect_.slash_is_special || !twice) {
      ++p_;
      star_ = {p_, t_, false};
      return;
    }
    while (p_ < pattern_.size() && pattern_[p_] == '*') ++p_;
    const bool folders = p_ < pattern_.size() && pattern_[p_] == '/' && AtName(t_);
    if (folders) ++p_;
    deep_ = {p_, t_, folders};
    star_ = {};
  }

  bool AtName(size_t t) const { return t == 0 || text_[t - 1] == '/'; }

  bool TakeOne() {
    const char c = pattern_[p_];
    const size_t length = CharacterLength(text_, t_);
    const bool slash = dialect_.slash_is_special && text_[t_] == '/';
    if (c == '?' && !slash) {
      ++p_;
      t_ += length;
      return true;
    }
    if (c == '[' && dialect_.brackets) {
      if (const size_t end = SetEnd(pattern_, p_); end != kNone) {
        const absl::string_view set = pattern_.substr(p_ + 1, end - p_ - 2);
        if (slash || !InSet(set, text_.substr(t_, length))) return false;
        p_ = end;
        t_ += length;
        return true;
      }
    }
    if (c != text_[t_]) return false;
    ++p_;
    ++t_;
    return true;
  }

  bool GoBack() {
    if (star_.after != kNone && star_.text < text_.size() &&
        !(dialect_.slash_is_special && text_[star_.text] == '/')) {
      t_ = ++star_.text;
      p_ = star_.after;
      return true;
    }
    star_ = {};
    if (deep_.after == kNone) return false;
    do {
      if (deep_.text >= text_.size()) return false;
      ++deep_.text;
    } while (deep_.folders && !AtName(deep_.text));
    t_ = deep_.text;
    p_ = deep_.after;
    return true;
  }

  const absl::string_view pattern_, text_;
  const Dialect dialect_;
  size_t p_ = 0, t_ = 0;
  Star star_, deep_;
};

bool IsWild(absl::string_view text) { return text.find_first_of("*?[") != kNone; }

absl::string_view NameOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == kNone ? path : path.substr(slash + 1);
}

}  // namespace

bool FnMatch(absl::string_view pattern, absl::string_view text) {
  return Matcher(pattern, text, {.slash_is_special = false, .brackets = true}).Run();
}

bool LabelMatch(absl::string_view pattern, absl::string_view label) {
  if (pattern == label || FnMatch(pattern, label)) return true;
  if (pattern.find('[') == kNone) return false;
  return Matcher(pattern, label, {.slash_is_special = false, .brackets = false}).Run();
}

PathGlob::PathGlob(absl::string_view pattern) : text_(pattern) {
  const bool folder = absl::EndsWith(pattern, "/");
  if (folder) pattern.remove_suffix(1);
  any_folder_ = pattern.find('/') == kNone;
  absl::ConsumePrefix(&pattern, "/");
  pattern_ = folder ? absl::StrCat(pattern, "/**") : std::string(pattern);
  if (!any_folder_ || folder) {
    if (any_folder_) pattern_ = absl::StrCat("**/", pattern_);
    return;
  }
  if (!IsWild(pattern_)) {
    shape_ = Shape::kPlainName;
    fixed_ = pattern_;
  } else if (pattern_.size() > 1 && pattern_[0] == '*' && !IsWild(pattern_.substr(1))) {
    shape_ = Shape::kNameSuffix;
    fixed_ = pattern_.substr(1);
  }
}

bool PathGlob::Matches(absl::string_view path) const {
  switch (shape_) {
    case Shape::kPlainName:
      return NameOf(path) == fixed_;
    case Shape::kNameSuffix:
      return absl::EndsWith(NameOf(path), fixed_);
    case Shape::kAny:
      break;
  }
  if (path == pattern_) return true;
  const bool by_name = any_folder_ && pattern_.find('/') == kNone;
  return Matcher(pattern_, by_name ? NameOf(path) : path,
                 {.slash_is_special = true, .brackets = true})
      .Run();
}

}  // namespace testselect
