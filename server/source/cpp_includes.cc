// What a file of C or C++ includes: the text of other files, in order.
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/source/cpp_cutter.h"
#include "server/source/token_digest.h"

namespace testselect {

void CppCutter::Include(Node node) {
  const absl::string_view path = TextOf(node.Field("path"));
  UnitDraft& unit = AddUnit(UnitKind::kImport, std::string(path), "", node);
  unit.Set(kEffects);
  unit.members.clear();
  const bool quoted = absl::StartsWith(path, "\"");
  const absl::string_view bare = path.size() < 2 ? path : path.substr(1, path.size() - 2);
  unit.SetSource(quoted ? kCppQuoted : kCppAngled, bare, "");
}

// What is included sees what was included and defined before it. Values of macros aside: those who
// use a macro follow from its name.
void CppCutter::AddIncludeOrder(Node root) {
  TokenDigest digest;
  LineRange lines;
  std::vector<absl::string_view> defined;
  size_t parts = 0;
  ForEachNode(root, [&](Node n) {
    if (n.IsOneOf({"preproc_def", "preproc_function_def"})) {
      defined.push_back(TextOf(n.Field("name")));
    } else if (n.Is("preproc_include")) {
      for (const absl::string_view name : defined) digest.Add(name);
      digest.Add(TextOf(n.Field("path")));
      parts += defined.size() + 1;
      defined.clear();
      if (lines.first == 0) lines.first = n.first_line();
      lines.last = n.last_line();
    }
  });
  if (parts < 2) return;
  UnitDraft& unit = builder().Add(UnitKind::kCondition, "#include order", "");
  unit.fingerprint = digest.Finish();
  unit.lines = lines;
}

// `__has_include("a.h")` asks for a file that may come tomorrow.
void CppCutter::AddConditionalIncludes(absl::string_view condition) {
  constexpr absl::string_view kAsks = "__has_include";
  for (size_t at = condition.find(kAsks); at != absl::string_view::npos;
       at = condition.find(kAsks, at + 1)) {
    absl::string_view rest = condition.substr(at + kAsks.size());
    const size_t open = rest.find_first_of("\"<");
    if (open == absl::string_view::npos) return;
    const bool quoted = rest[open] == '"';
    rest.remove_prefix(open + 1);
    const size_t end = rest.find(quoted ? '"' : '>');
    if (end == absl::string_view::npos) return;
    builder().AddImport(quoted ? kCppQuoted : kCppAngled, rest.substr(0, end), "");
  }
}

// An include may stand anywhere, where the grammar sees no sense in it, too.
void CppCutter::AddAllIncludes(absl::string_view source) {
  for (absl::string_view line : absl::StrSplit(source, '\n')) {
    line = absl::StripLeadingAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&line, "#")) continue;
    line = absl::StripLeadingAsciiWhitespace(line);
    AddConditionalIncludes(line);
    if (!absl::ConsumePrefix(&line, "include")) continue;
    line = absl::StripLeadingAsciiWhitespace(line);
    if (line.empty() || (line[0] != '"' && line[0] != '<')) continue;
    const bool quoted = line[0] == '"';
    const size_t end = line.find(quoted ? '"' : '>', 1);
    if (end == absl::string_view::npos) continue;
    builder().AddImport(quoted ? kCppQuoted : kCppAngled, line.substr(1, end - 1), "");
  }
}

}  // namespace testselect
