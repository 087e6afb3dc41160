// How the command tree adds commands and their options: with the same manners everywhere.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "client/cli/options.h"

namespace testselect::client {

// Stands before an argument that CLI11 would read as something else (ProtectArguments).
inline constexpr char kArgumentMark = '\x01';

// Names the server that takes uploads where another one answers questions.
inline constexpr char kUploadServerVariable[] = "TESTSELECT_UPLOAD_SERVER";

// Adds a command below `parent`. What it parses sets `values.command`.
CLI::App* AddCommand(CLI::App* parent, const std::string& name, const std::string& doc,
                     CommandLine& values, Command command, const std::string& examples);

// Sets the server of a command that sends uploads, once all is parsed.
void SettleServer(CommonOptions& common);

// Adds options of one command. Targets must outlive the tree.
class CommandOptions {
 public:
  explicit CommandOptions(CLI::App* app) : app_(app) {}

  // Each returns the option, which belongs to the command.
  CLI::Option* Text(const std::string& flags, std::string& target, const std::string& type,
                    const std::string& doc);
  // One value for each time the flag is given: what follows it is no second one.
  CLI::Option* Repeated(const std::string& flags, std::vector<std::string>& target,
                        const std::string& type, const std::string& doc);
  // What stands on the command line without a flag, any number of times.
  CLI::Option* Positional(const std::string& name, std::vector<std::string>& target,
                          const std::string& type, const std::string& doc);
  CLI::Option* Choice(const std::string& flags, std::string& target,
                      const std::vector<std::string>& choices, const std::string& doc);
  CLI::Option* Seconds(const std::string& flags, double& target, const std::string& doc);
  // From `least`, which is 1 unless said, to `most`.
  CLI::Option* Count(const std::string& flags, uint32_t& target, uint32_t most,
                     const std::string& doc, uint32_t least = 1);
  CLI::Option* Switch(const std::string& flags, bool& target, const std::string& doc);
  // How much is said, and where `has_json`, in which form.
  void Output(CommonOptions& common, bool has_json);
  // Where the machines of a service have roles, some take what others do not.
  enum class Sends { kQuestions, kUploads };
  // Which server, and how to reach it.
  void Server(CommonOptions& common, const std::string& doc, Sends sends = Sends::kQuestions);
  // Which repository in which service; and Output.
  void Index(CommonOptions& common, bool has_json, Sends sends = Sends::kQuestions);
  // Which reports, and how they are read.
  void Reports(std::string& format, std::string& label, std::string& path_root,
               std::string& path_prefix, std::string& reports_from,
               std::vector<std::string>& reports);
  // Which change, compared how.
  void Commits(SelectOptions& select);

 private:
  CLI::App* const app_;
};

}  // namespace testselect::client
