// What a CI pipeline has to run, whatever CI system it is: shards of labels, or suites.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace testselect::client {

// A part of the selected labels, in a file of its own.
struct CiShard {
  std::string file;  // as the pipeline finds it
  uint64_t tests = 0;
  double seconds = 0;  // known durations only
};

// A suite of suitespec.yml that runs, with what its keys say of its job.
struct CiSuite {
  std::string name;     // "contrib::flask"
  std::string stage;    // "contrib"
  std::string job;      // "contrib/flask"
  std::string pattern;  // what the job is to run
  bool snapshot = false, gpu = false, allow_failure = false;
  std::vector<std::string> services{}, only{};
  std::vector<std::pair<std::string, std::string>> env{};  // by name; values as JSON scalars
  std::string retry{}, timeout{};                          // as JSON scalars; empty: not given
  uint32_t shards = 1;
};

// One of the two is used; both empty: nothing has to run.
struct CiPlan {
  bool by_suite = false;
  std::string selection_id;
  std::vector<CiShard> shards;
  std::vector<CiSuite> suites;

  bool empty() const { return shards.empty() && suites.empty(); }
};

// What the command line says of the jobs.
struct CiJobOptions {
  std::string job;      // the job or template to extend; empty: the system's default
  std::string command;  // what a job runs; empty: the template says
  std::string template_text;
  std::vector<std::string> needs;
};

// Takes shards from the suites with the most, until all have together at most `limit` jobs, each
// at least one and at most `most_per_suite`. True where anything was taken.
bool LimitShards(uint64_t limit, uint32_t most_per_suite, std::vector<CiSuite>& suites);

}  // namespace testselect::client
