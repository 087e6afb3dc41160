"""Where code objects stand in their files, as evidence.proto wants it.

A function is the range of its lines, decorators included: entering it is evidence for all of its body. The body of a module or
of a class is the lines of its own statements: as a range it would cover the functions in it, which it only defines.

PYTEST_DONT_REWRITE
"""
import ast
import dis
import inspect
import operator

from .evidence_file import MAX_LINE, line_ranges, varint

_END = operator.itemgetter(1)
_FUNCTION = inspect.CO_NEWLOCALS | inspect.CO_OPTIMIZED


def is_function(code):
    """Not so: bodies of modules and classes, and the scopes of type parameters, which run when the function is made."""
    return code.co_flags & _FUNCTION == _FUNCTION and not code.co_name.startswith("<generic parameters of ")


def own_lines(code):
    """The lines of a body's own statements, ascending."""
    lines = (line for _, _, line in code.co_lines()) if hasattr(code, "co_lines") else (n for _, n in dis.findlinestarts(code))
    return sorted({line for line in lines if line and line <= MAX_LINE})


def _last_line(code):
    ends = filter(None, map(_END, code.co_positions())) if hasattr(code, "co_positions") else ()
    last = max(ends, default=0) or max(own_lines(code), default=0)
    return max([last, *(_last_line(const) for const in code.co_consts if isinstance(const, type(code)))])


class Places:
    """The encoded place of a code object; keeps what it has read of sources."""

    def __init__(self):
        self._ends = {}

    def function(self, code):
        """First and last line, as bytes of varints."""
        first, last = self.function_range(code)
        return varint(first) + varint(last)

    def function_range(self, code):
        first, last = max(code.co_firstlineno, 1), _last_line(code)
        # A body of nothing but a docstring has no instruction on its own lines.
        if len(own_lines(code)) < 2 and code.co_name != "<lambda>":
            last = max(last, self._end_in_source(code))
        return min(first, MAX_LINE), min(max(first, last), MAX_LINE)

    def lines(self, code):
        return b"".join(map(varint, line_ranges(own_lines(code))))

    def _end_in_source(self, code):
        ends = self._ends.get(code.co_filename)
        if ends is None:
            ends = self._ends[code.co_filename] = _function_ends(code.co_filename)
        return ends.get((code.co_name, code.co_firstlineno), 0)


def _function_ends(path):
    """{(name, first line): last line} of the functions of a file; empty where it cannot be read."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return {}
    ends = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            ends[node.name, first] = node.end_lineno
    return ends


def nested_functions(path):
    """The code objects of all functions of a source file; none where it cannot be read or compiled."""
    try:
        with open(path, "rb") as file:
            todo = [compile(file.read(), path, "exec", dont_inherit=True)]
    except (OSError, SyntaxError, ValueError):
        return []
    found = []
    while todo:
        code = todo.pop()
        if is_function(code):
            found.append(code)
        todo += [const for const in code.co_consts if isinstance(const, type(code))]
    return found
