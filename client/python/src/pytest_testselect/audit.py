"""What Python's audit events tell: files opened as data, processes started, other services called.

An audit hook cannot be taken away again, so there is one a process, which does nothing while nobody listens.

PYTEST_DONT_REWRITE
"""
import os
import socket
import sys
import weakref

_SOURCES = (".py", ".pyc", ".pyi", ".so", ".pyd")
# Who reads sources and libraries in order to run them.
_LOADERS = ("<frozen importlib", "_pytest" + os.sep + "assertion" + os.sep + "rewrite.py")
# Ask the system about itself, with programs of the system.
_ASKS_SYSTEM = tuple(os.sep + name for name in ("platform.py", os.path.join("ctypes", "util.py"), "uuid.py"))
_WRITES_ALONE = os.O_WRONLY
_PROCESS_EVENTS = ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.spawn", "os.system", "os.fork", "os.forkpty",
                   "os.startfile", "pty.spawn", "_posixsubprocess.fork_exec", "_winapi.CreateProcess")

_listener = None
_installed = False


class Listener:
    """Tells the traces that `current()` returns. `outside` is the one of no test. Any thread may call."""

    def __init__(self, repository, current, outside):
        self.repository, self.current, self.outside = repository, current, outside
        self.forking = False           # the recorder itself forks: no test's process
        self._bound = []
        self.handlers = {"open": self._open, "sqlite3.connect": self._database, "socket.bind": self._bind,
                         "socket.connect": self._connect, **{name: self._process for name in _PROCESS_EVENTS}}

    def listen(self):
        """Takes the place of the listener that there was."""
        global _listener, _installed
        _listener = self
        if not _installed:
            _installed = True
            sys.addaudithook(_hook)

    def end(self):
        global _listener
        if _listener is self:
            _listener = None

    def _open(self, event, arguments):
        name, mode, flags = arguments
        if isinstance(name, int) or (isinstance(flags, int) and flags & 3 == _WRITES_ALONE):
            return
        if isinstance(mode, str) and mode and mode[0] in "wxa" and "+" not in mode:
            return
        name = os.fsdecode(name)
        if name.endswith(".pyc") and _loads():     # most opens by far, and byte code is never opened as data then
            return
        path = self.repository.opened_path_of(name)
        if path is None:
            return
        trace = self.current()
        if path.endswith(_SOURCES) and (trace is self.outside or _loads()):
            return
        trace.opened.add(path)

    def _database(self, event, arguments):
        name = os.fsdecode(arguments[0]) if not isinstance(arguments[0], int) else ""
        path = self.repository.opened_path_of(name) if name and not name.startswith((":", "file:")) else None
        if path is not None:
            self.current().opened.add(path)

    def _process(self, event, arguments):
        if self.forking or any(_called_from(place) for place in _ASKS_SYSTEM):
            return
        what = arguments[0] if arguments and event != "os.fork" else ""
        self.say(f"started a process ({event}{' ' + os.fsdecode(what) if isinstance(what, (str, bytes)) and what else ''})")

    def say(self, why):
        trace = self.current()
        trace.opaque = trace.opaque or why

    def _bind(self, event, arguments):
        self._bound = [ref for ref in self._bound if ref() is not None]
        try:
            self._bound.append(weakref.ref(arguments[0]))
        except TypeError:              # a socket of a kind that cannot be watched: whoever calls it calls another service
            pass

    def _connect(self, event, arguments):
        sock, address = arguments[0], arguments[1]
        if getattr(sock, "type", None) == socket.SOCK_DGRAM or self._is_own(sock, address):
            return
        self.say(f"called another service ({address!r:.80})")

    def _is_own(self, sock, address):
        """Some socket of this process was bound to the address."""
        for ref in self._bound:
            server = ref()
            try:
                bound = server.getsockname() if server is not None and server.fileno() >= 0 else None
            except OSError:
                continue
            if bound is None or server.family != getattr(sock, "family", None):
                continue
            if bound == address or (isinstance(bound, tuple) and isinstance(address, tuple) and bound[1] == address[1]):
                return True
        return False


def _hook(event, arguments):
    listener = _listener
    if listener is None:
        return
    if event not in listener.handlers:
        return
    try:
        listener.handlers[event](event, arguments)
    except Exception as error:         # what a hook raises would fail the call that is audited
        listener.say(f"the recorder could not tell what {event} did ({error!r:.80})")


def _frames():
    frame = sys._getframe(2)
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def _loads():
    """The file is read in order to run it."""
    for name in _frames():
        if name != __file__:
            return name.startswith(_LOADERS[0]) or name.endswith(_LOADERS[1]) or (
                name.endswith(os.sep + "pathlib.py") and any(n.endswith(_LOADERS[1]) for n in _frames()))
    return False


def _called_from(place):
    return any(name.endswith(place) for name in _frames())
