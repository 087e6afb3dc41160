// Where two versions of a body part ways.
#include <algorithm>
#include <utility>
#include <vector>

#include "server/source/statements.h"

namespace testselect {
namespace {

// Of two blocks, in pairs of statements looked at.
constexpr size_t kMaxPairs = 4'000'000;

using Numbers = std::vector<uint32_t>;

// The statements of an outline by the block they stand in.
class Blocks {
 public:
  explicit Blocks(const Outline& outline) : outline_(outline) {
    of_.resize(outline.statements.size() + 1);
    for (uint32_t i = 0; i < outline.statements.size(); ++i) {
      const Statement& s = outline.statements[i];
      std::vector<Numbers>& blocks = of_[Slot(s.owner)];
      if (blocks.size() <= s.block) blocks.resize(s.block + 1);
      blocks[s.block].push_back(i);
    }
  }
  size_t Count(uint32_t owner) const { return of_[Slot(owner)].size(); }
  Numbers Of(uint32_t owner, size_t block) const {
    const std::vector<Numbers>& blocks = of_[Slot(owner)];
    return block < blocks.size() ? blocks[block] : Numbers();
  }
  const Statement& operator[](uint32_t number) const { return outline_.statements[number]; }

 private:
  size_t Slot(uint32_t owner) const {
    return owner == kNoStatement ? outline_.statements.size() : owner;
  }
  const Outline& outline_;
  std::vector<std::vector<Numbers>> of_;
};

class Comparison {
 public:
  Comparison(const Outline& before, const Outline& after)
      : before_(before), after_(after), jumps_(before.jumps || after.jumps) {}

  std::optional<std::vector<StatementEdit>> Run() && {
    Owners(kNoStatement, kNoStatement);
    if (too_long_) return std::nullopt;
    return std::move(edits_);
  }

 private:
  void Owners(uint32_t old, uint32_t now) {
    const size_t count = std::max(before_.Count(old), after_.Count(now));
    for (size_t block = 0; block < count; ++block) {
      Block(old, before_.Of(old, block), after_.Of(now, block));
    }
  }

  // Aligns a block of one statement with that of another that is the same.
  void Block(uint32_t owner, const Numbers& old, const Numbers& now) {
    const auto pairs = Align(old, now);
    size_t o = 0, n = 0;
    for (size_t p = 0; p <= pairs.size() && !too_long_; ++p) {
      const size_t o_end = p < pairs.size() ? pairs[p].first : old.size();
      const size_t n_end = p < pairs.size() ? pairs[p].second : now.size();
      if (o == o_end && n < n_end) Inserted(owner, old, o, now[n]);
      for (; o < o_end; ++o) Went(old[o], /*with_owner=*/false);
      if (p == pairs.size()) break;
      Owners(old[o], now[n_end]);
      ++o;
      n = n_end + 1;
    }
  }

  // The longest common subsequence, as positions.
  std::vector<std::pair<size_t, size_t>> Align(const Numbers& old, const Numbers& now) {
    const auto same = [&](size_t o, size_t n) {
      return before_[old[o]].tokens == after_[now[n]].tokens;
    };
    std::vector<std::pair<size_t, size_t>> pairs;
    size_t first = 0, o_end = old.size(), n_end = now.size();
    for (; first < std::min(o_end, n_end) && same(first, first); ++first) {
      pairs.emplace_back(first, first);
    }
    while (o_end > first && n_end > first && same(o_end - 1, n_end - 1)) --o_end, --n_end;
    const size_t rows = o_end - first, columns = n_end - first;
    if (rows * columns > kMaxPairs) {
      too_long_ = true;
      return pairs;
    }
    std::vector<uint32_t> longest((rows + 1) * (columns + 1),
                                  0);  // of what begins at (row, column)
    const auto at = [&](size_t r, size_t c) -> uint32_t& { return longest[r * (columns + 1) + c]; };
    for (size_t r = rows; r-- > 0;) {
      for (size_t c = columns; c-- > 0;) {
        at(r, c) = same(first + r, first + c) ? at(r + 1, c + 1) + 1
                                              : std::max(at(r + 1, c), at(r, c + 1));
      }
    }
    for (size_t r = 0, c = 0; r < rows && c < columns;) {
      if (same(first + r, first + c)) {
        pairs.emplace_back(first + r++, first + c++);
      } else if (at(r + 1, c) >= at(r, c + 1)) {
        ++r;
      } else {
        ++c;
      }
    }
    for (; o_end < old.size(); ++o_end, ++n_end) pairs.emplace_back(o_end, n_end);
    return pairs;
  }

  // New statements stand where old ones did not: who comes there came by what is before them.
  void Inserted(uint32_t owner, const Numbers& block, size_t position, uint32_t now) {
    StatementEdit edit;
    edit.inserted = true;
    const uint32_t before = position == 0 ? kNoStatement : block[position - 1];
    if (!jumps_) AddBefore(before, owner, after_[now].called, &edit);
    edits_.push_back(std::move(edit));
  }

  // An old statement is another one now, or none, and so is all that is in it.
  void Went(uint32_t number, bool with_owner) {
    const Statement& s = before_[number];
    StatementEdit edit;
    edit.optional = with_owner && !s.suspends_itself;
    if (!s.suspends_itself) {
      edit.signs.push_back({s.lines, s.head});
      if (!with_owner && !jumps_) AddBefore(s.before, s.owner, s.called, &edit);
    }
    edits_.push_back(std::move(edit));
    for (size_t block = 0; block < before_.Count(number); ++block) {
      for (uint32_t inner : before_.Of(number, block)) Went(inner, /*with_owner=*/true);
    }
  }

  // What surely ran, in the old version, before control came to the place after `before` in a block
  // of `owner`: the nearest first.
  void AddBefore(uint32_t before, uint32_t owner, bool called, StatementEdit* edit) {
    while (true) {
      for (; before != kNoStatement; before = before_[before].before) {
        const Statement& s = before_[before];
        if (s.suspends) return;  // somebody else may have gone on from there
        edit->signs.push_back({s.head, s.head});
      }
      if (owner == kNoStatement || called) return;
      const Statement& s = before_[owner];
      if (s.suspends_itself) return;
      edit->signs.push_back({s.head, s.head});
      before = s.before;
      called = s.called;
      owner = s.owner;
    }
  }

  const Blocks before_, after_;
  const bool jumps_;
  std::vector<StatementEdit> edits_;
  bool too_long_ = false;
};

}  // namespace

std::optional<std::vector<StatementEdit>> CompareStatements(const Outline& before,
                                                            const Outline& after) {
  if (!(before.rest == after.rest)) return std::nullopt;
  auto edits = Comparison(before, after).Run();
  // The fingerprints of the two differ, so something else than a statement does.
  if (edits.has_value() && edits->empty()) return std::nullopt;
  return edits;
}

}  // namespace testselect
