"""Where code objects stand in their files, as evidence.proto wants it.

A function is the range of its lines, decorators included: entering it is evidence for all of its body. The body of a module or
of a class is the lines of its own statements: as a range it would cover the functions in it, which it only defines.

PYTEST_DONT_REWRITE
"""
import dis
import importlib.machinery
import inspect
import tokenize
from types import CodeType

from .evidence_file import MAX_LINE, line_ranges, varint

_FUNCTION = inspect.CO_NEWLOCALS | inspect.CO_OPTIMIZED


def is_function(code):
    """Not so: bodies of modules and classes, and the scopes of type parameters, which run when the function is made."""
    return code.co_flags & _FUNCTION == _FUNCTION and not code.co_name.startswith("<generic parameters of ")


def _lines(code):
    """The lines that have instructions of their own, not those of nested code; may be none."""
    lines = {line for _, _, line in code.co_lines()} if hasattr(code, "co_lines") else {n for _, n in dis.findlinestarts(code)}
    lines.discard(None)
    lines.discard(0)
    return lines


def own_lines(code):
    """The lines of a body's own statements, ascending."""
    return sorted(line for line in _lines(code) if line <= MAX_LINE)


def _last_line(code, lines):
    """The last line of an instruction: every statement that does anything has one on its first line."""
    last = max(lines, default=0)
    for const in code.co_consts:
        if isinstance(const, CodeType):
            last = max(last, _last_line(const, _lines(const)))
    return last


class Places:
    """The encoded place of a code object; keeps what it has read of sources."""

    def __init__(self):
        self._sources = {}

    def function(self, code):
        """First and last line, as bytes of varints."""
        first, last = self.function_range(code)
        return varint(first) + varint(last)

    def function_range(self, code):
        lines = _lines(code)
        first, last = max(code.co_firstlineno, 1), _last_line(code, lines)
        # A body of nothing but a docstring has no instruction on its own lines.
        if len(lines) < 2 and code.co_consts and isinstance(code.co_consts[0], str):
            last = max(last, self._end_of_block(code))
        return min(first, MAX_LINE), min(max(first, last), MAX_LINE)

    def lines(self, code):
        return b"".join(map(varint, line_ranges(own_lines(code))))

    def _end_of_block(self, code):
        """The last line of the function, by its source; 0 where that is not to be had."""
        source = self._sources.get(code.co_filename)
        if source is None:
            source = self._sources[code.co_filename] = _source_lines(code.co_filename)
        try:
            return code.co_firstlineno + len(inspect.getblock(source[code.co_firstlineno - 1:])) - 1
        except (SyntaxError, IndexError, tokenize.TokenError):
            return 0


def _source_lines(path):
    try:
        with tokenize.open(path) as file:
            return file.readlines()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return []


class _Cached(importlib.machinery.SourceFileLoader):
    """Takes the byte code that an import has left behind where it is the source's, and leaves none itself."""

    def set_data(self, *_, **__):
        pass


def nested_functions(path):
    """The code objects of all functions of a source file; none where it cannot be read or compiled."""
    try:
        todo = [_Cached("", path).get_code("")]
    except (OSError, SyntaxError, ValueError, ImportError):
        return []
    found = []
    while todo:
        code = todo.pop()
        if is_function(code):
            found.append(code)
        todo += [const for const in code.co_consts if isinstance(const, CodeType)]
    return found
