#include "server/source/module_codec.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "storage/model/status_macros.h"
#include "storage/model/varint.h"

namespace testselect {
namespace {

class Encoder {
 public:
  explicit Encoder(const NameTable& names) : names_(names) {}

  std::string Encode(const SourceModule& module) && {
    Name(module.package);
    PutVarint(&body_, module.parsed);
    PutVarint(&body_, module.imports.size());
    for (const ImportSource& source : module.imports) Source(source);
    PutVarint(&body_, module.classes.size());
    for (const ClassShape& shape : module.classes) {
      Name(shape.key);
      PutVarint(&body_, shape.plain);
    }
    PutVarint(&body_, module.units.size());
    for (const Unit& unit : module.units) AddUnit(module, unit);
    std::string record;
    PutVarint(&record, kModuleFormat);
    PutVarint(&record, table_.size());
    for (NameId id : table_) PutBytes(&record, names_.Name(id));
    record += body_;
    return record;
  }

 private:
  void Name(NameId id) {
    const auto [it, added] = positions_.try_emplace(id, table_.size());
    if (added) table_.push_back(id);
    PutVarint(&body_, it->second);
  }
  void Source(const ImportSource& source) {
    PutVarint(&body_, source.level);
    Name(source.module);
    Name(source.name);
  }
  void Slice(const SourceModule& module, NameSlice slice) {
    PutVarint(&body_, slice.size);
    for (NameId id : module.Names(slice)) Name(id);
  }
  void AddUnit(const SourceModule& module, const Unit& unit) {
    PutVarint(&body_, static_cast<uint64_t>(unit.kind));
    PutVarint(&body_, unit.flags);
    Name(unit.key);
    Name(unit.name);
    Name(unit.owner);
    PutVarint(&body_, unit.lines.first);
    PutVarint(&body_, unit.lines.last - unit.lines.first);
    body_.append(unit.fingerprint.bytes().data(), Digest::kBytes);
    PutVarint(&body_, unit.has_source);
    if (unit.has_source) Source(unit.source);
    Slice(module, unit.binds);
    Slice(module, unit.free);
    Slice(module, unit.members);
    Slice(module, unit.parameters);
    Slice(module, unit.fragments);
  }

  const NameTable& names_;
  std::string body_;
  std::vector<NameId> table_;
  absl::flat_hash_map<NameId, size_t> positions_;
};

class Decoder {
 public:
  Decoder(absl::string_view record, NameTable* names) : in_(record), names_(*names) {}

  absl::StatusOr<SourceModule> Decode() && {
    if (in_.Varint() != kModuleFormat) return absl::DataLossError("module: unknown format");
    const uint64_t names = in_.Varint();
    for (uint64_t i = 0; i < names && in_.ok(); ++i) table_.push_back(names_.Intern(in_.Bytes()));
    module_.package = Name();
    module_.parsed = in_.Varint() != 0;
    const uint64_t imports = in_.Varint();
    for (uint64_t i = 0; i < imports && in_.ok(); ++i) module_.imports.push_back(Source());
    const uint64_t classes = in_.Varint();
    for (uint64_t i = 0; i < classes && in_.ok(); ++i) {
      const NameId key = Name();
      module_.classes.push_back({key, in_.Varint() != 0});
    }
    const uint64_t units = in_.Varint();
    if (units < in_.rest().size()) module_.units.reserve(units);
    for (uint64_t i = 0; i < units && in_.ok(); ++i) AddUnit();
    TS_RETURN_IF_ERROR(in_.Finish("module"));
    if (bad_) return absl::DataLossError("module: a name or a kind is out of range");
    return std::move(module_);
  }

 private:
  NameId Name() {
    const uint64_t position = in_.Varint();
    if (position < table_.size()) return table_[position];
    bad_ = true;
    return kNoName;
  }
  ImportSource Source() {
    ImportSource source;
    source.level = static_cast<uint32_t>(in_.Varint());
    source.module = Name();
    source.name = Name();
    return source;
  }
  NameSlice Slice() {
    const uint64_t size = in_.Varint();
    const NameSlice slice{static_cast<uint32_t>(module_.pool.size()), static_cast<uint32_t>(size)};
    for (uint64_t i = 0; i < size && in_.ok(); ++i) module_.pool.push_back(Name());
    if (!in_.ok()) return NameSlice();
    // Numbers are this process's: the order they were written in is another one's.
    std::sort(module_.pool.begin() + slice.begin, module_.pool.end());
    return slice;
  }
  void AddUnit() {
    Unit unit;
    const uint64_t kind = in_.Varint();
    bad_ |= kind < 1 || kind > static_cast<uint64_t>(UnitKind::kBody);
    unit.kind = static_cast<UnitKind>(kind);
    unit.flags = static_cast<uint16_t>(in_.Varint());
    unit.key = Name();
    unit.name = Name();
    unit.owner = Name();
    unit.lines.first = static_cast<uint32_t>(in_.Varint());
    unit.lines.last = unit.lines.first + static_cast<uint32_t>(in_.Varint());
    const auto digest = Digest::FromBytes("fingerprint", in_.Fixed(Digest::kBytes));
    bad_ |= !digest.ok();
    if (digest.ok()) unit.fingerprint = *digest;
    unit.has_source = in_.Varint() != 0;
    if (unit.has_source) unit.source = Source();
    unit.binds = Slice();
    unit.free = Slice();
    unit.members = Slice();
    unit.parameters = Slice();
    unit.fragments = Slice();
    module_.units.push_back(unit);
  }

  RecordReader in_;
  NameTable& names_;
  std::vector<NameId> table_;
  SourceModule module_;
  bool bad_ = false;
};

}  // namespace

std::string EncodeModule(const SourceModule& module, const NameTable& names) {
  return Encoder(names).Encode(module);
}

absl::StatusOr<SourceModule> DecodeModule(absl::string_view record, NameTable* names) {
  return Decoder(record, names).Decode();
}

}  // namespace testselect
