"""What was seen in one context: a test, a fixture that tests share, or the time outside of both.

PYTEST_DONT_REWRITE
"""


class Trace:
    """Sets of what was seen; grows in place. `opaque` says why more was done than could be seen, and is "" where nothing was."""

    __slots__ = ("codes", "lines", "opened", "imported", "opaque")

    def __init__(self):
        self.clear()

    def clear(self):
        self.codes = set()       # keys of code objects that the recorder keeps
        self.lines = {}          # path -> executed lines, where lines are recorded
        self.opened = set()      # paths of the repository
        self.imported = set()
        self.opaque = ""

    def add_code(self, other):
        """Takes over what ran, not what was opened or started."""
        self.codes |= other.codes
        self.imported |= other.imported

    def add(self, other):
        self.add_code(other)
        self.opened |= other.opened
        self.opaque = self.opaque or other.opaque
