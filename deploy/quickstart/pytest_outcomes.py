"""A pytest plugin that writes every test's outcome, one `node id TAB outcome` a line, to the file $OUTCOMES_FILE.

The quick start's check reads these files, so that it depends on nothing that TestSelect itself parses.
"""

import os

_outcomes = {}


def _outcome(report):
    """Returns the outcome of one phase of a test, in pytest's own words."""
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    return report.outcome


def pytest_runtest_logreport(report):
    """Keeps the call phase's outcome, unless set-up or tear-down went wrong or the test never got there."""
    outcome = _outcome(report)
    if report.when == "call" or outcome != "passed":
        if _outcomes.get(report.nodeid) != "failed":
            _outcomes[report.nodeid] = outcome


def pytest_sessionfinish():
    with open(os.environ["OUTCOMES_FILE"], "w", encoding="utf-8") as out:
        out.writelines(f"{node_id}\t{outcome}\n" for node_id, outcome in _outcomes.items())
