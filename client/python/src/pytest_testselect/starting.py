"""Starts a recording and sees to it that it is written: by the one process, or by the one that distributes to workers.

PYTEST_DONT_REWRITE
"""
import marshal
import os
import warnings

import pytest

from . import report as reports
from .repository import Repository, top_of


def start_recording(config, option):
    """A recording that runs; None where this process cannot record and was not told to. Raises pytest.UsageError."""
    from .recorder import Recorder, Unavailable
    from .recording import Recording
    repository = Repository(top_of(str(config.rootpath))[0])
    problem = None
    try:
        if option.smart_coverage:
            raise Unavailable("--smart-coverage asks for coverage.py")
        recorder = Recorder(repository)
    except Unavailable as error:
        problem = str(error)
        from .coverage_recorder import CoverageRecorder
        try:
            recorder = CoverageRecorder(repository)
        except Unavailable as other:
            if option.testselect_record:
                raise pytest.UsageError(f"--testselect-record: {problem}, and {other}") from None
            warnings.warn(pytest.PytestWarning(f"testselect: not recorded: {problem}, and {other}"), stacklevel=1)
            return None
        if not option.smart_coverage:
            warnings.warn(pytest.PytestWarning(f"testselect: recording by coverage.py, since {problem}"), stacklevel=1)
    recording = Recording(recorder)
    recording.start()
    return recording


def is_worker(config):
    return hasattr(config, "workerinput")


def distributes(config):
    """This process runs no test itself: pytest-xdist's workers do."""
    return not is_worker(config) and config.getoption("dist", "no") != "no" and bool(config.getoption("tx", None))


def register(config, recording, path, then):
    """`then` is called with the exit status when the file is written."""
    path = os.path.abspath(path)
    if distributes(config):
        recording.stop()
        config.pluginmanager.register(Gathering(config, path, then), "testselect-gathering")
        return
    if config.getoption("record_isolated"):
        from .isolated import Isolating
        config.pluginmanager.register(Isolating(recording), "testselect-isolating")
    config.pluginmanager.register(recording, "testselect-recording")
    config.pluginmanager.register(Writing(config, recording, path, then), "testselect-writing")


class Writing:
    """Writes at the end, or hands over to the process that distributes."""

    def __init__(self, config, recording, path, then):
        self.config, self.recording, self.path, self.process = config, recording, path, os.getpid()
        self.then = then

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_sessionfinish(self, exitstatus):
        yield
        if os.getpid() != self.process:    # a test forked, and its child went on as if it were the run
            return
        self.recording.stop()
        with reports.uncollected():
            found = [self.recording.report(), *self.recording.more]
            if is_worker(self.config):
                self.config.workeroutput["testselect_reports"] = marshal.dumps(found)
                return
            reports.write(self.path, found, self.recording.recorder.repository)
        self.then(exitstatus)


class Gathering:
    """Writes what the workers recorded. A worker that ended without a word leaves tests of which the end alone is known."""

    def __init__(self, config, path, then):
        from .outcomes import Outcomes
        self.path, self.outcomes, self.reports = path, Outcomes(), []
        self.then = then
        self.repository = Repository(top_of(str(config.rootpath))[0])

    def pytest_runtest_logreport(self, report):
        self.outcomes.add(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        data = getattr(node, "workeroutput", {}).get("testselect_reports")
        if data is not None:
            self.reports += marshal.loads(data)

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_sessionfinish(self, exitstatus):
        yield
        rest = {"places": [], "outside": [[], [], [], ""], "fixtures": [], "tests": [], "outcomes": self.outcomes.of, "early": []}
        with reports.uncollected():
            reports.write(self.path, [*self.reports, rest], self.repository)
        self.then(exitstatus)
