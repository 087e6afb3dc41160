// coverage.py's data file (.coverage), schema 7.
//
// `line_bits` holds a bit per line (least significant first; bit 0 is no line), `arc` the jumps of
// branch runs, whose positive ends are executed lines. `context` holds the names, numbered in the
// order in which the tests ran. Rows are taken as they lie, unsorted. Memory: the names; for branch
// runs also the lines of a few (file, context) pairs.
// https://coverage.readthedocs.io/en/latest/dbschema.html
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/ingest/context_name.h"
#include "server/ingest/formats.h"
#include "server/ingest/line_bits.h"
#include "server/ingest/parse_error.h"
#include "server/ingest/sqlite_log.h"
#include "server/ingest/sqlite_reader.h"
#include "server/ingest/static_contexts.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

constexpr absl::string_view kName = "coveragepy-sqlite";
constexpr int64_t kSchema = 7;
constexpr size_t kMaxNumbits = kMaxLine / 8 + 1;

std::string Row(absl::string_view table, int64_t rowid) {
  return absl::StrCat("table ", table, ", row ", rowid);
}

// What a context id stands for.
struct Context {
  bool also_global = false;  // a static context alone
  ContextId id = kGlobalContext;
};

// Values by row id. Ids are small and dense in practice, which a plain array serves best; a file
// that holds others costs a hash, not memory.
template <typename T>
class ById {
 public:
  T& operator[](int64_t id) {
    if (id < 0 || id >= kDense) return others_[id];
    if (static_cast<size_t>(id) >= values_.size()) values_.resize(static_cast<size_t>(id) + 1);
    auto& value = values_[static_cast<size_t>(id)];
    if (!value.has_value()) value.emplace();
    return *value;
  }
  // A null pointer where there is none.
  const T* Find(int64_t id) const {
    if (id >= 0 && static_cast<size_t>(id) < values_.size()) {
      const auto& value = values_[static_cast<size_t>(id)];
      return value.has_value() ? &*value : nullptr;
    }
    const auto found = others_.find(id);
    return found == others_.end() ? nullptr : &found->second;
  }

 private:
  static constexpr int64_t kDense = 1 << 20;
  std::vector<std::optional<T>> values_;
  absl::flat_hash_map<int64_t, T> others_;
};

class DataFile {
 public:
  DataFile(SqliteReader* db, const ParseOptions& options, EvidenceSink* sink)
      : db_(db), options_(options), sink_(sink) {}

  absl::Status Parse() {
    TS_RETURN_IF_ERROR(CheckSchema());
    TS_RETURN_IF_ERROR(ReadContexts());
    TS_RETURN_IF_ERROR(ReadFiles());
    TS_RETURN_IF_ERROR(ReadLineBits());
    return ReadArcs();
  }

 private:
  absl::Status RequireTable(absl::string_view table) {
    TS_ASSIGN_OR_RETURN(const bool found, db_->HasTable(table));
    if (found) return absl::OkStatus();
    return db_->Error(absl::StrCat("table ", table), "is missing");
  }

  absl::Status CheckSchema() {
    for (const char* table : {"coverage_schema", "file", "context", "line_bits", "arc"}) {
      TS_RETURN_IF_ERROR(RequireTable(table));
    }
    int64_t version = -1;
    TS_RETURN_IF_ERROR(
        db_->Query("SELECT version FROM coverage_schema LIMIT 1", [&](SqliteRow row) {
          version = row.Integer(0);
          return absl::OkStatus();
        }));
    if (version == kSchema) return absl::OkStatus();
    return absl::UnimplementedError(
        db_->Error("table coverage_schema",
                   absl::StrCat("schema version ", version, " is not known (", kSchema, " is)"))
            .message());
  }

  absl::Status ReadContexts() {
    std::vector<std::pair<int64_t, std::string>> names;
    TS_RETURN_IF_ERROR(db_->Query(
        "SELECT id, context FROM context ORDER BY id", [&](SqliteRow row) -> absl::Status {
          if (!row.IsText(1)) return db_->Error(Row("context", row.Integer(0)), "is no text");
          names.emplace_back(row.Integer(0), std::string(row.Text(1)));
          return absl::OkStatus();
        }));
    const bool names_tests = std::any_of(names.begin(), names.end(),
                                         [](const auto& name) { return !name.second.empty(); });
    std::vector<std::string> texts;
    for (const auto& name : names) texts.push_back(name.second);
    const absl::flat_hash_set<std::string> statics = StaticContexts(texts);
    std::vector<std::string> order;
    for (const auto& [id, text] : names) {
      Context& context = contexts_[id];
      ContextName name = SplitContext(text);
      if (name.label.empty() && !names_tests) name.label = options_.label;
      if (name.label.empty()) continue;
      const absl::StatusOr<ContextId> made = sink_->Context(name.label, name.phase);
      if (!made.ok()) return db_->Error(Row("context", id), made.status().message());
      context.id = *made;
      context.also_global = options_.static_context_is_global && statics.contains(text);
      if (order.empty() || order.back() != name.label) order.emplace_back(name.label);
    }
    sink_->SuiteOrder(order);
    return absl::OkStatus();
  }

