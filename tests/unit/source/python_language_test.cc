#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "server/source/python_processes.h"
#include "tests/unit/source/source_fixture.h"

namespace testselect {
namespace {

// The units that may start a process, joined by ", ".
std::string Starters(absl::string_view source) {
  std::vector<std::string> found;
  for (absl::string_view line : absl::StrSplit(UnitsOf("a.py", source, "m"), '\n')) {
    if (!absl::StrContains(line, kPyStartsProcess)) continue;
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    found.push_back(absl::StrCat(words[0], " ", words[1]));
  }
  return absl::StrJoin(found, ", ");
}

// The same of a function `f` with this statement.
std::string InBody(absl::string_view imports, absl::string_view statement) {
  return Starters(absl::StrCat(imports, "\n\ndef f(a, b):\n    ", statement, "\n"));
}

TEST(PythonProcesses, WhatStartsOneIsMarked) {
  const struct {
    absl::string_view imports, statement;
  } cases[] = {
      {"import subprocess", "subprocess.run(a)"},
      {"import subprocess as sp", "sp.call(a, stdout=sp.PIPE)"},
      {"from subprocess import run", "run(a)"},
      {"from subprocess import run as go", "go(a)"},
      {"from subprocess import *", "call(a)"},
      {"", "import subprocess as sp; sp.run(a)"},
      {"", "from subprocess import call; call(a)"},
      {"import subprocess", "a(subprocess)"},
      {"import subprocess", "b = subprocess"},
      {"import subprocess", "getattr(subprocess, a)(b)"},
      {"import subprocess", "monkeypatch.setattr(subprocess, 'x', b)"},
      {"", "return lambda: subprocess.run(a)"},
      {"from .compat import subprocess", "subprocess.run(a)"},
      {"from . import compat", "compat.subprocess.run(a)"},
      {"from .compat import Popen as P", "P(a)"},
      {"", "a.Popen(b)"},
      {"import os", "os.system(a)"},
      {"from os import system", "system(a)"},
      {"from os import *", "execvpe(a, a, b)"},
      {"import os", "os.spawnlp(a, b)"},
      {"", "getattr(a, 'fork')()"},
      {"import multiprocessing", "multiprocessing.Process(target=a)"},
      {"import multiprocessing as mp", "mp.get_context(a).Pool()"},
      {"import multiprocessing", "multiprocessing.something_new"},
      {"from multiprocessing import Pool", "Pool(a)"},
      {"from multiprocessing.managers import BaseManager", "BaseManager()"},
      {"import multiprocessing.pool", "multiprocessing.pool.Pool(a)"},
      {"", "mp = sys.modules.get('multiprocessing'); mp.Process()"},
      {"", "mp = a('multiprocessing'); mp.Process()"},
      {"import concurrent.futures", "concurrent.futures.ProcessPoolExecutor()"},
      {"from concurrent import futures", "a(futures.ProcessPoolExecutor)"},
      {"import asyncio", "await asyncio.create_subprocess_exec(a)"},
      {"from asyncio import subprocess as s", "s.create_subprocess_shell(a)"},
      {"import asyncio", "a.subprocess_exec(b)"},
      {"import pexpect", "pexpect.run(a)"},
      {"import pty", "pty.spawn(a)"},
      {"import sh", "sh.ls(a)"},
      {"import runpy", "runpy.run_path(a)"},
      {"", "pytester.runpytest_subprocess(a)"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(InBody(c.imports, c.statement), "body f") << c.imports << "; " << c.statement;
  }
}

TEST(PythonProcesses, WhatStartsNoneIsNot) {
  const struct {
    absl::string_view imports, statement;
  } cases[] = {
      {"import subprocess", "return a.x"},
      {"import subprocess", "a(stdout=subprocess.PIPE, stderr=subprocess.STDOUT)"},
      {"import subprocess", "raise subprocess.CalledProcessError(1, a)"},
      {"from subprocess import PIPE, CalledProcessError", "a(PIPE, CalledProcessError)"},
      {"import os", "os.getpid(); os.environ['a']; os.path.join(a); a(os)"},
      {"import platform", "platform.system()"},
      {"import multiprocessing", "return multiprocessing.current_process().name"},
      {"import multiprocessing as mp", "return mp.cpu_count()"},
      {"from multiprocessing import cpu_count", "cpu_count()"},
      {"from multiprocessing.dummy import Pool", "Pool(a)"},
      {"from multiprocessing.pool import ThreadPool", "ThreadPool(a)"},
      {"", "mp: Any = sys.modules.get('multiprocessing'); return mp.current_process().name"},
      {"",
       "mp = sys.modules['multiprocessing']\n    if mp is not None and mp:\n        return "
       "mp.cpu_count()"},
      {"", "return 'multiprocessing' in sys.modules"},
      {"import asyncio", "asyncio.run(a, asyncio.subprocess.PIPE)"},
      {"import concurrent.futures", "concurrent.futures.ThreadPoolExecutor()"},
      {"import subprocess", "subprocess = None"},
      {"", "a: 'subprocess.Popen' = b"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(InBody(c.imports, c.statement), "") << c.imports << "; " << c.statement;
  }
}

TEST(PythonProcesses, OutsideBodiesStringsMeanNone) {
  EXPECT_EQ(Starters("import multiprocessing\n\nclass W(multiprocessing.Process):\n    pass\n"),
            "class W");
  EXPECT_EQ(Starters("from multiprocessing import Process\n\nclass W(Process):\n    pass\n"),
            "class W");
  EXPECT_EQ(
      Starters(
          "import subprocess, functools\nrun = functools.partial(subprocess.run, check=True)\n"),
      "statement run");
  EXPECT_EQ(Starters("import os\nFORKS = hasattr(os, 'fork')\n"), "");
  EXPECT_EQ(Starters("import subprocess\n\ndef f(run=subprocess.run):\n    run()\n"), "body f");
}

constexpr absl::string_view kConditional = R"(import sys
try:
    from fast import load, dump
except ImportError:
    load = None
else:
    dump = load
if sys.version_info >= (3, 8):
    def now():
        return 1
    STEP = 1
elif hasattr(sys, "old"):
    import old as now
else:
    STEP = 2
class A:
    if sys.flags.debug:
        def f(self):
            return 2
if setup():
    LIMIT = 3
if sys.argv:
    pass
with context():
    START = 4
if __name__ == "__main__":
    now()
)";

TEST(PythonConditions, ArePartOfWhatTheyDecideAbout) {
  EXPECT_EQ(UnitsOf("a.py", kConditional, "bf+"),
            "import sys binds[sys] from(0 sys )\n"
            "import load binds[load] from(0 fast load)\n"
            "import dump binds[dump] from(0 fast dump)\n"
            "statement load binds[load] free[ImportError]\n"
            "statement dump binds[dump] free[load]\n"
            "header now binds[now] free[sys]\n"
            "signature now\n"
            "annotation now\n"
            "body now\n"
            "statement STEP binds[STEP] free[sys]\n"
            "import now binds[now] free[hasattr sys] from(0 old )\n"
            "statement STEP#2 binds[STEP] free[hasattr sys]\n"
            "class A binds[A]\n"
            "header A.f binds[f] free[sys]\n"
            "signature A.f\n"
            "annotation A.f\n"
            "body A.f\n"
            "statement LIMIT binds[LIMIT] free[setup]\n"
            "condition if c2afac1f free[setup]\n"
            "condition if 526cc257 free[sys]\n"
            "condition with 7f7f2fa5 free[context]\n"
            "statement START binds[START]\n"
            "statement __main__\n");
}

TEST(PythonConditions, ChangeWhatTheyDecideAbout) {
  const auto changed = [](absl::string_view from, absl::string_view to) {
    return Changed("a.py", kConditional, absl::StrReplaceAll(kConditional, {{from, to}}));
  };
  EXPECT_EQ(changed("ImportError", "ValueError"), "statement load");
  EXPECT_EQ(changed("(3, 8)", "(3, 9)"),
            "header now, import now, statement STEP, statement STEP#2");
  EXPECT_EQ(changed("\"old\"", "\"new\""), "import now, statement STEP#2");
  EXPECT_EQ(changed("flags.debug", "flags.quiet"), "header A.f");
  EXPECT_EQ(changed("START = 4", "pass\nSTART = 4"), "statement START");
  EXPECT_EQ(changed("    now()", "    then()"), "statement __main__");
}

TEST(PythonConditions, EveryTokenIsInSomeUnit) {
  EXPECT_EQ(UnseenTokens("a.py", kConditional), "");
}

// What is said to people names nothing, its fields apart.
TEST(PythonStrings, OfProseNameNothing) {
  EXPECT_EQ(UnitOf("a.py",
                   "def f(x):\n"
                   "    if x == 'a word or two' or x == 'word':\n"
                   "        raise E('not the right size', 'size')\n"
                   "    assert x, 'a good name'\n"
                   "    warn(f'its {x.color} is {{odd}}')\n"
                   "    raise E('its {0.shape} has %(weight)s kilos'.format(x) % x)\n",
                   "body f", "m"),
            "body f members[color format odd shape size weight word]");
  EXPECT_EQ(UnitOf("a.py", "T = namedtuple('T', 'size name')\n", "statement T", "m"),
            "statement T members[name size]");
}

}  // namespace
}  // namespace testselect
