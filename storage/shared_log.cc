#include "storage/shared_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/model/status_macros.h"

namespace testselect {
namespace {

// How far clocks may differ, and how long an object may take from its time to its appearance.
constexpr absl::Duration kOverlap = absl::Minutes(15);
constexpr absl::Duration kAskAgainAfter = absl::Seconds(2);  // a store that was away
constexpr size_t kKeysAtOnce = 1000;
constexpr size_t kEventsAtOnce = 256;

using KeysBySegment = absl::flat_hash_map<Digest, std::vector<std::string>>;

// One segment may have been stored by two machines at a time.
void AddOtherKeys(const absl::flat_hash_set<std::string>& seen, KeysBySegment* segments) {
  for (const std::string& key : seen) {
    const absl::StatusOr<SharedEventName> event = ParseSharedEventKey(key);
    if (!event.ok() || event->kind != SharedEventKind::kSegment) continue;
    const auto it = segments->find(event->id);
    if (it != segments->end() && it->second.front() != key) it->second.push_back(key);
  }
}

// Local: whether this machine ever heard of the repository's index.
std::string KnownNote(absl::string_view repository) {
  return absl::StrCat("\001heard/", repository);
}

}  // namespace

SharedLog::SharedLog(ObjectStore* objects, SegmentExchange* exchange, ReplicaEngine* engine,
                     absl::Duration compare_every)
    : objects_(*objects),
      exchange_(*exchange),
      engine_(*engine),
      compare_every_(compare_every),
      thread_([this] { Run(); }) {}

SharedLog::~SharedLog() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  asked_.notify_all();
  thread_.join();
}

SharedLog::Repository& SharedLog::Find(const std::string& name) {
  const auto [it, added] = repositories_.try_emplace(name);
  Repository& r = it->second;
  if (!added) return r;
  r.known = engine_.GetNote(KnownNote(name)).ok();
  for (const CatalogEntry& e : engine_.EntriesOf(name)) {
    r.seen.insert(SharedEventKey(name, {SharedEventKind::kSegment, e.info.created, e.info.id}));
  }
  return r;
}

void SharedLog::SetStore(const Digest& store) {
  MutexLock lock(&mutex_);
  store_ = store;
}

IndexStore::Freshness SharedLog::Refresh(absl::string_view repository, absl::Duration max_age,
                                         absl::Time deadline) {
  const absl::Time begin = absl::Now();
  const absl::Time oldest = begin - max_age;
  MutexLock lock(&mutex_);
  Repository& r = Find(std::string(repository));                              // never erased
  if (const absl::Time now = absl::Now(); r.heard > now || r.failed > now) {  // it was set back
    r.heard = r.compared = r.failed = absl::InfinitePast();
  }
  // Whoever comes while a slow look is under way has that much less to wait.
  const absl::Time until = std::min(deadline, r.looking + (deadline - begin));
  r.compare = r.compare || max_age <= absl::ZeroDuration();
  const bool away = r.failed > r.heard && begin - r.failed < kAskAgainAfter;
  while (!away && r.heard < oldest && r.failed < begin && absl::Now() < until && !stopping_) {
    r.asked = true;
    asked_.notify_all();
    const absl::Duration left = std::min(until - absl::Now(), absl::Hours(1));
    answered_.wait_for(mutex_, absl::ToChronoMicroseconds(left));
  }
  IndexStore::Freshness out;
  out.usable = r.known;
  out.as_of = r.heard;
  if (r.heard >= oldest) return out;
  out.heard =
      away || r.failed >= begin
          ? r.failure
          : absl::UnavailableError(absl::StrCat(objects_.description(), " did not answer in time"));
  return out;
}

void SharedLog::Run() {
  MutexLock lock(&mutex_);
  while (!stopping_) {
    const auto asked = std::find_if(repositories_.begin(), repositories_.end(),
                                    [](const auto& r) { return r.second.asked; });
    if (asked == repositories_.end()) {
      asked_.wait(mutex_);
      continue;
    }
    const std::string name = asked->first;
    Repository& r = asked->second;
    r.asked = false;
    const absl::Time now = absl::Now();
    r.looking = now;
    mutex_.Unlock();
    const Look look = Begin(name, now);
    absl::StatusOr<News> news = Read(name, look);
    const absl::Status done = news.ok() ? Apply(name, look, *news) : news.status();
    mutex_.Lock();
    r.looking = absl::InfiniteFuture();
    if (done.ok()) {
      r.heard = now;
      r.known = true;
      if (look.all) r.compared = now;
    } else {
      r.failed = absl::Now();  // who asked meanwhile is answered too
      r.failure = done;
    }
    answered_.notify_all();
  }
}

SharedLog::Look SharedLog::Begin(const std::string& name, absl::Time now) {
  MutexLock lock(&mutex_);
  Repository& r = Find(name);
  Look look;
  look.all = std::exchange(r.compare, false) || now - r.compared >= compare_every_;
  look.seen = r.seen;
  look.store = store_;
  if (!look.all) {
    look.after = SharedEventKey(name, {SharedEventKind::kNotes, r.newest - kOverlap, Digest()});
  }
  return look;
}

