"""Records lines by coverage.py, for Pythons without sys.monitoring: the same interface as recorder.Recorder, at a higher price.

PYTEST_DONT_REWRITE
"""
import sys

from .recorder import Unavailable
from .trace import Trace


class CoverageRecorder:
    """One a process. A trace's lines are there after stop()."""

    def __init__(self, repository):
        try:
            import coverage
        except ImportError:
            raise Unavailable("coverage.py is not installed") from None
        if coverage.Coverage.current() is not None or sys.gettrace() is not None:
            raise Unavailable("something else traces this process already, coverage.py or a debugger")
        self.repository = repository
        self.outside = Trace()
        self.early, self.askers, self.speakers = set(), {}, set()
        self.survives_fork = True
        self._current, self._contexts = self.outside, {}
        self._running = coverage.Coverage(data_file=None, config_file=False, include=[repository.top + "/*"], messages=False)

    def start(self):
        for module in list(sys.modules.values()):
            path = self.repository.path_of(getattr(module, "__file__", None) or "")
            if path is not None:
                self.early.add(path)
        self._running.start()

    def current(self):
        return self._current

    def enter(self, trace):
        before, self._current = self._current, trace
        if trace is not before and self._running is not None:
            name = "" if trace is self.outside else str(id(trace))
            self._contexts[name] = trace               # keeps the trace, and with it its id
            self._running.switch_context(name)
        return before

    def note_running_threads(self):
        """Lines of other threads are seen as they run."""

    def collect(self):
        """Hands out the lines seen so far."""
        data = self._running.get_data()
        for file in data.measured_files():
            path = self.repository.path_of(file)
            if path is None:
                continue
            for line, contexts in data.contexts_by_lineno(file).items():
                for name in contexts:
                    trace = self._contexts.get(name, self.outside)
                    trace.lines.setdefault(path, set()).add(line)

    def stop(self):
        if self._running is None:
            return
        self._running.stop()
        self.collect()
        self._running = None
