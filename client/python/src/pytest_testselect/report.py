"""What one process recorded, as plain values that travel between processes, and the file made of one or several of them.

PYTEST_DONT_REWRITE
"""
import contextlib
import gc
import os

from . import __version__, evidence_file
from .code_ranges import Places, is_function, nested_functions
from .evidence_file import line_ranges, varint

FUNCTION, LINES = 0, 1
OPENED, IMPORTED = -1, -2          # in place of a place's number


@contextlib.contextmanager
def uncollected():
    """Making a report makes many objects that all live until it is made: searching them for garbage, and all of the test run's
    with them, time and again takes longer than making it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def of(recorder, tests, shared, outcomes):
    """`tests`: {label: (Trace, shared fixtures it used)}; `shared`: SharedFixtures made, each after those it needs.

    The result has nothing but dictionaries, lists and values that marshal knows:
      places    [path, FUNCTION or LINES, varints]: a code object each; paths of files that are no Python count as opened
      outside   a trace: [numbers of places, opened paths, imported paths, why it is opaque or ""]
      fixtures  [[path, first line, last line] of each of its functions, trace, numbers of fixtures it used]
      tests     [label, trace, numbers of fixtures it used]
      outcomes  {label: [word, seconds, whether an earlier attempt failed]}
      early     paths of modules that had been imported before anything could be seen
    """
    return _Maker(recorder).make(tests, shared, outcomes)


class _Maker:
    def __init__(self, recorder):
        self.recorder, self.path_of = recorder, recorder.repository.path_of
        self.places, self.ranges = [], Places()
        self.numbers = {}          # key of a code object -> number of its place, or -1
        self.foreign = set()       # keys of code objects that have none
        self.files = {}            # path -> whether it is a file
        self.imports = _imports_of_askers(recorder)

    def make(self, tests, shared, outcomes):
        fixtures, numbers = [], {}
        for fixture in shared:
            spans = [[self.path_of(code.co_filename), *self.ranges.function_range(code)] for code in fixture.codes
                     if self.path_of(code.co_filename) is not None]
            needs = sorted(numbers[n] for n in fixture.needs if n in numbers)
            numbers[fixture] = len(fixtures)
            fixtures.append([spans, self.trace(fixture.trace), needs])
        made = [[label, self.trace(trace), sorted(numbers[f] for f in used if f in numbers)]
                for label, (trace, used) in tests.items()]
        return {"outside": self.trace(self.recorder.outside), "fixtures": fixtures, "tests": made, "outcomes": dict(outcomes),
                "early": sorted(self.recorder.early), "places": self.places}

    def trace(self, trace):
        speakers = self.recorder.speakers
        opaque = trace.opaque or ("spoke to another process" if not speakers.isdisjoint(trace.codes) else "")
        numbers = self.numbers
        for key in trace.codes.difference(numbers):
            self.place(key)
        places, imported = list(map(numbers.__getitem__, trace.codes)), set(trace.imported)
        opened = {path for path in trace.opened if self.is_file(path)}
        if self.foreign and not self.foreign.isdisjoint(trace.codes):
            places = [number for number in places if number >= 0]
            opened |= {self.path_of(self.recorder.code(key).co_filename) for key in trace.codes & self.foreign - speakers}
        places += [self.lines_place(path, tuple(sorted(lines))) for path, lines in trace.lines.items()]
        for key in trace.codes.intersection(self.imports):
            imported |= self.imports[key]
        return [places, sorted(opened), sorted(imported), opaque]

    def lines_place(self, path, lines):
        number = self.numbers.get((path, lines))
        if number is None:
            number = self.numbers[path, lines] = len(self.places)
            self.places.append([path, LINES, b"".join(map(varint, line_ranges(lines)))])
        return number

    def is_file(self, path):
        """A folder is opened to be listed; a name may be relative to a folder that the event does not tell."""
        if path not in self.files:
            self.files[path] = os.path.isfile(self.recorder.repository.absolute(path))
        return self.files[path]

    def place(self, key):
        """Code made of another file's text, a template say, has none: its line numbers are not the file's."""
        code = self.recorder.code(key)
        path = self.path_of(code.co_filename)
        if path is None or not path.endswith(".py"):
            self.numbers[key] = -1
            self.foreign.add(key)
            return
        self.numbers[key] = len(self.places)
        self.places.append([path, FUNCTION, self.ranges.function(code)] if is_function(code) else
                           [path, LINES, self.ranges.lines(code)])


def _imports_of_askers(recorder):
    """Of each code object that made modules load: these, and what their loading made load."""
    bodies = {}
    for key in recorder.askers:
        code = recorder.code(key)
        if code.co_name == "<module>":
            bodies.setdefault(recorder.repository.path_of(code.co_filename), []).append(key)
    found = {}
    for key, paths in recorder.askers.items():
        seen, todo = set(), list(paths)
        while todo:
            path = todo.pop()
            if path not in seen:
                seen.add(path)
                todo += [p for body in bodies.get(path, ()) for p in recorder.askers[body]]
        found[key] = seen
    return found


def write(path, reports, repository):
    """Writes the evidence of all processes as one report. Raises OSError."""
    with evidence_file.EvidenceWriter(path, f"pytest-testselect {__version__}") as out:
        always = {file for report in reports for file in report["outside"][1]}
        outcomes = {label: outcome for report in reports for label, outcome in report["outcomes"].items()}
        for report in reports:
            _Section(out, report, always, outcomes).write()
        for label, (word, seconds, tried) in outcomes.items():    # what the process of these saw is lost
            out.test(label, outcome=word, seconds=seconds, flaky=tried)
        _write_early(out, reports, repository)
        out.close()


class _Section:
    """One process's part of the file."""

    def __init__(self, out, report, always, outcomes):
        self.out, self.report, self.always, self.outcomes = out, report, always, outcomes
        self.places = report["places"]
        self.known = {}            # what observations() made: most tests do in a file what another one did

    def write(self):
        out = self.out
        out.outside(self.observations([*self.report["outside"][:1], [], *self.report["outside"][2:]]))
        numbers = []
        for spans, trace, needs in self.report["fixtures"]:
            numbers.append(self.fixture(spans, trace, sorted({n for need in needs for n in numbers[need]})))
        for label, trace, used in self.report["tests"]:
            trace[1] = sorted({*trace[1], *self.always})
            word, seconds, tried = self.outcomes.pop(label, ("", -1.0, False))    # told once, however many records the test has
            out.test(label, self.observations(trace), sorted({n for f in used for n in numbers[f]}), bool(trace[3]), word, seconds, tried)

    def fixture(self, spans, trace, needs):
        """The numbers of its records. One that no file of ours defines has no place: then what it did has one of its own."""
        seen = self.observations(trace)
        if not spans:
            spans = [self.somewhere(trace)] if seen or trace[3] else []
        return [self.out.fixture(path, first, last, seen if i == 0 else (), needs, bool(trace[3]) and i == 0)
                for i, (path, first, last) in enumerate(spans)] or needs

    def somewhere(self, trace):
        path = next((self.places[n][0] for n in trace[0]), None) or next(iter(trace[1] or trace[2]), "")
        return [path, evidence_file.MAX_LINE, evidence_file.MAX_LINE]

    def observations(self, trace):
        numbers, opened, imported, _ = trace
        places, files = self.places, {}
        for number in sorted(numbers):
            path = places[number][0]
            seen = files.get(path)
            if seen is None:
                files[path] = [path, number]
            else:
                seen.append(number)
        if opened or imported:
            for path in (*opened, *imported):
                files.setdefault(path, [path])
            for path in opened:
                files[path].append(OPENED)
            for path in imported:
                files[path].append(IMPORTED)
        return [self.observation(tuple(seen)) for seen in files.values()]

    def observation(self, seen):
        """`seen`: a path, and numbers of places in it, or OPENED, or IMPORTED."""
        known = self.known.get(seen)
        if known is None:
            kinds = ([], [])
            for _, kind, data in map(self.places.__getitem__, (number for number in seen[1:] if number >= 0)):
                kinds[kind].append(data)
            known = self.known[seen] = evidence_file.observation(self.out.file(seen[0]), kinds[LINES], kinds[FUNCTION],
                                                                 OPENED in seen, IMPORTED in seen)
        return known


def _write_early(out, reports, repository):
    """Of a module that was there before the recorder: what no test was seen to enter may have run while it was imported."""
    entered = {(place[0], place[2]) for report in reports for place in report["places"] if place[1] == FUNCTION}
    ranges = Places()
    for path in sorted({path for report in reports for path in report["early"] if path.endswith(".py")}):
        functions = [ranges.function(code) for code in nested_functions(repository.absolute(path))]
        unseen = [data for data in functions if (path, data) not in entered]
        if unseen:
            out.outside([evidence_file.observation(out.file(path), functions=unseen)])