// Segments of which an object that was seen is not there any more.
absl::flat_hash_set<Digest> SharedLog::FindGone(const Look& look, const News& news) {
  absl::flat_hash_set<Digest> gone;
  if (!look.all) return gone;
  for (const std::string& key : look.seen) {
    if (news.listed.contains(key)) continue;
    const absl::StatusOr<SharedEventName> event = ParseSharedEventKey(key);
    if (event.ok() && event->kind == SharedEventKind::kSegment) gone.insert(event->id);
  }
  return gone;
}

absl::StatusOr<SharedLog::News> SharedLog::Read(const std::string& name, const Look& look) const {
  News news;
  const std::string prefix = SharedEventPrefix(name);
  std::string after = look.after;
  std::vector<std::string> unseen;
  bool is_known = false;  // it is the store that it was
  while (true) {
    TS_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> page,
                        objects_.List(prefix, after, kKeysAtOnce));
    for (const ObjectInfo& object : page) {
      if (look.all) news.listed.insert(object.key);
      if (look.seen.contains(object.key)) {
        is_known = true;
      } else {
        unseen.push_back(object.key);
      }
    }
    if (page.size() < kKeysAtOnce) break;
    after = page.back().key;
  }
  if (!is_known) TS_RETURN_IF_ERROR(CheckSharedStore(&objects_, look.store));
  // Another object may hold the same segment, which was stored twice.
  if (const absl::flat_hash_set<Digest> gone = FindGone(look, news); !gone.empty()) {
    for (const std::string& key : news.listed) {
      const absl::StatusOr<SharedEventName> event = ParseSharedEventKey(key);
      if (event.ok() && gone.contains(event->id) && look.seen.contains(key)) unseen.push_back(key);
    }
  }
  const absl::Span<const std::string> keys(unseen);
  for (size_t begin = 0; begin < keys.size(); begin += kEventsAtOnce) {
    TS_RETURN_IF_ERROR(ReadEvents(keys.subspan(begin, kEventsAtOnce), &news));
  }
  return news;
}

absl::Status SharedLog::ReadEvents(absl::Span<const std::string> keys, News* news) const {
  const std::vector<absl::StatusOr<std::string>> values = objects_.GetAll(keys);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (absl::IsNotFound(values[i].status())) continue;  // deleted since it was listed
    absl::Status taken = values[i].status();
    if (taken.ok()) taken = Take(keys[i], *values[i], news);
    if (absl::IsDataLoss(taken)) {  // others are good
      news->damaged[keys[i]] = std::string(taken.message());
      continue;
    }
    TS_RETURN_IF_ERROR(taken);
    news->keys.push_back(keys[i]);
  }
  return absl::OkStatus();
}

absl::Status SharedLog::Take(const std::string& key, const std::string& bytes, News* news) const {
  TS_ASSIGN_OR_RETURN(const SharedEventName name, ParseSharedEventKey(key));
  switch (name.kind) {
    case SharedEventKind::kSegment: {
      TS_ASSIGN_OR_RETURN(SharedSegment segment, DecodeSharedSegment(key, bytes));
      exchange_.RememberContent(segment.entry.info.id, segment.content);
      news->segments.push_back(std::move(segment.entry));
      break;
    }
    case SharedEventKind::kSeal: {
      TS_ASSIGN_OR_RETURN(const std::vector<Digest> sealed, DecodeDigests(bytes));
      news->sealed.insert(news->sealed.end(), sealed.begin(), sealed.end());
      break;
    }
    case SharedEventKind::kNotes: {
      TS_ASSIGN_OR_RETURN(NoteBatch notes, DecodeNotes(bytes));
      notes.answers_depend = true;
      news->notes.emplace_back(key, std::move(notes));
      break;
    }
  }
  return absl::OkStatus();
}

absl::Status SharedLog::Apply(const std::string& name, const Look& look, const News& news) {
  absl::flat_hash_set<Digest> sealed;
  bool first = false;
  {
    MutexLock lock(&mutex_);
    Repository& r = Find(name);
    r.sealed.insert(news.sealed.begin(), news.sealed.end());
    sealed = r.sealed;
    first = !r.known;
  }
  const absl::flat_hash_set<Digest> none_left = FindGone(look, news);
  const std::vector<Digest> gone(none_left.begin(), none_left.end());
  TS_RETURN_IF_ERROR(ApplyNotes(name, news));
  TS_RETURN_IF_ERROR(engine_.Adopt(news.segments, sealed, gone));
  if (first) TS_RETURN_IF_ERROR(engine_.PutNote(KnownNote(name), ""));
  MutexLock lock(&mutex_);
  Repository& r = Find(name);
  if (look.all) {
    for (const std::string& key : look.seen) {
      if (!news.listed.contains(key)) r.seen.erase(key);
    }
    r.damaged.clear();
  }
  for (const std::string& key : news.keys) {
    r.seen.insert(key);
    r.damaged.erase(key);
    const absl::StatusOr<SharedEventName> event = ParseSharedEventKey(key);
    if (event.ok()) r.newest = std::max(r.newest, std::min(event->time, absl::Now()));
  }
  r.damaged.insert(news.damaged.begin(), news.damaged.end());
  return absl::OkStatus();
}

