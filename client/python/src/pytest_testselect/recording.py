"""The recorder's pytest side: which test runs, which shared fixtures it used, how it ended; writes the report.

PYTEST_DONT_REWRITE
"""
import contextlib
import random

import pytest

from . import report as reports
from .audit import Listener
from .fixtures import SharedFixtures
from .outcomes import Outcomes
from .trace import Trace


class Recording:
    """A plugin object, registered where this process runs tests that are recorded."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.listener = Listener(recorder.repository, recorder.current, recorder.outside)
        self.outcomes = Outcomes()
        self.fixtures = SharedFixtures(self.recorder)
        self.tests = {}            # label -> (Trace, set of SharedFixture)
        self.more = []             # reports of other processes

    def start(self):
        self.recorder.start()
        self.listener.listen()

    def stop(self):
        self.recorder.enter(self.recorder.outside)
        self.listener.end()
        self.recorder.stop()

    @contextlib.contextmanager
    def paused(self):
        """What this package itself opens and starts is nobody's need."""
        self.listener.end()
        yield
        self.listener.listen()

    def report(self):
        """What was seen so far, as plain values."""
        return reports.of(self.recorder, self.tests, self.fixtures.made, self.outcomes.of)

    def forks(self, ours):
        """Says whether a fork that comes now is the recording's own: its child goes on recording."""
        self.listener.forking = self.recorder.survives_fork = ours

    @contextlib.contextmanager
    def only(self, item):
        """In a forked child: what is recorded from here on is all that report() tells."""
        self.forks(False)
        self.recorder.outside.clear()
        self.tests = {item.nodeid: self.tests[item.nodeid]}
        self.fixtures.made, self.outcomes = [], Outcomes()
        yield
        self.recorder.enter(self.recorder.outside)

    # ---- hooks

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        trace, used = self.tests.setdefault(item.nodeid, (Trace(), set()))
        self.fixtures.begin(item, used)
        self.recorder.enter(trace)
        self.recorder.note_running_threads()
        yield
        self.recorder.enter(self.recorder.outside)
        self.fixtures.end(item, used)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef, request):
        if fixturedef.scope == "function":     # most are: no second generator for these
            self.fixtures.note_needs(fixturedef, request)
            yield
        else:
            yield from self.fixtures.set_up(fixturedef, request)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item):
        self.fixtures.note_used(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        self.outcomes.add(report)


def shuffle(items, seed):
    """Changes the order of files, of classes in a file, and of tests in a class; in place, the same for the same seed."""
    chance = random.Random(seed)
    groups = {}
    for item in items:
        groups.setdefault((item.nodeid.split("::")[0], item.nodeid.rsplit("[", 1)[0].rpartition("::")[0]), []).append(item)
    files = {}
    for (file, _), tests in groups.items():
        chance.shuffle(tests)
        files.setdefault(file, []).append(tests)
    order = list(files.values())
    chance.shuffle(order)
    for classes in order:
        chance.shuffle(classes)
    items[:] = [item for classes in order for tests in classes for item in tests]
