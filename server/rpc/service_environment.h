// What every service is given. Nothing here is a concrete engine.
#pragma once

#include "server/git/repository.h"
#include "server/ops/auth.h"
#include "server/ops/config.h"
#include "server/ops/logging.h"
#include "server/ops/metrics.h"
#include "server/rpc/call_gate.h"
#include "server/rpc/status.h"
#include "server/selection/selector.h"
#include "server/selection/test_history.h"
#include "storage/index_store.h"

namespace testselect {

class DecisionRecorder;
class Evaluator;
class IndexRetention;

// Plain pointers to things that outlive the services; all are thread-safe.
struct ServiceEnvironment {
  const ServerConfig* config = nullptr;
  const TokenSet* tokens = nullptr;
  const StatusMapper* statuses = nullptr;
  Logger* log = nullptr;
  Metrics* metrics = nullptr;
  IndexStore* store = nullptr;
  RepositorySource* repositories = nullptr;
  Selector* selector = nullptr;
  DecisionRecorder* decisions = nullptr;
  Evaluator* evaluator = nullptr;
  TestHistory* history = nullptr;
  IndexRetention* retention = nullptr;
  CallGate* gate = nullptr;
};

}  // namespace testselect
