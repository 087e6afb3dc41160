"""Writes the report format "testselect-evidence" (proto/testselect/v1/evidence.proto) without a library for it.

A report is a sequence of EvidenceRecord messages, each after its length as a varint. The functions here make the bytes of
single messages; EvidenceWriter puts them in order and keeps the numbers of files and fixtures.

PYTEST_DONT_REWRITE
"""
import os
import struct

OUTCOMES = {"": 0, "passed": 1, "failed": 2, "error": 3, "skipped": 4, "xfailed": 5, "xpassed": 6}
MAX_LINE = 10_000_000
_SMALL = [bytes([n]) for n in range(128)]


def varint(number):
    """A number from 0 as protobuf's varint."""
    if number < 128:
        return _SMALL[number]
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def tagged(field, payload):
    """A field that is bytes: a string, a message, packed numbers."""
    return varint(field << 3 | 2) + varint(len(payload)) + payload


def number_field(field, number):
    return varint(field << 3) + varint(number) if number else b""


def packed(field, parts):
    """Packed numbers, already varints; nothing where there are none."""
    payload = b"".join(parts)
    return tagged(field, payload) if payload else b""


def line_ranges(lines):
    """Ascending lines as first, last, first, last, ..."""
    ranges = []
    for line in lines:
        if ranges and line == ranges[-1] + 1:
            ranges[-1] = line
        else:
            ranges += [line, line]
    return ranges


def observation(file, lines=(), functions=(), opened=False, imported=False):
    """The message after its length. `lines` and `functions` are byte strings of varints: firsts and lasts in turn."""
    message = b"".join((number_field(1, file), packed(2, lines), packed(3, functions), number_field(4, int(opened)),
                        number_field(5, int(imported))))
    return varint(len(message)) + message


def observed(field, observations):
    """A repeated field of what observation() returned."""
    tag = varint(field << 3 | 2)
    return tag + tag.join(observations) if observations else b""


def label_bytes(label):
    """A label as every tool of this project sees it: UTF-8, with what cannot be UTF-8 (bytes of file names) written out."""
    return label.encode("utf-8", "backslashreplace")


class EvidenceWriter:
    """A report in the making; nothing is at `path` before close(), then all of it. A context manager that drops what is not
    closed. Raises OSError."""

    def __init__(self, path, recorder):
        self.path, self.part = path, f"{path}.{os.getpid()}.part"
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        self.out = open(self.part, "wb")
        self.files, self.fixtures, self.tests = {}, 0, 0
        start = tagged(1, b"testselect-evidence") + number_field(2, 1) + tagged(3, recorder.encode())
        self._record(1, start)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.out.closed:
            self.out.close()
            os.unlink(self.part)

    def _record(self, kind, message):
        body = tagged(kind, message)
        self.out.write(varint(len(body)) + body)

    def file(self, path):
        """The file's number; it is named at its first use."""
        number = self.files.get(path)
        if number is None:
            number = self.files[path] = len(self.files)
            self._record(2, tagged(1, path.encode("utf-8", "surrogateescape")))
        return number

    def fixture(self, path, first, last, observations=(), fixtures=(), opaque=False):
        """Observations are the bytes of observation(); `fixtures` are numbers that this returned before."""
        message = [number_field(1, self.file(path)), number_field(2, first), number_field(3, last)]
        message += [observed(4, observations), packed(5, map(varint, fixtures)), number_field(6, int(opaque))]
        self._record(3, b"".join(message))
        self.fixtures += 1
        return self.fixtures - 1

    def test(self, label, observations=(), fixtures=(), opaque=False, outcome="", seconds=-1.0, flaky=False):
        message = [tagged(1, label_bytes(label)), observed(2, observations), packed(3, map(varint, fixtures)), number_field(4, int(opaque)),
                   number_field(5, OUTCOMES[outcome])]
        message.append(b"\x31" + struct.pack("<d", seconds) + number_field(7, int(flaky and outcome == "passed")))
        self._record(4, b"".join(message))
        self.tests += 1

    def outside(self, observations):
        if observations:
            self._record(5, observed(1, observations))

    def close(self):
        self._record(6, number_field(1, self.tests))
        self.out.close()
        os.replace(self.part, self.path)
