#include "client/runners/installed.h"

#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/files.h"
#include "storage/model/digest.h"

namespace testselect::client {
namespace {

namespace fs = std::filesystem;

// npm's record: the packages by their folder, without the project itself. Those outside of any
// node_modules are the project's own, too. False where it is something else.
bool ReadNpm(const std::string& text, std::vector<std::string>* lines) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::object packages;
  if (parser.parse(text).get(root) != simdjson::SUCCESS ||
      root["packages"].get(packages) != simdjson::SUCCESS) {
    return false;
  }
  for (const auto& [place, package] : packages) {
    if (!absl::StrContains(absl::string_view(place.data(), place.size()), "node_modules/"))
      continue;
    lines->push_back(absl::StrCat(std::string(place), " ", simdjson::minify(package)));
  }
  return true;
}

// pnpm's copy of its lock file. What was asked for does not matter, what was taken does.
bool ReadPnpm(const std::string& text, std::vector<std::string>* lines) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "specifier:")) {
      lines->emplace_back(line);
    }
  }
  return true;
}

bool ReadWhole(const std::string& text, std::vector<std::string>* lines) {
  lines->push_back(text);
  return true;
}

struct Record {
  const char* file;
  bool (*read)(const std::string& text, std::vector<std::string>* lines);
};
constexpr Record kRecords[] = {{".package-lock.json", ReadNpm},
                               {".pnpm/lock.yaml", ReadPnpm},
                               {".yarn-integrity", ReadWhole},
                               {".yarn-state.yml", ReadWhole}};

bool ReadModules(const std::string& modules, std::vector<std::string>* lines) {
  bool known = false;
  for (const Record& record : kRecords) {
    const absl::StatusOr<std::string> text = ReadFile(absl::StrCat(modules, "/", record.file));
    if (absl::IsNotFound(text.status())) continue;
    if (!text.ok() || !record.read(*text, lines)) return false;
    known = true;
  }
  return known;
}

// pnpm gives each member of a workspace a folder of links into the top's.
bool HoldsLinksAlone(const fs::path& modules) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(modules, error)) {
    const std::string name = entry.path().filename().string();
    if (absl::StartsWith(name, ".")) continue;
    const bool scope = absl::StartsWith(name, "@") && !entry.is_symlink(error);
    if (scope ? !HoldsLinksAlone(entry.path()) : !entry.is_symlink(error)) return false;
  }
  return !error;
}

}  // namespace

std::string InstalledDigest(absl::string_view kind, const std::vector<std::string>& lines) {
  return absl::StrCat(kind, Digest::Of(absl::StrJoin(lines, "\n")).ToHex());
}

std::vector<std::string> LockedCrates(absl::string_view cargo_lock) {
  std::vector<std::string> crates;
  for (const absl::string_view block : absl::StrSplit(cargo_lock, "[[package]]\n")) {
    if (absl::StrContains(block, "\nsource = ")) {
      crates.emplace_back(absl::StripAsciiWhitespace(block));
    }
  }
  return crates;
}

std::vector<std::string> InstalledNodePackages(const std::string& folder, const std::string& top) {
  std::vector<std::string> lines;
  bool links = false, known = false;
  for (fs::path at = folder;; at = at.parent_path()) {
    const fs::path modules = at / "node_modules";
    std::error_code error;
    if (fs::exists(modules, error)) {
      std::vector<std::string> here;
      if (ReadModules(modules.string(), &here)) {
        known = true;
        lines.insert(lines.end(), here.begin(), here.end());
      } else if (here.empty() && HoldsLinksAlone(modules)) {
        links = true;
      } else {
        return {};
      }
    }
    if (at == fs::path(top) || at == at.parent_path()) break;
  }
  return known || !links ? lines : std::vector<std::string>();
}

}  // namespace testselect::client
