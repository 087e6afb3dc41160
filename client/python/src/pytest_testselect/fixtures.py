"""Fixtures wider than a function: what they did is kept apart from the tests, with who used them.

PYTEST_DONT_REWRITE
"""
import inspect

from .trace import Trace

_SET_UPS = {"module": ("setUpModule", "setup_module", "tearDownModule", "teardown_module"),
            "class": ("setUpClass", "setup_class", "tearDownClass", "teardown_class")}


class SharedFixture:
    """One making of one fixture. `codes` are the code objects of its functions, the defining one first."""

    def __init__(self, codes):
        self.codes, self.trace, self.needs = codes, Trace(), set()
        self.interrupted = None    # the trace that its tear-down interrupts


class SharedFixtures:
    """Knows the shared fixtures that are set up now. `made` are all there ever were, each after those it needs."""

    def __init__(self, recorder):
        self.recorder = recorder
        self.made = []
        self._live = {}            # FixtureDef -> SharedFixture
        self._stack = []           # shared fixtures being made
        self._used = set()         # of the running test

    def begin(self, item, used):
        self._used = used

    def end(self, item, used):
        self._used = set()

    def note_used(self, item):
        """What the test asked for by now, whoever made it."""
        definitions = getattr(getattr(item, "_request", None), "_fixture_defs", None)
        if definitions is None:    # a kind of item that does not say: it may have used everything that is there
            self._used.update(self._live.values())
            return
        self._used.update(self._live[d] for d in definitions.values() if d in self._live)

    def _needs(self, definition, request):
        known = getattr(request, "_fixture_defs", {})
        return {self._live[d] for name in definition.argnames if (d := known.get(name)) in self._live}

    def note_needs(self, definition, request):
        """A fixture of one test is made: what it needs, the test does."""
        if self._live:
            self._used |= self._needs(definition, request)

    def set_up(self, definition, request):
        """The body of a hook wrapper around the making of a shared fixture."""
        shared = SharedFixture(defining_codes(definition, request))
        shared.needs |= self._needs(definition, request)
        self._live[definition] = shared
        if self._stack:
            self._stack[-1].needs.add(shared)
        self._stack.append(shared)
        definition.addfinalizer(lambda: self._torn_down(definition, shared))
        before = self.recorder.enter(shared.trace)
        yield
        self.recorder.enter(before)
        self._stack.pop()
        self.made.append(shared)
        self._used.add(shared)
        definition.addfinalizer(lambda: self._tear_down(shared))

    def _tear_down(self, shared):
        """Runs before the fixture's own finalizers."""
        shared.interrupted = self.recorder.enter(shared.trace)

    def _torn_down(self, definition, shared):
        """Runs after them."""
        if shared.interrupted is not None:
            self.recorder.enter(shared.interrupted)
        if self._live.get(definition) is shared:
            del self._live[definition]


def defining_codes(definition, request):
    """The code objects that a fixture's change shows in: its function, or the set-up and tear-down functions of its scope."""
    function = inspect.unwrap(definition.func)
    if not (getattr(function, "__module__", "") or "").startswith("_pytest."):
        codes = [getattr(getattr(function, "__func__", function), "__code__", None)]
    else:
        holder = request.cls if definition.scope == "class" else getattr(request, "module", None)
        found = [getattr(holder, name, None) for name in _SET_UPS.get(definition.scope, ())]
        codes = [getattr(getattr(f, "__func__", f), "__code__", None) for f in found if f is not None]
    return [code for code in codes if code is not None]
