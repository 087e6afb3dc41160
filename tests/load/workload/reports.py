"""Coverage of the made-up suite, as coverage.py writes it: SQLite (schema 7) and JSON with contexts."""
import json
import os
import sqlite3

SCHEMA = """
pragma journal_mode = off; pragma synchronous = off;
create table coverage_schema (version integer);
create table meta (key text, value text, unique (key));
create table file (id integer primary key, path text, unique (path));
create table context (id integer primary key, context text, unique (context));
create table line_bits (file_id integer, context_id integer, numbits blob,
  foreign key (file_id) references file (id), foreign key (context_id) references context (id),
  unique (file_id, context_id));
create table arc (file_id integer, context_id integer, fromno integer, tono integer,
  foreign key (file_id) references file (id), foreign key (context_id) references context (id),
  unique (file_id, context_id, fromno, tono));
create table tracer (file_id integer primary key, tracer text, foreign key (file_id) references file (id));
insert into coverage_schema values (7);
insert into meta values ('version', '7.11.0'), ('has_arcs', '0');
"""


def as_bytes(bits):
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def mixed(a, b):
    """32 bits that depend on both numbers, the same on every machine."""
    x = (a * 2654435761 + b * 2246822519 + 374761393) & 0xFFFFFFFF
    x = ((x ^ x >> 15) * 2246822519) & 0xFFFFFFFF
    x = ((x ^ x >> 13) * 3266489917) & 0xFFFFFFFF
    return x ^ x >> 16


class Coverage:
    """What each label executes at one commit. `noise` is the share of (label, function) pairs that took another
    branch than usual."""

    def __init__(self, project, suite, offspring, commit, noise=0.0):
        self.project, self.suite = project, suite
        self.offspring, self.commit, self.noise = offspring, commit, noise
        self.place, self.import_lines = project.layout()

    def executed(self, label):
        """Yields (function, branch mask)."""
        limit = self.noise * 0x100000000
        for function, mask in zip(self.suite.functions[label], self.suite.branches[label]):
            if limit and mixed(label * 8191 + self.commit, function) < limit:
                mask = (mask ^ 2) | 1
            yield function, mask & ((1 << self.project.branch_count[function]) - 1)
            for added in self.offspring.get(function, ()):
                if mixed(label, added) % 10 < 3:
                    yield added, (1 << self.project.branch_count[added]) - 1

    def rows(self, label, lines_of):
        """{file: bit set of lines} of a label; `lines_of` remembers what was computed."""
        files = {}
        for key in self.executed(label):
            known = lines_of.get(key)
            if known is None:
                file, first, owners = self.place[key[0]]
                bits = sum(1 << first + i for i, owner in enumerate(owners) if owner >= 0 and key[1] >> owner & 1)
                known = lines_of[key] = (file, bits)
            files[known[0]] = files.get(known[0], 0) | known[1]
        return files


class Database:
    """One .coverage file of some labels, rows in the order of the run."""

    def __init__(self, path, root, coverage, labels):
        if os.path.exists(path):
            os.remove(path)
        self.db = sqlite3.connect(path)
        self.db.executescript(SCHEMA)
        self.db.executemany("insert into file values (?, ?)",
                            ((i + 1, f"{root}/{f.path}") for i, f in enumerate(coverage.project.files)))
        self.db.execute("insert into context values (1, '')")
        self.db.executemany("insert into context values (?, ?)",
                            ((i + 2, coverage.suite.labels[label] + "|run") for i, label in enumerate(labels)))
        self.context = 1
        self.pending = [(i + 1, 1, as_bytes(sum(1 << line for line in lines)))
                        for i, lines in enumerate(coverage.import_lines)]

    def add_label(self, rows):
        """The next label's rows: (file number, blob)."""
        self.context += 1
        self.pending += [(file + 1, self.context, blob) for file, blob in rows]
        if len(self.pending) > 20_000:
            self.flush()

    def flush(self):
        self.db.executemany("insert into line_bits values (?, ?, ?)", self.pending)
        self.pending.clear()

    def close(self):
        self.flush()
        self.db.commit()
        self.db.close()


def write_sqlite(coverage, path, root, shards=0):
    """Writes `path`, and with `shards` also that many files <path>.worker<N> of the same labels, dealt out in turn.
    Returns the counts of (label, line) pairs and (label, file) rows."""
    labels = range(len(coverage.suite.labels))
    whole = Database(path, root, coverage, labels)
    workers = [Database(f"{path}.worker{n}", root, coverage, labels[n::shards]) for n in range(shards)]
    pairs = rows = 0
    lines_of, blobs = {}, {}
    for label in labels:
        found = []
        for file, bits in coverage.rows(label, lines_of).items():
            known = blobs.get(bits)
            if known is None:
                known = blobs[bits] = (as_bytes(bits), bin(bits).count("1"))
            found.append((file, known[0]))
            pairs += known[1]
        rows += len(found)
        whole.add_label(found)
        if workers:
            workers[label % shards].add_label(found)
    for database in [whole, *workers]:
        database.close()
    return {"pairs": pairs, "rows": rows}


def write_json(coverage, path):
    """`coverage json --show-contexts` of the same evidence, without the newer repeats per function and class."""
    quoted = [json.dumps(label + "|run") for label in coverage.suite.labels]
    users = {}
    for label in range(len(quoted)):
        for function, mask in coverage.executed(label):
            users.setdefault(function, []).append((label, mask))
    in_file = {}
    for function, (file, first, owners) in coverage.place.items():
        in_file.setdefault(file, []).append((first, owners, users.get(function, ())))
    with open(path, "w", encoding="utf-8", buffering=1 << 20) as out:
        out.write('{"meta": {"format": 3, "version": "7.11.0", "timestamp": "2025-01-01T00:00:00.000000", '
                  '"branch_coverage": false, "show_contexts": true}, "files": {')
        for number, file in enumerate(coverage.project.files):
            out.write((", " if number else "") + json.dumps(file.path) + ": ")
            write_file_object(out, coverage.import_lines[number], in_file.get(number, ()), quoted)
        out.write('}, "totals": {"covered_lines": 0, "num_statements": 0, "percent_covered": 0.0, '
                  '"percent_covered_display": "0", "missing_lines": 0, "excluded_lines": 0}}')


def write_file_object(out, import_lines, functions, quoted):
    contexts, missing = [(line, '""') for line in import_lines], []
    for first, owners, users in functions:
        of_branch = {}
        for i, owner in enumerate(owners):
            if owner < 0:
                continue
            if owner not in of_branch:
                of_branch[owner] = ", ".join([quoted[label] for label, mask in users if mask >> owner & 1])
            if of_branch[owner]:
                contexts.append((first + i, of_branch[owner]))
            else:
                missing.append(first + i)
    contexts.sort(key=lambda entry: entry[0])
    executed = [line for line, _ in contexts]
    statements = len(executed) + len(missing)
    percent = 100.0 * len(executed) / statements if statements else 100.0
    out.write(f'{{"executed_lines": {executed}, "summary": {{"covered_lines": {len(executed)}, '
              f'"num_statements": {statements}, "percent_covered": {percent}, "percent_covered_display": "{percent:.0f}", '
              f'"missing_lines": {len(missing)}, "excluded_lines": 0}}, "missing_lines": {missing}, '
              f'"excluded_lines": [], "contexts": {{')
    out.write(", ".join([f'"{line}": [{labels}]' for line, labels in contexts]) + "}}")
