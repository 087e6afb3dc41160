// AnswerMaker: from a plan to the answers about lists of labels, each made once while it is asked
// about.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "server/selection/answer.h"
#include "server/selection/history_columns.h"
#include "server/selection/label_list.h"
#include "server/selection/label_universe.h"
#include "server/selection/selection_plan.h"
#include "server/selection/selector.h"
#include "server/selection/test_history.h"
#include "storage/model/lru_map.h"
#include "storage/model/mutex.h"

namespace testselect {

// What an answer is asked of.
struct AnswerQuestion {
  const SelectionRequest* request = nullptr;
  // The list is the client's; else it is what the index knows, whoever put it into the request.
  bool labels_requested = true;
  std::string plan_key;  // names all of the request that the plan depends on
  const SelectionPlan* plan = nullptr;
};

// Thread-safe.
class AnswerMaker {
 public:
  // `history` may be null and must outlive this.
  AnswerMaker(const TestHistory* history, size_t cache_bytes);

  struct Made {
    std::shared_ptr<const Selection> answer;
    bool cached = false;
  };
  // Errors: those of KnownLabels.
  absl::StatusOr<Made> Find(const AnswerQuestion& question);

  // The answer about `list`, made anew and kept nowhere.
  std::shared_ptr<const Selection> MakeAgain(const AnswerQuestion& question, const LabelList& list);

  // The part of `selection`, which is the answer, that the question's request wants.
  RunPart Part(const AnswerQuestion& question, const LabelList& list, const Selection& selection);

  // What the histories say of the labels of a plan; null where there are none.
  std::shared_ptr<const HistoryColumns> FindColumns(const std::string& repository,
                                                    const SelectionPlan& plan);

 private:
  using NumbersPtr = std::shared_ptr<const std::vector<LabelNumber>>;
  NumbersPtr FindNumbers(const LabelList& list, const SelectionPlan& plan);
  std::vector<std::shared_ptr<const JobHistory>> HistoriesOf(const std::string& repository,
                                                             const SelectionPlan& plan) const;

  const TestHistory* const history_;
  Mutex mutex_;
  LruMap<std::string, const Selection> answers_ ABSL_GUARDED_BY(mutex_);
  LruMap<std::string, const std::vector<LabelNumber>> numbers_ ABSL_GUARDED_BY(mutex_);
  LruMap<std::string, const HistoryColumns> columns_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace testselect
