// The part of NameWalk that is about lines: which statements of a changed body changed, and who
// came there (granularity LINE).
#include "server/selection/name_walk.h"

namespace testselect {

void NameWalk::SelectWhoRan(const UnitRef& body, const Unit* now, const Trail& trail) {
  Trail covered = trail;
  covered.code = ReasonCode::kCoveredChange;
  const auto edits = by_statement_ && now != nullptr ? StatementsChanged(body, *now) : std::nullopt;
  if (!edits.has_value()) return Select(covered, context_.Ran(body), /*present_diff=*/true);
  for (const StatementEdit& edit : *edits) SelectWhoCame(body, edit, covered);
}

// Nothing where only the body as a whole can be told apart.
std::optional<std::vector<StatementEdit>> NameWalk::StatementsChanged(const UnitRef& body,
                                                                      const Unit& now) {
  const Unit& then = context_.At(body);
  if (then.Has(kBroken) || now.Has(kBroken)) return std::nullopt;
  const PathId path = context_.PathOf(body);
  if (read_path_ != path) {
    const auto read = [&](bool after) -> std::unique_ptr<StatementReader> {
      const UnitRef file{after ? context_.After(path) : context_.Before(path), 0, after};
      const std::string text = context_.Tree(file).Text(file.file);
      const Language* language = context_.Tree(file).LanguageAt(file.file);
      return text.empty() ? nullptr : language->Statements(context_.Path(path), text);
    };
    read_path_ = path;
    read_before_ = read(/*after=*/false);
    read_after_ = read(/*after=*/true);
  }
  if (read_before_ == nullptr || read_after_ == nullptr) return std::nullopt;
  const auto before = read_before_->In(then.lines), after = read_after_->In(now.lines);
  if (!before.has_value() || !after.has_value()) return std::nullopt;
  return CompareStatements(*before, *after);
}

void NameWalk::SelectWhoCame(const UnitRef& body, const StatementEdit& edit, const Trail& from) {
  const std::string& path = context_.Path(context_.PathOf(body));
  const auto came = context_.evidence().CameTo(path, edit.signs, context_.At(body).lines);
  for (size_t i = 0; i < came.size(); ++i) {
    if (came[i].Empty()) continue;
    Trail trail = from;
    if (i == edit.signs.size()) {
      if (edit.optional) continue;
      trail = Extend(trail, Verb::kText, kNoName, kNoFile,
                     "what runs just before the changed statements was not recorded");
    } else {
      const std::vector<LineRange>& lines = edit.signs[i].lines;
      trail.lines = {lines.front().first, lines.back().last};
      const bool itself = !edit.inserted && i == 0;
      if (!itself) trail.code = ReasonCode::kInsertion;
      trail = Extend(trail, Verb::kText, kNoName, kNoFile,
                     itself ? "it executed a changed statement"
                            : "it executed what runs just before a changed statement");
    }
    Select(trail, came[i], /*present_diff=*/true);
  }
}

}  // namespace testselect
