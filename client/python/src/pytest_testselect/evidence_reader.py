"""Reads evidence reports back.

PYTEST_DONT_REWRITE
"""
import dataclasses
import struct


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _fields(data):
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            value, at = _varint(data, at)
        elif tag & 7 == 1:
            value, at = struct.unpack("<d", data[at:at + 8])[0], at + 8
        else:
            size, at = _varint(data, at)
            value, at = data[at:at + size], at + size
        yield tag >> 3, value


def _pairs(data):
    numbers, at = [], 0
    while at < len(data):
        number, at = _varint(data, at)
        numbers.append(number)
    return list(zip(numbers[::2], numbers[1::2]))


@dataclasses.dataclass
class Seen:
    functions: dict = dataclasses.field(default_factory=dict)   # path -> {(first, last)}
    lines: dict = dataclasses.field(default_factory=dict)
    opened: set = dataclasses.field(default_factory=set)
    imported: set = dataclasses.field(default_factory=set)
    fixtures: list = dataclasses.field(default_factory=list)    # numbers
    opaque: bool = False
    outcome: int = 0
    seconds: float = 0.0
    flaky: bool = False
    span: tuple = ()                                            # of a fixture: path, first, last

    def observe(self, data, files):
        parts = dict(_fields(data))
        path = files[parts.get(1, 0)]
        for number, kind in ((2, self.lines), (3, self.functions)):
            if number in parts:
                kind.setdefault(path, set()).update(_pairs(parts[number]))
        if parts.get(4):
            self.opened.add(path)
        if parts.get(5):
            self.imported.add(path)


class Evidence:
    """`tests` by label, `fixtures` in order, `outside`."""

    def __init__(self, path):
        self.tests, self.fixtures, self.outside, self.files = {}, [], Seen(), []
        with open(path, "rb") as file:
            data = file.read()
        at = 0
        while at < len(data):
            size, at = _varint(data, at)
            (kind, message), = _fields(data[at:at + size])
            at += size
            getattr(self, "_take" + str(kind))(list(_fields(message)))
        assert self.ended == sum(1 for _ in self.order)

    order = ()

    def _take1(self, fields):
        assert dict(fields)[1] == b"testselect-evidence"
        self.order = []

    def _take2(self, fields):
        self.files.append(dict(fields)[1].decode())

    def _take3(self, fields):
        fixture, parts = Seen(), dict(fields)
        fixture.span = self.files[parts.get(1, 0)], parts[2], parts[3]
        self._common(fixture, fields, 4, 5)
        fixture.opaque = bool(parts.get(6))
        self.fixtures.append(fixture)

    def _take4(self, fields):
        parts = dict(fields)
        test = self.tests.setdefault(parts[1].decode(), Seen())
        self.order.append(parts[1].decode())
        self._common(test, fields, 2, 3)
        test.opaque = test.opaque or bool(parts.get(4))
        test.outcome, test.seconds = parts.get(5, 0) or test.outcome, parts[6]
        test.flaky = test.flaky or bool(parts.get(7))

    def _take5(self, fields):
        self._common(self.outside, fields, 1, 99)

    def _take6(self, fields):
        self.ended = dict(fields).get(1, 0)

    def _common(self, seen, fields, observed, used):
        for number, value in fields:
            if number == observed:
                seen.observe(value, self.files)
            elif number == used:
                at = 0
                while at < len(value):
                    fixture, at = _varint(value, at)
                    seen.fixtures.append(fixture)


def read(path):
    """{label: {"files": what it executed, opened or imported, "opaque"}}, its shared fixtures' included. Raises OSError."""
    evidence, found = Evidence(path), {}
    for label, test in evidence.tests.items():
        files, opaque, todo, done = set(), test.opaque, list(test.fixtures), set()
        parts = [test]
        while todo:
            number = todo.pop()
            if number not in done:
                done.add(number)
                parts.append(evidence.fixtures[number])
                todo += evidence.fixtures[number].fixtures
        for part in parts:
            files.update(part.functions, part.lines, part.opened, part.imported)
            opaque = opaque or part.opaque
        found[label] = {"files": files, "opaque": opaque}
    return found
