"""Records which of the repository's functions run, by sys.monitoring (Python >= 3.12).

Two tools share the work. The first sees every code object of the process start once, and is then off for good: what is not
the repository's own costs one call in all. The second watches the repository's code alone. Taking a code object out of the
watch and back costs as much as some fifteen calls of a function, so that those alone are taken out that start more often, until
the context changes.

PYTEST_DONT_REWRITE
"""
import collections
import inspect
import itertools
import os
import sys
import threading

from .code_ranges import is_function
from .trace import Trace

# Debuggers, coverage tools and profilers have 0, 1 and 2 by convention; tests that try sys.monitoring begin there.
TOOL_IDS = (4, 3, 5)
_MANY_STARTS = 16     # of one code object in one context: worth taking it out
_BATCH = 1000         # starts that are kept before they are counted
# Functions of the library that start a process or speak to one, and say so in no audit event.
_SPEAKERS = {"spawnv_passfds": os.path.join("multiprocessing", "util.py"), "send": os.path.join("multiprocessing", "connection.py"),
             "send_bytes": os.path.join("multiprocessing", "connection.py"),
             "submit": os.path.join("concurrent", "futures", "process.py")}
# What tells code objects apart while they live: they are equal where their texts are, and id() is an audit event.
key_of = object.__hash__
_RESUMABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class Unavailable(Exception):
    """Recording is not possible here; the text says why."""


