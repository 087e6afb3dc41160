"""A pytest plugin: writes {"outcomes": {nodeid: outcome}, "errors": [file, ...]} to $ORACLE_OUTCOMES."""
import json
import os

OUTCOMES, ERRORS = {}, []
WORSE = {"passed": 0, "skipped": 1, "failed": 2}


def pytest_runtest_logreport(report):
    before = OUTCOMES.get(report.nodeid, "passed")
    if WORSE[report.outcome] >= WORSE[before]:
        OUTCOMES[report.nodeid] = report.outcome


def pytest_collectreport(report):
    if report.failed:
        ERRORS.append(report.nodeid)


def pytest_sessionfinish():
    with open(os.environ["ORACLE_OUTCOMES"], "w", encoding="utf-8") as f:
        json.dump({"outcomes": OUTCOMES, "errors": ERRORS}, f)
