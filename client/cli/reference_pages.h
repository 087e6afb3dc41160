// The man page, docs/cli.md and the completion scripts, all made from the command tree.
#pragma once

#include <string>

namespace CLI {
class App;
}  // namespace CLI

namespace testselect::client {

std::string ManPage(const CLI::App& tree);       // client/man/testselect.1
std::string MarkdownPage(const CLI::App& tree);  // docs/cli.md
std::string BashCompletion(const CLI::App& tree);
std::string ZshCompletion(const CLI::App& tree);

}  // namespace testselect::client
