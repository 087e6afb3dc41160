"""Starts a recording and sees to it that it is written: by the one process, or by the one that distributes to workers."""
import marshal
import os

import pytest

from . import report as reports
from .repository import Repository, top_of


def start_recording(config):
    """A recording that runs; raises pytest.UsageError where this process cannot record."""
    from .recorder import Unavailable
    from .recording import Recording
    top, _ = top_of(str(config.rootpath))
    try:
        recording = Recording(Repository(top))
    except Unavailable as error:
        raise pytest.UsageError(f"--testselect-record: {error}") from None
    recording.start()
    return recording


def is_worker(config):
    return hasattr(config, "workerinput")


def distributes(config):
    """This process runs no test itself: pytest-xdist's workers do."""
    return not is_worker(config) and config.getoption("dist", "no") != "no" and bool(config.getoption("tx", None))


def register(config, recording):
    if distributes(config):
        recording.stop()
        config.pluginmanager.register(Gathering(config), "testselect-gathering")
        return
    config.pluginmanager.register(recording, "testselect-recording")
    config.pluginmanager.register(Writing(config, recording), "testselect-writing")


def target(config):
    return os.path.abspath(str(config.getoption("testselect_record")))


class Writing:
    """Writes at the end, or hands over to the process that distributes."""

    def __init__(self, config, recording):
        self.config, self.recording, self.path = config, recording, target(config)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self):
        yield
        self.recording.stop()
        report = self.recording.report()
        if is_worker(self.config):
            self.config.workeroutput["testselect_report"] = marshal.dumps(report)
        else:
            reports.write(self.path, [report], self.recording.recorder.repository)


class Gathering:
    """Writes what the workers recorded. A worker that ended without a word leaves tests of which the end alone is known."""

    def __init__(self, config):
        from .outcomes import Outcomes
        self.path, self.outcomes, self.reports = target(config), Outcomes(), []
        self.repository = Repository(top_of(str(config.rootpath))[0])

    def pytest_runtest_logreport(self, report):
        self.outcomes.add(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        data = getattr(node, "workeroutput", {}).get("testselect_report")
        if data is not None:
            self.reports.append(marshal.loads(data))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self):
        yield
        rest = {"places": [], "outside": [[], [], [], ""], "fixtures": [], "tests": [], "outcomes": self.outcomes.of, "early": []}
        reports.write(self.path, [*self.reports, rest], self.repository)
