"""How each test ended and how long it took, from pytest's reports of its phases.

PYTEST_DONT_REWRITE
"""


_OUTCOMES = ("passed", "failed", "skipped")


class Outcomes:
    """`of` maps labels to [word, seconds, whether an earlier attempt failed]; the words are evidence.proto's. The last run of a
    test that ran twice counts."""

    def __init__(self):
        self.of = {}

    def add(self, report):
        entry = self.of.get(report.nodeid)
        if entry is None or report.when == "setup":
            entry = self.of[report.nodeid] = ["", 0.0, entry is not None and (entry[2] or entry[0] in ("failed", "error"))]
        entry[1] += report.duration
        if report.outcome not in _OUTCOMES:    # what plugins call a failed attempt that they repeat
            entry[2] = True
        word = word_of(report)
        if word in ("failed", "error"):
            entry[0] = entry[0] if entry[0] in ("failed", "error") else word
        elif word and not entry[0]:
            entry[0] = word

    def merge(self, others):
        self.of.update(others)


def word_of(report):
    """What one phase says of the whole test; "" where it says nothing yet."""
    expected = hasattr(report, "wasxfail")
    if report.failed:
        return "error" if report.when in ("setup", "teardown", "collect") else "failed"    # others: a worker that died
    if report.skipped:
        return "xfailed" if expected else "skipped"
    if report.when == "call" and report.passed:
        return "xpassed" if expected else "passed"
    return ""
