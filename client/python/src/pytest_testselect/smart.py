"""`--smart` and its kin: runs what a change can affect, the failed first, and learns from the run.

PYTEST_DONT_REWRITE
"""
import os
import tempfile

import pytest

from . import choosing, failures, program
from .choice import Choice
from .environment import digest
from .marks import always_runs
from .outcomes import Outcomes
from .repository import top_of


class Smart:
    """Chooses in the process that starts the run; workers are told."""

    def __init__(self, config):
        self.config = config
        self.only_order = config.getoption("smart_first") and not config.getoption("smart")
        told = getattr(config, "workerinput", {}).get("testselect_choice")
        self.choice = Choice.of(told) if told is not None else choosing.choose(config)
        self.counts = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        run, rest = self.choice.arrange(items, always_runs)
        self.counts = (len(run), len(items))
        self.lines = [f"{item.nodeid}: {self.choice.reason(item, always_runs)}" for item in run] \
            if config.getoption("verbose") > 0 else []
        if self.only_order:
            items[:] = run + rest
            return
        if rest:
            config.hook.pytest_deselected(items=rest)
        items[:] = run

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput["testselect_choice"] = self.choice.plain()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        self.counts = self.counts or getattr(node, "workeroutput", {}).get("testselect_counts")
        self.lines = getattr(node, "workeroutput", {}).get("testselect_lines", [])

    lines = ()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self):
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["testselect_counts"] = self.counts
            self.config.workeroutput["testselect_lines"] = list(self.lines)

    def pytest_terminal_summary(self, terminalreporter):
        for line in self.choice.log:
            terminalreporter.write_line(f"testselect: {line}")
        for line in self.lines:
            terminalreporter.write_line(f"testselect: {line}")
        if self.counts is not None:
            terminalreporter.write_line(f"testselect: {self.summary(*self.counts)}")

    def summary(self, run, total):
        if run == total:
            why = self.choice.because if not self.choice.skip else "each may be affected"
            return f"all {total} tests can be affected, because {why or 'nothing can be left out'}"
        left = "run last" if self.only_order else "not run"
        return (f"{run} of {total} tests can be affected, {total - run} {left}, because no change reaches what they were seen to "
                f"need ({self.choice.source})")


class Learning:
    """After the run: failures are remembered, and evidence of a commit's own files is uploaded."""

    def __init__(self, config, smart, evidence, keep):
        self.config, self.smart, self.evidence, self.keep = config, smart, evidence, keep
        self.outcomes, self.errors, self.said = Outcomes(), 0, ""
        self.top, self.is_git = top_of(str(config.rootpath))
        self.commit = choosing.commit_of(config, self.top) if self.is_git else None

    def pytest_runtest_logreport(self, report):
        self.outcomes.add(report)

    def pytest_collectreport(self, report):
        self.errors += report.failed

    def learn(self, exitstatus):
        """To be called when the evidence is written."""
        try:
            failures.update(self.top, self.outcomes.of)
            if not self.is_git:
                from . import file_hashes
                file_hashes.learn(self.top, self.evidence, self.outcomes.of)
            elif int(exitstatus) in (0, 1):
                self.said = self._upload()
        except (OSError, program.Failed) as error:
            self.said = f"nothing was learnt from this run: {error}"
        finally:
            if not self.keep and os.path.exists(self.evidence):
                os.unlink(self.evidence)

    def _upload(self):
        if not os.path.exists(self.evidence):
            return "nothing was learnt from this run: it was not recorded"
        if self.commit is None:
            return "nothing was learnt from this run: the files are no commit's"
        if choosing.commit_of(self.config, self.top) != self.commit:
            return "nothing was learnt from this run: the files changed while it ran"
        if program.Service(self.config).is_remote:
            return "nothing was learnt from this run: the server's index is fed by CI"
        kind = "--full" if self._is_whole() else "--subset"
        attempt = str(failures.next_attempt(self.top, self.commit))
        program.run([program.find(self.config), "upload", "--quiet", "--commit", self.commit, "--attempt", attempt, kind,
                     "--environment", digest(), self.evidence], self.top, {"TESTSELECT_SERVER": ""})
        return f"learnt {len(self.outcomes.of)} tests of {self.commit[:12]}"

    def _is_whole(self):
        option, counts = self.config.getoption, self.smart.counts
        narrowed = option("keyword", "") or option("markexpr", "") or option("deselect", None) or option("lf", False)
        source = getattr(self.config, "args_source", None)
        return (counts is not None and counts[0] == counts[1] == len(self.outcomes.of) and not narrowed and not self.errors and
                source is not None and source.name != "ARGS")

    def pytest_terminal_summary(self, terminalreporter):
        if self.said:
            terminalreporter.write_line(f"testselect: {self.said}")


def evidence_path():
    handle, path = tempfile.mkstemp(prefix="testselect-", suffix=".evidence")
    os.close(handle)
    os.unlink(path)
    return path
