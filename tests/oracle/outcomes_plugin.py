"""A pytest plugin: writes what ran to $ORACLE_OUTCOMES, and runs nothing but the labels of $ORACLE_ONLY, where it is set.

{"outcomes": {nodeid: outcome}, "seconds": {nodeid: seconds}, "collected": [nodeid, ...], "errors": [file, ...]}
"""
import json
import os

OUTCOMES, SECONDS, COLLECTED, ERRORS = {}, {}, [], []
WORSE = {"passed": 0, "skipped": 1, "failed": 2}


def pytest_runtest_logreport(report):
    before = OUTCOMES.get(report.nodeid, "passed")
    SECONDS[report.nodeid] = round(SECONDS.get(report.nodeid, 0) + report.duration, 5)
    if WORSE[report.outcome] >= WORSE[before]:
        OUTCOMES[report.nodeid] = report.outcome


def pytest_collectreport(report):
    if report.failed:
        ERRORS.append(report.nodeid)


def pytest_collection_modifyitems(config, items):
    if "ORACLE_ONLY" not in os.environ:
        return
    with open(os.environ["ORACLE_ONLY"], encoding="utf-8") as f:
        only = set(json.load(f))
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in only])
    items[:] = [item for item in items if item.nodeid in only]


def pytest_collection_finish(session):
    COLLECTED[:] = [item.nodeid for item in session.items]


def pytest_sessionfinish():
    with open(os.environ["ORACLE_OUTCOMES"], "w", encoding="utf-8") as f:
        json.dump({"outcomes": OUTCOMES, "seconds": SECONDS, "collected": COLLECTED, "errors": ERRORS}, f)