  absl::Status ReadFiles() {
    return db_->Query("SELECT id, path FROM file ORDER BY id", [&](SqliteRow row) -> absl::Status {
      const int64_t id = row.Integer(0);
      if (!row.IsText(1)) return db_->Error(Row("file", id), "the path is no text");
      const absl::StatusOr<FileId> file = sink_->File(row.Text(1));
      if (!file.ok()) return db_->Error(Row("file", id), file.status().message());
      files_[id] = *file;
      return absl::OkStatus();
    });
  }

  // Looks up both ids of a row of `table`.
  absl::Status Resolve(absl::string_view table, int64_t rowid, int64_t file, int64_t context,
                       FileId* file_id, Context* known) const {
    const FileId* const found_file = files_.Find(file);
    if (found_file == nullptr) {
      return db_->Error(Row(table, rowid), absl::StrCat("file_id ", file, " is in no row of file"));
    }
    const Context* const found_context = contexts_.Find(context);
    if (found_context == nullptr) {
      return db_->Error(Row(table, rowid),
                        absl::StrCat("context_id ", context, " is in no row of context"));
    }
    *file_id = *found_file;
    *known = *found_context;
    return absl::OkStatus();
  }

  void Add(FileId file, const Context& context, absl::string_view bits) {
    sink_->AddLineBits(file, context.id, bits);
    if (context.also_global) sink_->AddLineBits(file, kGlobalContext, bits);
  }

  absl::Status ReadLineBits() {
    return db_->Query("SELECT file_id, context_id, numbits, rowid FROM line_bits",
                      [&](SqliteRow row) -> absl::Status {
                        FileId file = kIgnoredFile;
                        Context context;
                        TS_RETURN_IF_ERROR(Resolve("line_bits", row.Integer(3), row.Integer(0),
                                                   row.Integer(1), &file, &context));
                        if (!row.IsBlob(2)) {
                          return db_->Error(Row("line_bits", row.Integer(3)), "numbits is no blob");
                        }
                        absl::string_view bits = row.Blob(2);
                        while (!bits.empty() && bits.back() == '\0') bits.remove_suffix(1);
                        if (bits.size() > kMaxNumbits) {
                          return db_->Error(
                              Row("line_bits", row.Integer(3)),
                              absl::StrCat("a line of numbits is greater than ", kMaxLine));
                        }
                        Add(file, context, bits);
                        return absl::OkStatus();
                      });
  }

  // Branch runs repeat a (file, context) pair once per arc, in runs that are mostly but not always
  // contiguous; a run is collected and handed over when the next begins.
  absl::Status ReadArcs() {
    LineBits lines;
    FileId last_file = kIgnoredFile;
    Context last_context;
    int64_t last_ids[2] = {-1, -1};
    const absl::Status status = db_->Query(
        "SELECT file_id, context_id, fromno, tono, rowid FROM arc",
        [&](SqliteRow row) -> absl::Status {
          if (row.Integer(0) != last_ids[0] || row.Integer(1) != last_ids[1]) {
            if (!lines.empty()) Add(last_file, last_context, lines.bits());
            lines.Clear();
            last_ids[0] = row.Integer(0);
            last_ids[1] = row.Integer(1);
            TS_RETURN_IF_ERROR(Resolve("arc", row.Integer(4), last_ids[0], last_ids[1], &last_file,
                                       &last_context));
          }
          for (const int column : {2, 3}) {
            const int64_t line = row.Integer(column);
            if (!row.IsInteger(column) || line > int64_t{kMaxLine} || line < -int64_t{kMaxLine}) {
              return db_->Error(Row("arc", row.Integer(4)),
                                absl::StrCat("line ", Quoted(row.Text(column)), " is not within -",
                                             kMaxLine, " to ", kMaxLine));
            }
            if (line > 0) lines.Add(static_cast<uint32_t>(line));  // others are entries and exits
          }
          return absl::OkStatus();
        });
    if (status.ok() && !lines.empty()) Add(last_file, last_context, lines.bits());
    return status;
  }

  SqliteReader* const db_;
  const ParseOptions& options_;
  EvidenceSink* const sink_;
  ById<Context> contexts_;
  ById<FileId> files_;
};

class Parser : public ReportParser {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view summary() const override { return "coverage.py: its data file, .coverage"; }
  bool names_labels() const override { return true; }
  bool is_outcomes() const override { return false; }
  bool Recognises(absl::string_view head) const override {
    return IsSqlite(head) && absl::StrContains(head, "coverage_schema");
  }
  absl::Status Parse(ReportSource& source, const ParseOptions& options,
                     EvidenceSink& sink) const override {
    TS_ASSIGN_OR_RETURN(const std::string path, source.path());
    TS_ASSIGN_OR_RETURN(auto db, SqliteReader::Open(path, source.name(), kName));
    return DataFile(db.get(), options, &sink).Parse();
  }
};

}  // namespace

const ReportParser* CoveragePySqliteParser() {
  static const auto* const parser = new Parser;
  return parser;
}

}  // namespace testselect
