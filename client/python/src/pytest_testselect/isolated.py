"""`--record-isolated`: each test in a forked child, so that no cache, singleton or shared fixture hides what a test needs.

PYTEST_DONT_REWRITE
"""
import os
import pickle
import sys

import pytest
from _pytest.runner import runtestprotocol

CRASHED = "the test ended its process"


class Isolating:
    """Takes the place of pytest's own protocol; the child's reports and what it recorded come back through a pipe."""

    def __init__(self, recording):
        if not hasattr(os, "fork"):
            raise pytest.UsageError("--record-isolated: this system cannot fork")
        self.recording = recording

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in self._reports(item):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _reports(self, item):
        sys.stdout.flush()
        sys.stderr.flush()
        receive, send = os.pipe()
        self.recording.forks(True)
        child = os.fork()
        self.recording.forks(False)
        if child == 0:
            os.close(receive)
            self._be_child(item, send)
        os.close(send)
        with os.fdopen(receive, "rb") as pipe:
            data = pipe.read()
        _, status = os.waitpid(child, 0)
        if not data:
            return [_crash(item, status)]
        reports, recorded = pickle.loads(data)
        self.recording.more.append(recorded)
        self.recording.tests.pop(item.nodeid, None)
        return [item.config.hook.pytest_report_from_serializable(config=item.config, data=r) for r in reports]

    def _be_child(self, item, send):
        status = 1
        try:
            with self.recording.only(item):
                reports = runtestprotocol(item, log=False, nextitem=None)
            made = [item.config.hook.pytest_report_to_serializable(config=item.config, report=r) for r in reports]
            data = pickle.dumps((made, self.recording.report()))
            with os.fdopen(send, "wb") as pipe:
                pipe.write(data)
            status = 0
        finally:
            os._exit(status)


def _crash(item, status):
    how = f"{CRASHED} (signal {os.WTERMSIG(status)})" if os.WIFSIGNALED(status) else f"{CRASHED} (status {status >> 8})"
    return pytest.TestReport(item.nodeid, item.location, {x: 1 for x in item.keywords}, "failed", how, "call", sections=[], duration=0.0)
