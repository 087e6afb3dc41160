// JaCoCo's execution data (.exec), together with the class files it is about: a folder.
//
//   01 C0C0 1007                              header; again wherever a dump was appended
//   10 UTF id, long start, long dump          session: what follows belongs to it
//   11 long class, UTF name, probes           class data: a count and a bit for each probe
//
// A session is a test if its runner said so (IAgent.setSessionId); its id is the label. What is in
// session '' ran outside tests; an id that JaCoCo made by itself ("host-1a2b3c4d") stands for the
// upload's label. Texts are modified UTF-8. Class data says which probes ran; which lines those are
// tells the class file alone, found by its checksum (jacoco_probes.h). File names are
// "com/example/Pot.java", below no source root.
//
// Evidence is never left out for want of knowledge: a class that was compiled anew since counts
// with all of its lines, and where several sessions come before their data, as in files that
// JaCoCo's merge wrote, the data is each one's. A class without a class file is not known to be the
// repository's; its number is warned of. Memory: the classes that the data mentions, analysed.
// https://www.jacoco.org/jacoco/trunk/doc/, org.jacoco.core.data.ExecutionDataReader
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/ingest/binary_reader.h"
#include "server/ingest/formats.h"
#include "server/ingest/jacoco_probes.h"
#include "server/ingest/java_class.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/report_folder.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "jacoco-exec";
constexpr absl::string_view kMagic = "\x01\xC0\xC0";
constexpr absl::string_view kClassMagic = "\xCA\xFE\xBA\xBE";
constexpr uint64_t kVersion = 0x1007;
constexpr size_t kMaxClassBytes = 64 << 20;
constexpr uint64_t kMaxProbes = UINT32_MAX;
constexpr LineRange kWholeFile{1, kMaxLine};

enum Block : uint8_t { kHeader = 0x01, kSession = 0x10, kClassData = 0x11 };

// Whether JaCoCo's agent made up the id: a host's name, '-', and a random number.
bool IsDefaultSession(absl::string_view id) {
  const size_t dash = id.rfind('-');
  if (dash == absl::string_view::npos || dash == 0) return false;
  const absl::string_view number = id.substr(dash + 1);
  return number.size() >= 6 && number.size() <= 8 &&
         number.find_first_not_of("0123456789abcdef") == absl::string_view::npos &&
         id.find_first_of(" #():[]/,;") == absl::string_view::npos;
}

class ExecReader : public BinaryReader {
 public:
  explicit ExecReader(ReportSource* source) : BinaryReader(source, kName) {}

  absl::StatusOr<std::string> Text() {
    TS_ASSIGN_OR_RETURN(const uint64_t size, BigEndian(2));
    TS_ASSIGN_OR_RETURN(const absl::string_view raw, Bytes(size));
    absl::StatusOr<std::string> text = DecodeModifiedUtf8(raw);
    if (!text.ok()) return AtByte(text.status());
    return text;
  }
  // A count, and as many bits.
  absl::StatusOr<std::string> Bits(uint64_t* count) {
    TS_ASSIGN_OR_RETURN(*count, Uleb128());
    if (*count > kMaxProbes) return Error(absl::StrCat(*count, " probes are too many"));
    TS_ASSIGN_OR_RETURN(const absl::string_view bits, Bytes((*count + 7) / 8));
    return std::string(bits);
  }
};

// The class files of the folder.
class Classes {
 public:
  // What data is about: an analysed class, and its file in the repository.
  struct Known {
    JacocoClass java;
    FileId file = kIgnoredFile;
    bool same = true;  // the data's class and the class file are the same compilation
  };

  Classes(const ReportFolder& folder, EvidenceSink* sink) : folder_(folder), sink_(sink) {}

  absl::Status Take(size_t file) {
    TS_ASSIGN_OR_RETURN(const std::string bytes, Content(file));
    const absl::StatusOr<JavaClass> java = JavaClass::Parse(bytes);
    if (!java.ok()) return Error(file, java.status());
    by_id_.emplace(JacocoClassId(bytes), file);
    by_name_.emplace(java->name(), file);
    return absl::OkStatus();
  }
  bool empty() const { return by_id_.empty(); }
  bool Has(absl::string_view name) const { return by_name_.contains(name); }

  // Null where no class file has the name.
  absl::StatusOr<const Known*> Find(uint64_t id, const std::string& name) {
    const auto seen = known_.find(id);
    if (seen != known_.end()) return seen->second.get();
    std::unique_ptr<Known>& slot = known_[id];
    const auto by_id = by_id_.find(id);
    const auto by_name = by_name_.find(name);
    const bool same = by_id != by_id_.end();
    if (!same && by_name == by_name_.end()) return nullptr;
    const size_t file = same ? by_id->second : by_name->second;
    TS_ASSIGN_OR_RETURN(const std::string bytes, Content(file));
    absl::StatusOr<JacocoClass> java = JacocoClass::Analyse(bytes);
    if (!java.ok()) return Error(file, java.status());
    slot = std::make_unique<Known>(Known{*std::move(java), kIgnoredFile, same});
    const absl::StatusOr<FileId> source = sink_->File(slot->java.source_path());
    if (!source.ok()) return Error(file, source.status());
    slot->file = *source;
    return slot.get();
  }

