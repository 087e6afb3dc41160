"""Records which of the repository's functions run, by sys.monitoring (Python >= 3.12).

Three tools share the work. The first sees every code object of the process start once, and is then off for good: what is not
the repository's own costs one call in all. The second watches the repository's code alone, and hears of every start. The third
watches what was seen to start often in one context: it hears of the first start in each. To listen for that again costs as much as
some ten starts that are heard of, too much for what starts a few times. Where there is no third tool, what starts often is taken
out of the watch until the context changes.

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
_OFTEN = 40            # starts of one code object in one context: the first is enough from then on
_WORTH_COUNTING = 200  # starts in one context
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
        self._out = []            # those taken out of the watch until the context changes
        self._heard = []          # those that the third tool heard of in this context
        self.survives_fork = False
        self._importing = None    # the code object of the outermost module that is being imported in a context
        self._interrupted = None  # the context that it is imported in
        self._tools = self._claim()
        self._find, self._watch, self._first = (*self._tools, None)[:3]

    @staticmethod
    def _claim():
        free = [tool for tool in TOOL_IDS if sys.monitoring.get_tool(tool) is None]
        if len(free) < 2:
            raise Unavailable("the monitoring tools of this process are taken: " +
                              ", ".join(f"{tool} by {sys.monitoring.get_tool(tool)}" for tool in TOOL_IDS if tool not in free))
        for tool in free:
            sys.monitoring.use_tool_id(tool, "testselect")
        return free

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

        heard, disable = self._heard.append, mon.DISABLE

        def entered_first(code, _):
            add(code)
            heard(code)
            return disable

        for event in (events.PY_START, events.PY_RESUME):
            mon.register_callback(self._watch, event, entered)
            if self._first is not None:
                mon.register_callback(self._first, event, entered_first)
        mon.register_callback(self._watch, events.PY_RETURN, self._returned)
        mon.set_events(self._find, events.PY_START | events.PY_RESUME)
        os.register_at_fork(after_in_child=self._forked)

    def _forked(self):
        if not self.survives_fork:
            self.stop()

    def stop(self):
        """Watches no more; harmless when said twice."""
        mon = sys.monitoring
        for tool in self._tools:
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

    def _watch_code(self, code, more=0, tool=None):
        events = sys.monitoring.events
        wanted = events.PY_START | more
        if code.co_flags & _RESUMABLE:
            wanted |= events.PY_RESUME
        sys.monitoring.set_local_events(self._watch if tool is None else tool, code, wanted)

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
        """Moves what has fired to `trace`, and returns its keys, one a start. Any thread may call, at any time, even while another
        one does: each start is taken once, and counts for the context that changed meanwhile, too."""
        taken = []
        try:
            taken.extend(map(self._fired.pop, itertools.repeat(-1, len(self._fired))))
        except IndexError:             # another thread took the rest
            pass
        keys = list(map(key_of, taken))
        trace.codes.update(keys)
        if trace is not self._current:
            self._current.codes.update(keys)
        return keys

    def _count(self):
        """Takes out of the watch what fires all the time."""
        self._starts.update(self._take(self._current))
        self._take_out(self._starts)

    def _take_out(self, starts):
        for key, count in list(starts.items()):       # another thread may count meanwhile
            code = self._kept[key] if count >= _OFTEN else None
            if code is not None and sys.monitoring.get_local_events(self._watch, code):
                sys.monitoring.set_local_events(self._watch, code, 0)
                self._out.append(code)

    def _listen_again(self, code):
        """For its first start in the next context. Other threads go on: the second tool listens where the third does not."""
        self._watch_code(code)
        sys.monitoring.set_local_events(self._first, code, 0)
        self._watch_code(code, tool=self._first)
        sys.monitoring.set_local_events(self._watch, code, 0)

    def _flush(self, trace):
        """Gives `trace`, the current context, what has fired, and watches again what is not watched any more."""
        taken = self._take(trace)
        if self._first is not None and len(taken) >= _WORTH_COUNTING:
            self._take_out(collections.Counter(taken))
        self._starts.clear()
        while self._heard:
            self._listen_again(self._heard.pop())
        while self._out:
            self._watch_code(self._out.pop(), tool=self._first)