absl::Status SharedLog::ApplyNotes(const std::string& name, const News& news) {
  MutexLock writing(&notes_mutex_);
  for (const auto& told : news.notes) {
    const std::string& key = told.first;
    NoteBatch newest = told.second;
    {
      MutexLock lock(&mutex_);
      const auto& noted = Find(name).noted;
      const auto changed_later = [&](const std::string& note) {
        const auto last = noted.find(note);
        return last != noted.end() && last->second > key;
      };
      std::erase_if(newest.puts, [&](const auto& put) { return changed_later(put.first); });
      std::erase_if(newest.deletes, changed_later);
    }
    if (newest.puts.empty() && newest.deletes.empty()) continue;
    TS_RETURN_IF_ERROR(engine_.WriteNotes(newest));
    RememberNotes(name, key, newest);
  }
  return absl::OkStatus();
}

void SharedLog::RememberNotes(const std::string& repository, const std::string& key,
                              const NoteBatch& notes) {
  const absl::StatusOr<SharedEventName> event = ParseSharedEventKey(key);
  MutexLock lock(&mutex_);
  Repository& r = Find(repository);
  for (const auto& [note, value] : notes.puts) r.noted[note] = key;
  for (const std::string& note : notes.deletes) r.noted[note] = key;
  if (event.ok()) r.newest_notes = std::max(r.newest_notes, event->time);
}

void SharedLog::Remember(const std::string& repository, const std::string& key, absl::Time time) {
  MutexLock lock(&mutex_);
  Repository& r = Find(repository);
  r.seen.insert(key);
  r.newest = std::max(r.newest, std::min(time, absl::Now()));
}

void SharedLog::RememberOwn(const SegmentInfo& segment) {
  const std::string& repository = segment.header.repository;
  Remember(repository,
           SharedEventKey(repository, {SharedEventKind::kSegment, segment.created, segment.id}),
           segment.created);
}

bool SharedLog::HasSeen(const SegmentInfo& segment) {
  const std::string& repository = segment.header.repository;
  MutexLock lock(&mutex_);
  return Find(repository)
      .seen.contains(
          SharedEventKey(repository, {SharedEventKind::kSegment, segment.created, segment.id}));
}

absl::Status SharedLog::TellSealed(const std::string& repository,
                                   const std::vector<Digest>& segments) {
  const std::string bytes = EncodeDigests(segments);
  const absl::Time now = absl::Now();
  const std::string key =
      SharedEventKey(repository, {SharedEventKind::kSeal, now, Digest::Of(bytes)});
  const absl::Status put = objects_.Create(key, bytes);
  if (!put.ok() && !absl::IsAlreadyExists(put)) return put;
  Remember(repository, key, now);
  MutexLock lock(&mutex_);
  Find(repository).sealed.insert(segments.begin(), segments.end());
  return absl::OkStatus();
}

absl::Status SharedLog::WriteNotes(const NoteBatch& notes) {
  MutexLock writing(&notes_mutex_);
  const std::string bytes = EncodeNotes(notes);
  absl::Time now = absl::Now();
  {
    MutexLock lock(&mutex_);
    now = std::max(now, Find(notes.repository).newest_notes + absl::Microseconds(1));
  }
  const std::string key =
      SharedEventKey(notes.repository, {SharedEventKind::kNotes, now, Digest::Of(bytes)});
  const absl::Status put = objects_.Create(key, bytes);
  if (!put.ok() && !absl::IsAlreadyExists(put)) return put;
  TS_RETURN_IF_ERROR(engine_.WriteNotes(notes));
  Remember(notes.repository, key, now);
  RememberNotes(notes.repository, key, notes);
  return absl::OkStatus();
}

absl::Status SharedLog::TellGone(const std::vector<CatalogEntry>& entries) {
  std::map<std::string, KeysBySegment> gone;  // by repository
  for (const CatalogEntry& e : entries) {
    const std::string& repository = e.info.header.repository;
    const std::string key =
        SharedEventKey(repository, {SharedEventKind::kSegment, e.info.created, e.info.id});
    gone[repository].emplace(e.info.id, std::vector<std::string>{key});
  }
  for (auto& [repository, segments] : gone) {
    AddOtherKeys(SeenOf(repository), &segments);
    for (const auto& [id, keys] : segments) {
      for (const std::string& key : keys) {
        TS_RETURN_IF_ERROR(objects_.Delete(key));
        MutexLock lock(&mutex_);
        Find(repository).seen.erase(key);
      }
    }
  }
  return absl::OkStatus();
}

absl::flat_hash_set<std::string> SharedLog::SeenOf(const std::string& repository) {
  MutexLock lock(&mutex_);
  return Find(repository).seen;
}

std::string SharedLog::Damage(absl::string_view repository) const {
  MutexLock lock(&mutex_);
  const auto it = repositories_.find(std::string(repository));
  if (it == repositories_.end() || it->second.damaged.empty()) return "";
  const auto& [key, what] = *it->second.damaged.begin();
  return absl::StrCat(key, ": ", what);
}

}  // namespace testselect
