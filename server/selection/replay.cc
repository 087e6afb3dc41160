#include "server/selection/replay.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr size_t kExamples = 100;

class Replay {
 public:
  Replay(const ReplayInputs& inputs, Decision decision, std::shared_ptr<const LabelList> list)
      : in_(inputs), then_(std::move(decision)), list_(std::move(list)) {
    request_ = then_.request;
    if (then_.labels_requested) request_.requested = list_;
    request_.deadline = in_.deadline;
  }

  absl::StatusOr<ReplayReport> Run() && {
    TS_ASSIGN_OR_RETURN(const auto git, in_.repositories->Find(request_.repository));
    TS_RETURN_IF_ERROR(FindGone(*git));
    if (then_.server_version != in_.server_version) {
      report_.notes.push_back(absl::StrCat("recorded by version ", then_.server_version,
                                           ", made again by ", in_.server_version));
    }
    const auto now = in_.selector->Replay(request_, *then_.answer.basis);
    if (!now.ok()) {
      report_.differences.push_back(
          absl::StrCat("it cannot be made again: ", now.status().message()));
      return std::move(report_);
    }
    CompareAnswers(*now);
    CompareWithToday();
    return std::move(report_);
  }

 private:
  absl::Status FindGone(const GitRepository& git) {
    for (const auto& [what, id] :
         {std::pair<absl::string_view, ObjectId>{"base", request_.base}, {"head", request_.head}}) {
      absl::Status found =
          in_.repositories->EnsureCommit(request_.repository, id, request_.deadline);
      if (found.ok()) found = git.Commit(id).status();
      if (!found.ok()) {
        report_.gone.push_back(
            absl::StrCat("the commit ", id.ToHex(), " (", what, "): ", found.message()));
      }
    }
    for (const Digest& segment : then_.answer.basis->segments) {
      const absl::Status found = in_.store->Open(segment).status();
      if (absl::IsUnavailable(found)) return found;
      if (found.ok()) continue;
      report_.gone.push_back(absl::StrCat(
          "the segment ", segment.ToHex(),
          absl::IsNotFound(found) ? " (deleted)" : absl::StrCat(": ", found.message())));
    }
    return absl::OkStatus();
  }

  void Differs(absl::string_view what, absl::string_view then, absl::string_view now) {
    report_.differences.push_back(absl::StrCat(what, ": was ", then, ", is ", now));
  }

  static std::string FallbackText(const std::optional<Fallback>& fallback) {
    if (!fallback.has_value()) return "none";
    return absl::StrCat(FallbackName(fallback->code), " (", fallback->message, ")");
  }

  void CompareAnswers(const SelectionResult& made) {
    const Selection& then = then_.answer;
    const Selection& now = *made.selection;
    if (now.fallback.has_value()) report_.fallback = *now.fallback;
    if (made.labels->digest() != then_.list) {
      Differs("the labels chosen from", absl::StrCat(then_.labels, " of them"),
              absl::StrCat(made.labels->size(), " of them"));
      return;
    }
    const std::string was = FallbackText(then.fallback), is = FallbackText(now.fallback);
    if (was != is) Differs("the fallback", was, is);
    CompareBits("absent labels", then.absent, now.absent);
    CompareBits("labels by diff", then.present_diff, now.present_diff);
    CompareBits("global labels", then.global_level, now.global_level);
    CompareBits("known labels", then.present_report, now.present_report);
    if (then.shadow.has_value() != now.shadow.has_value()) {
      Differs("the shadow", then.shadow.has_value() ? "there" : "none",
              now.shadow.has_value() ? "there" : "none");
    } else if (then.shadow.has_value()) {
      CompareBits("labels skipped in shadow", then.shadow->skip, now.shadow->skip);
    }
    for (size_t code = 0; code < now.reasons.size(); ++code) {
      if (then.reasons[code] == now.reasons[code]) continue;
      Differs(absl::StrCat("labels with reason ", ReasonName(static_cast<ReasonCode>(code))),
              absl::StrCat(then.reasons[code]), absl::StrCat(now.reasons[code]));
    }
    if (then.basis->rule_file != now.basis->rule_file) {
      Differs("the rule file", then.basis->rule_file.ToHex(), now.basis->rule_file.ToHex());
    }
    ListRunDifferences(made);
    CompareOrder(now);
  }

  void CompareBits(absl::string_view what, const std::string& was, const std::string& is) {
    if (was == is) return;
    const DenseLabelSet then = SetOfBits(was), now = SetOfBits(is);
    DenseLabelSet gained = now, lost = then;
    gained -= then;
    lost -= now;
    report_.differences.push_back(absl::StrCat(what, ": were ", then.Count(), ", are ", now.Count(),
                                               " (", gained.Count(), " more, ", lost.Count(),
                                               " fewer)"));
  }

  // The labels by name, as the decision's run set has them.
  void ListRunDifferences(const SelectionResult& made) {
    const DenseLabelSet was = Predicted(then_);
    const DenseLabelSet is = Predicted(MakeDecision(request_, made, then_.created, ""));
    DenseLabelSet more = is, fewer = was;
    more -= was;
    fewer -= is;
    AppendNames(more, &report_.more);
    AppendNames(fewer, &report_.fewer);
  }

  void AppendNames(const DenseLabelSet& set, std::vector<std::string>* names) const {
    set.ForEach([&](LabelNumber n) {
      if (names->size() < kExamples && n < list_->size()) names->emplace_back((*list_)[n]);
    });
  }

  void CompareOrder(const Selection& now) {
    if (request_.omit_order || !report_.differences.empty()) return;
    if (DigestOfOrder(now.run) == then_.run_order) return;
    report_.notes.push_back(
        "the same labels run in another order, by what is known of their durations and failures "
        "today");
  }

  void CompareWithToday() {
    const auto today = in_.selector->Select(request_);
    if (!today.ok() || today->selection->basis->segments == then_.answer.basis->segments) return;
    report_.notes.push_back(absl::StrCat("the index has changed since: today's answer rests on ",
                                         today->selection->basis->segments.size(),
                                         " segments (then ", then_.answer.basis->segments.size(),
                                         ") and runs ", today->selection->run_count,
                                         " labels (then ", then_.answer.run_count, ")"));
  }

  const ReplayInputs& in_;
  const Decision then_;
  const std::shared_ptr<const LabelList> list_;
  SelectionRequest request_;
  ReplayReport report_;
};

}  // namespace

absl::StatusOr<ReplayReport> ReplayDecision(const ReplayInputs& inputs, const DecisionLog& log,
                                            absl::string_view repository, absl::string_view id) {
  TS_ASSIGN_OR_RETURN(Decision decision, log.Find(repository, id));
  TS_ASSIGN_OR_RETURN(auto list, log.FindList(repository, decision.list));
  return Replay(inputs, std::move(decision), std::move(list)).Run();
}

}  // namespace testselect