class Recorder:
    """One a process. `outside` is the trace of what runs in no other context; current() is where things go now."""

    def __init__(self, repository):
        if not hasattr(sys, "monitoring"):
            raise Unavailable("Python %d.%d has no sys.monitoring (3.12 has)" % sys.version_info[:2])
        self.repository = repository
        self.outside = Trace()
        self.early = set()        # paths of modules that were there before
        self.askers = {}          # key of a code object -> paths of modules that were loaded because of it
        self.speakers = set()     # keys of code objects: who runs one does more than is seen
        self._kept = {}           # key -> code object: a key that is in use is not given again
        self._current = self.outside
        self._fired = []          # code objects, as they start
        self._starts = collections.Counter()   # by key of a code object: in this context
        self._out = []            # those taken out of the watch
        self.survives_fork = False
        self._importing = None    # the code object of the outermost module that is being imported in a context
        self._interrupted = None  # the context that it is imported in
        self._find, self._watch = self._claim()

    @staticmethod
    def _claim():
        free = [tool for tool in TOOL_IDS if sys.monitoring.get_tool(tool) is None]
        if len(free) < 2:
            raise Unavailable("the monitoring tools of this process are taken: " +
                              ", ".join(f"{tool} by {sys.monitoring.get_tool(tool)}" for tool in TOOL_IDS if tool not in free))
        for tool in free[:2]:
            sys.monitoring.use_tool_id(tool, "testselect")
        return free[:2]

    def start(self):
        for module in list(sys.modules.values()):
            path = self.repository.path_of(getattr(module, "__file__", None) or "")
            if path is not None:
                self.early.add(path)
        mon, events = sys.monitoring, sys.monitoring.events
        mon.register_callback(self._find, events.PY_START, self._found)
        mon.register_callback(self._find, events.PY_RESUME, self._found)
        fired, add, count = self._fired, self._fired.append, self._count

        def entered(code, _):
            add(code)
            if len(fired) > _BATCH:
                count()

        mon.register_callback(self._watch, events.PY_START, entered)
        mon.register_callback(self._watch, events.PY_RESUME, entered)
        mon.register_callback(self._watch, events.PY_RETURN, self._returned)
        mon.set_events(self._find, events.PY_START | events.PY_RESUME)
        os.register_at_fork(after_in_child=self._forked)

    def _forked(self):
        if not self.survives_fork:
            self.stop()

    def stop(self):
        """Watches no more; harmless when said twice."""
        mon = sys.monitoring
        for tool in (self._find, self._watch):
            if mon.get_tool(tool) != "testselect":
                continue
            mon.set_events(tool, mon.events.NO_EVENTS)
            for event in (mon.events.PY_START, mon.events.PY_RESUME, mon.events.PY_RETURN):
                mon.register_callback(tool, event, None)
            mon.free_tool_id(tool)

    def current(self):
        return self._current

    def code(self, key):
        return self._kept[key]

    def enter(self, trace):
        """From now on everything belongs to `trace`. Returns where it belonged until now."""
        if self._importing is not None:
            self._end_import()
        before = self._current
        self._flush(before)
        self._current = trace
        return before

    def note_running_threads(self):
        """What other threads are in the middle of belongs to the current context, too: it started before."""
        frames = sys._current_frames()
        if len(frames) < 2:
            return
        for thread, frame in frames.items():
            if thread == threading.get_ident():
                continue
            while frame is not None:
                if self.repository.path_of(frame.f_code.co_filename) is not None:
                    self._keep(self._current, frame.f_code)
                frame = frame.f_back

    # ---- events

    def _found(self, code, _):
        """A code object starts for the first time in this process."""
        mon = sys.monitoring
        if self.repository.path_of(code.co_filename) is not None:
            self._kept[key_of(code)] = code
            self._fired.append(code)
            self._watch_code(code)
            if code.co_name == "<module>" and not is_function(code):
                self._module_starts(code)
        elif code.co_filename.endswith(_SPEAKERS.get(code.co_name, "\0")):
            self._kept[key_of(code)] = code
            self.speakers.add(key_of(code))
            self._fired.append(code)
            self._watch_code(code)
        return mon.DISABLE

    def _watch_code(self, code, more=0):
        events = sys.monitoring.events
        wanted = events.PY_START | more
        if code.co_flags & _RESUMABLE:
            wanted |= events.PY_RESUME
        sys.monitoring.set_local_events(self._watch, code, wanted)

    def _module_starts(self, code):
        path = self.repository.path_of(code.co_filename)
        frame = sys._getframe(2).f_back       # past this method, _found and the module itself
        while frame is not None and self.repository.path_of(frame.f_code.co_filename) is None:
            frame = frame.f_back
        if frame is not None:
            self._kept.setdefault(key_of(frame.f_code), frame.f_code)
            self.askers.setdefault(key_of(frame.f_code), set()).add(path)
        self._current.imported.add(path)
        if self._current is not self.outside and self._importing is None:
            self._begin_import(code)

    def _begin_import(self, code):
        """What runs until the module is there lasts for all later contexts: it counts as outside, too."""
        interrupted = self._current
        self._flush(interrupted)
        self._current = Trace()
        self._fired.append(code)
        self._importing, self._interrupted = code, interrupted
        self._watch_code(code, sys.monitoring.events.PY_RETURN)

    def _returned(self, code, _, __):
        if code is self._importing:
            self._end_import()
        return sys.monitoring.DISABLE

    def _end_import(self):
        trace, interrupted = self._current, self._interrupted
        self._importing = self._interrupted = None
        self._flush(trace)
        self._current = interrupted
        interrupted.add(trace)
        self.outside.add_code(trace)

    def _keep(self, trace, code):
        key = key_of(code)
        trace.codes.add(key)
        self._kept.setdefault(key, code)

    def _take(self, trace):
        """Moves what has fired to `trace`, and returns it. Any thread may call, at any time, even while another one does: each
        start is taken once, and counts for the context that changed meanwhile, too."""
        taken = []
        try:
            taken.extend(map(self._fired.pop, itertools.repeat(-1, len(self._fired))))
        except IndexError:             # another thread took the rest
            pass
        trace.codes.update(map(key_of, taken))
        if trace is not self._current:
            self._current.codes.update(map(key_of, taken))
        return taken

    def _count(self):
        """Takes out of the watch what fires all the time."""
        taken, starts = self._take(self._current), self._starts
        starts.update(map(key_of, taken))
        for code in taken:
            if starts[key_of(code)] >= _MANY_STARTS:
                starts[key_of(code)] = -len(taken)
                sys.monitoring.set_local_events(self._watch, code, 0)
                self._out.append(code)

    def _flush(self, trace):
        """Gives `trace`, the current context, what has fired, and watches again what was taken out."""
        self._take(trace)
        self._starts.clear()
        while self._out:
            self._watch_code(self._out.pop())