 private:
  absl::Status Error(size_t file, const absl::Status& status) const {
    return absl::Status(status.code(),
                        absl::StrCat(folder_.paths()[file], ": ", kName, ": ", status.message()));
  }

  absl::StatusOr<std::string> Content(size_t file) const {
    TS_ASSIGN_OR_RETURN(const auto source, folder_.Open(file));
    std::string bytes;
    char piece[16 << 10];
    for (;;) {
      TS_ASSIGN_OR_RETURN(const size_t n, source->Read(piece, sizeof piece));
      if (n == 0) return bytes;
      bytes.append(piece, n);
      if (bytes.size() > kMaxClassBytes) {
        return Error(file, absl::InvalidArgumentError(
                               absl::StrCat("is longer than ", kMaxClassBytes, " bytes")));
      }
    }
  }

  const ReportFolder& folder_;
  EvidenceSink* const sink_;
  absl::flat_hash_map<uint64_t, size_t> by_id_;
  absl::flat_hash_map<std::string, size_t> by_name_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Known>> known_;
};

class Report {
 public:
  Report(const ReportFolder& folder, const ParseOptions& options, EvidenceSink* sink)
      : folder_(folder), options_(options), sink_(sink), classes_(folder, sink) {}

  absl::Status Parse() {
    std::vector<size_t> execs;
    for (size_t i = 0; i < folder_.paths().size(); ++i) {
      TS_ASSIGN_OR_RETURN(const auto source, folder_.Open(i));
      TS_ASSIGN_OR_RETURN(const absl::string_view head, source->Peek());
      if (absl::StartsWith(head, kClassMagic)) {
        TS_RETURN_IF_ERROR(classes_.Take(i));
      } else {
        execs.push_back(i);
      }
    }
    for (const size_t i : execs) {
      TS_ASSIGN_OR_RETURN(const auto source, folder_.Open(i));
      ExecReader in(source.get());
      TS_RETURN_IF_ERROR(ReadExec(in));
    }
    if (classes_.empty()) return NoClasses();
    Warn();
    return absl::OkStatus();
  }

 private:
  absl::Status NoClasses() const {
    return absl::InvalidArgumentError(absl::StrCat(
        folder_.name(), ": ", kName,
        ": there are no class files. The data tells of probes, and only the classes tell of which "
        "lines those are: give the folders or jars of compiled classes as well (upload jacoco.exec "
        "target/classes target/test-classes), or one folder that holds all of them"));
  }

  absl::Status ReadExec(ExecReader& in) {
    sessions_.clear();
    for (bool first = true;; first = false) {
      TS_ASSIGN_OR_RETURN(const bool ended, in.AtEnd());
      if (ended) return first ? in.Error("the file is empty") : absl::OkStatus();
      TS_ASSIGN_OR_RETURN(const uint64_t block, in.BigEndian(1));
      if (first && block != kHeader)
        return in.Error("the file does not begin with JaCoCo's header");
      switch (block) {
        case kHeader:
          TS_RETURN_IF_ERROR(ReadHeader(in));
          break;
        case kSession:
          TS_RETURN_IF_ERROR(ReadSession(in));
          break;
        case kClassData:
          TS_RETURN_IF_ERROR(ReadClassData(in));
          break;
        default:
          return in.Error(absl::StrCat("block type ", block, " is none of 1, 16, 17"));
      }
    }
  }

  absl::Status ReadHeader(ExecReader& in) {
    sessions_.clear();
    TS_ASSIGN_OR_RETURN(const uint64_t magic, in.BigEndian(2));
    if (magic != 0xC0C0) return in.Error("a header is not JaCoCo's");
    TS_ASSIGN_OR_RETURN(const uint64_t version, in.BigEndian(2));
    if (version == kVersion) return absl::OkStatus();
    return absl::UnimplementedError(
        in.Error(absl::StrCat("version ", absl::Hex(version), " of the format is not known (",
                              absl::Hex(kVersion), " is)"))
            .message());
  }

  absl::Status ReadSession(ExecReader& in) {
    TS_ASSIGN_OR_RETURN(std::string id, in.Text());
    TS_RETURN_IF_ERROR(in.Skip(16));  // start and dump
    if (data_seen_) sessions_.clear();
    data_seen_ = false;
    if (std::find(sessions_.begin(), sessions_.end(), id) == sessions_.end()) {
      sessions_.push_back(std::move(id));
    }
    return absl::OkStatus();
  }

  // The contexts of the sessions that data belongs to. A session without data makes no label.
  absl::Status ResolveSessions(ExecReader& in) {
    if (sessions_.empty()) return in.Error("class data stands before any session");
    contexts_.clear();
    for (const std::string& id : sessions_) {
      absl::string_view label = id;
      if (id.empty()) {
        contexts_.push_back(kGlobalContext);
        continue;
      }
      if (IsDefaultSession(id)) {
        TS_RETURN_IF_ERROR(RequireLabel(folder_.name(), kName, options_.label));
        label = options_.label;
      }
      const absl::StatusOr<ContextId> context = sink_->Context(label, Phase::kRun);
      if (!context.ok()) return in.Error(context.status().message());
      contexts_.push_back(*context);
    }
    merged_ |= sessions_.size() > 1;
    return absl::OkStatus();
  }

  absl::Status ReadClassData(ExecReader& in) {
    if (!data_seen_ || sessions_.empty()) TS_RETURN_IF_ERROR(ResolveSessions(in));
    data_seen_ = true;
    TS_ASSIGN_OR_RETURN(const uint64_t id, in.BigEndian(8));
    TS_ASSIGN_OR_RETURN(const std::string name, in.Text());
    uint64_t count = 0;
    TS_ASSIGN_OR_RETURN(const std::string probes, in.Bits(&count));
    if (classes_.empty()) return absl::OkStatus();
    TS_ASSIGN_OR_RETURN(const Classes::Known* const known, classes_.Find(id, name));
    if (known == nullptr) {
      Remember(name, &unknown_);
      return absl::OkStatus();
    }
    if (probes.find_first_not_of('\0') == std::string::npos) return absl::OkStatus();
    const bool exact = known->same && known->java.exact() && count == known->java.probes();
    if (!exact) Remember(name, &changed_);
    LineBits lines = exact ? known->java.Lines(probes) : known->java.AllLines();
    TS_RETURN_IF_ERROR(in.AtByte(AddCopies(known->java.copies(), lines)));
    lines.RemoveFrom(known->java.copies().first());
    Add(*known, lines);
    return absl::OkStatus();
  }

  // A copy of an inline function was executed, so a change of the function concerns the test. Those
  // of libraries do not: no class file is given for them.
  absl::Status AddCopies(const KotlinSmap& smap, const LineBits& lines) {
    for (const KotlinSmap::Copy& copy : smap.copies()) {
      if (!lines.AnyIn(copy.first, copy.last) || !classes_.Has(copy.class_name)) continue;
      TS_ASSIGN_OR_RETURN(const FileId file, sink_->File(copy.source_path));
      for (const ContextId context : contexts_) {
        if (context != kGlobalContext) sink_->AddFunction(file, context, copy.source);
      }
    }
    return absl::OkStatus();
  }

  void Add(const Classes::Known& known, const LineBits& lines) {
    if (known.java.generated()) return;
    for (const ContextId context : contexts_) {
      if (known.java.has_lines()) {
        sink_->AddLineBits(known.file, context, lines.bits());
      } else if (context != kGlobalContext) {
        sink_->AddFunction(known.file, context, kWholeFile);
      }
    }
  }

  // Classes to warn of: how many, and the first.
  struct Odd {
    absl::flat_hash_set<std::string> names;
    std::string first;
  };
  static void Remember(const std::string& name, Odd* odd) {
    if (odd->names.empty()) odd->first = name;
    odd->names.insert(name);
  }

  void Warn() {
    if (!unknown_.names.empty()) {
      sink_->Warn(absl::StrCat(folder_.name(), ": ", unknown_.names.size(),
                               " classes ran that no class file is given for, such as ",
                               Quoted(unknown_.first),
                               "; if they are the repository's, give their folder as well"));
    }
    if (!changed_.names.empty()) {
      sink_->Warn(absl::StrCat(folder_.name(), ": ", changed_.names.size(),
                               " classes are not the compilation that ran, such as ",
                               Quoted(changed_.first), ": all of their lines count as executed"));
    }
    if (merged_) {
      sink_->Warn(absl::StrCat(folder_.name(),
                               ": several sessions come before their data, so that it counts for "
                               "each of them; upload the files as they were before they were "
                               "merged"));
    }
  }

  const ReportFolder& folder_;
  const ParseOptions& options_;
  EvidenceSink* const sink_;
  Classes classes_;
  std::vector<std::string> sessions_;  // that the next data belongs to
  std::vector<ContextId> contexts_;    // theirs
  bool data_seen_ = false, merged_ = false;
  Odd unknown_, changed_;
};

class Parser : public FolderParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override {
    return "JaCoCo's .exec and its class files: a session per test";
  }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override { return absl::StartsWith(head, kMagic); }
  bool Takes(absl::string_view path, absl::string_view head) const override {
    (void)path;
    return Recognises(head) || absl::StartsWith(head, kClassMagic);
  }
  absl::Status ParseFolder(const ReportFolder& folder, const ParseOptions& options,
                           EvidenceSink& sink) const override {
    return Report(folder, options, &sink).Parse();
  }
};

}  // namespace

const ReportParser* JacocoExecParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
