"""Edits of Python projects that selectors lose tests on. `most`: more labels than that would be careless."""

BYSTANDER = {"other.py": "def other():\n    return 1\n",
             "test_other.py": "import other\n\n\ndef test_other():\n    assert other.other() == 1\n\n\ndef test_other_again():\n    assert other.other()\n"}


def trap(name, files, edits, most=None):
    return {"name": name, "files": {**BYSTANDER, **files}, "edits": edits, "most": most}


SHAPES = {"shapes.py": "class Shape:\n    name = 'shape'\n\n    def area(self):\n        return 0\n\n    def describe(self):\n"
                       "        return f'{self.name} {self.area()}'\n\n\nclass Square(Shape):\n    def __init__(self, side):\n        self.side = side\n\n"
                       "    def corners(self):\n        return 4\n",
          "test_shapes.py": "from shapes import Shape, Square\n\n\ndef test_describe():\n    assert Square(2).describe() == 'shape 0'\n\n\n"
                            "def test_corners():\n    assert Square(1).corners() == 4\n\n\ndef test_base():\n    assert Shape().area() == 0\n"}
CONFTEST = {"conftest.py": "import pytest\n\n\n@pytest.fixture(scope='session')\ndef base():\n    return {'x': 1}\n\n\n@pytest.fixture\ndef thing(base):\n    return base['x']\n",
            "test_c.py": "def test_one(thing):\n    assert thing == 1\n\n\ndef test_two(thing):\n    assert thing < 2\n\n\ndef test_three(base):\n    assert base == {'x': 1}\n\n\n"
                         "def test_none():\n    assert True\n"}
REGISTRY = {"plugins.py": "REGISTRY = {}\n\n\nclass Base:\n    def __init_subclass__(cls, **kw):\n        REGISTRY[cls.__name__] = cls\n\n\n"
                          "def names():\n    return sorted(REGISTRY)\n\n\nclass A(Base):\n    pass\n",
            "test_plugins.py": "import plugins\n\n\ndef test_names():\n    assert plugins.names() == ['A']\n\n\ndef test_a():\n    assert plugins.A\n"}

TRAPS = [
    trap("body", SHAPES, {"shapes.py": [("return 4", "return 5")]}, most=1),
    trap("override_in_subclass", SHAPES, {"shapes.py": [("    def corners", "    def area(self):\n        return self.side ** 2\n\n    def corners")]}, most=5),
    trap("base_class_attribute", SHAPES, {"shapes.py": [("name = 'shape'", "name = 'form'")]}),
    trap("base_class_method", SHAPES, {"shapes.py": [("return 0", "return 1")]}, most=3),
    trap("new_base_class", SHAPES, {"shapes.py": [("class Square(Shape)", "class Mixin:\n    def area(self):\n        return 9\n\n\nclass Square(Mixin, Shape)")]}),
    trap("decorator_body", {
        "deco.py": "import functools\n\n\ndef twice(f):\n    @functools.wraps(f)\n    def inner(*a):\n        return f(*a) * 2\n    return inner\n\n\n"
                   "@twice\ndef one():\n    return 1\n\n\ndef plain():\n    return 7\n",
        "test_d.py": "import deco\n\n\ndef test_one():\n    assert deco.one() == 2\n\n\ndef test_plain():\n    assert deco.plain() == 7\n"},
        {"deco.py": [("    return inner", "    return f")]}),
    trap("decorator_added", {
        "deco.py": "import functools\n\n\ndef negate(f):\n    return lambda *a: -f(*a)\n\n\ndef one():\n    return 1\n\n\ndef plain():\n    return 7\n",
        "test_d.py": "import deco\n\n\ndef test_one():\n    assert deco.one() == 1\n\n\ndef test_plain():\n    assert deco.plain() == 7\n"},
        {"deco.py": [("def one", "@negate\ndef one")]}),
    trap("metaclass", {
        "meta.py": "class Meta(type):\n    def __new__(mcs, name, bases, ns):\n        ns['tag'] = name.lower()\n        return super().__new__(mcs, name, bases, ns)\n\n\n"
                   "class Thing(metaclass=Meta):\n    pass\n",
        "test_m.py": "import meta\n\n\ndef test_tag():\n    assert meta.Thing.tag == 'thing'\n\n\ndef test_nothing():\n    assert 1\n"},
        {"meta.py": [("name.lower()", "name.upper()")]}),
    trap("init_subclass_registry", REGISTRY, {"plugins.py": [("class A(Base):\n    pass\n", "class A(Base):\n    pass\n\n\nclass B(Base):\n    pass\n")]}),
    trap("constant_from_import", {
        "a.py": "LIMIT = 3\n", "b.py": "from a import LIMIT\n\n\ndef limit():\n    return LIMIT\n",
        "test_b.py": "from b import limit\n\n\ndef test_limit():\n    assert limit() == 3\n\n\ndef test_x():\n    pass\n"}, {"a.py": [("3", "4")]}, most=1),
    trap("star_import", {
        "a.py": "LIMIT = 3\n", "b.py": "from a import *\n\n\ndef limit():\n    return LIMIT\n",
        "test_b.py": "from b import limit\n\n\ndef test_limit():\n    assert limit() == 3\n"}, {"a.py": [("3", "4")]}),
    trap("re_export", {
        "pkg/__init__.py": "from .inner import LIMIT as LIMIT\n", "pkg/inner.py": "LIMIT = 3\n",
        "test_b.py": "import pkg\n\n\ndef test_limit():\n    assert pkg.LIMIT == 3\n\n\ndef test_x():\n    pass\n"}, {"pkg/inner.py": [("3", "4")]}),
    trap("module_getattr", {
        "lazy.py": "def __getattr__(name):\n    if name == 'answer':\n        return 42\n    raise AttributeError(name)\n",
        "test_l.py": "import lazy\n\n\ndef test_answer():\n    assert lazy.answer == 42\n\n\ndef test_x():\n    pass\n"}, {"lazy.py": [("42", "43")]}),
    trap("module_getattr_added", {
        "lazy.py": "X = 1\n", "test_l.py": "import lazy\n\n\ndef test_answer():\n    assert not hasattr(lazy, 'answer')\n"},
        {"lazy.py": "X = 1\n\n\ndef __getattr__(name):\n    return 1\n"}),
    trap("renamed_and_edited", {
        "old.py": "def f():\n    return 1\n\n\ndef g():\n    return 2\n", "test_o.py": "import old\n\n\ndef test_f():\n    assert old.f() == 1\n\n\ndef test_g():\n    assert old.g() == 2\n"},
        {"old.py": None, "new.py": "def f():\n    return 3\n\n\ndef g():\n    return 2\n", "test_o.py": [("import old", "import new as old")]}),
    trap("deleted_still_imported", {
        "gone.py": "X = 1\n", "mid.py": "import gone\n\n\ndef x():\n    return gone.X\n", "test_m.py": "def test_x():\n    import mid\n    assert mid.x() == 1\n\n\ndef test_y():\n    pass\n"},
        {"gone.py": None}),
    trap("new_file_shadows", {
        "src/a/__init__.py": "", "src/a/x.py": "V = 1\n", "test_s.py": "import sys\nsys.path.insert(0, 'src')\n\n\ndef test_v():\n    import a.x\n    assert a.x.V == 1\n"},
        {"src/a/x/__init__.py": "V = 2\n"}),
    trap("new_file_shadows_stdlib", {
        "use.py": "import colorsys\n\n\ndef v():\n    return hasattr(colorsys, 'rgb_to_hsv')\n", "test_u.py": "import use\n\n\ndef test_v():\n    assert use.v()\n"},
        {"colorsys.py": "x = 1\n"}),
    trap("test_data_file", {
        "data/table.txt": "1\n", "test_t.py": "import pathlib\n\n\ndef test_table():\n    assert pathlib.Path('data/table.txt').read_text() == '1\\n'\n"},
        {"data/table.txt": "2\n"}),
    trap("parametrised_new_case", {
        "test_p.py": "import pytest\n\n\n@pytest.mark.parametrize('x', [1, 2])\ndef test_p(x):\n    assert x < 3\n\n\ndef test_q():\n    pass\n"},
        {"test_p.py": [("[1, 2]", "[1, 2, 3]")]}, most=4),
    trap("session_fixture", CONFTEST, {"conftest.py": [("'x': 1", "'x': 5")]}, most=3),
    trap("function_fixture", CONFTEST, {"conftest.py": [("base['x']", "base['x'] + 4")]}, most=2),
    trap("autouse_fixture_added", CONFTEST, {"conftest.py": [("import pytest\n", "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef bad(request):\n"
                                                              "    assert 'two' not in request.node.name\n")]}),
    trap("fixture_override_in_folder", {**CONFTEST, "sub/test_s.py": "def test_s(thing):\n    assert thing == 1\n"},
         {"sub/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef thing():\n    return 9\n"}),
    trap("singledispatch", {
        "show.py": "import functools\n\n\n@functools.singledispatch\ndef show(x):\n    return 'any'\n\n\n@show.register\ndef _(x: int):\n    return 'int'\n",
        "test_s.py": "from show import show\n\n\ndef test_int():\n    assert show(1) == 'int'\n\n\ndef test_str():\n    assert show('a') == 'any'\n"},
        {"show.py": [("    return 'int'\n", "    return 'int'\n\n\n@show.register\ndef _str(x: str):\n    return 'str'\n")]}),
    trap("enum_member", {
        "color.py": "import enum\n\n\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = 2\n\n\ndef count():\n    return len(Color)\n",
        "test_c.py": "import color\n\n\ndef test_count():\n    assert color.count() == 2\n\n\ndef test_list():\n    assert [c.name for c in color.Color] == ['RED', 'BLUE']\n"},
        {"color.py": [("    BLUE = 2\n", "    BLUE = 2\n    GREEN = 3\n")]}),
    trap("dataclass_field", {
        "point.py": "import dataclasses\n\n\n@dataclasses.dataclass\nclass Point:\n    x: int = 0\n    y: int = 0\n",
        "test_p.py": "from point import Point\n\n\ndef test_repr():\n    assert repr(Point()) == 'Point(x=0, y=0)'\n\n\ndef test_eq():\n    assert Point(1) == Point(1, 0)\n"},
        {"point.py": [("    y: int = 0\n", "    y: int = 0\n    z: int = 0\n")]}),
    trap("moved_function", {
        "a.py": "def f():\n    return g()\n\n\ndef g():\n    return 1\n", "b.py": "X = 1\n", "test_a.py": "import a\n\n\ndef test_f():\n    assert a.f() == 1\n\n\ndef test_x():\n    pass\n"},
        {"a.py": "from b import g\n\n\ndef f():\n    return g()\n", "b.py": "X = 1\n\n\ndef g():\n    return 2\n"}),
    trap("comment_only", SHAPES, {"shapes.py": [("return 4", "return 4  # four")]}, most=0),
    trap("formatting_only", SHAPES, {"shapes.py": [("return f'{self.name} {self.area()}'", "return (\n            f'{self.name} {self.area()}'\n        )")]}, most=0),
    trap("circular_import", {
        "a.py": "X = 1\n\n\ndef fa():\n    return b.fb()\n\n\nimport b  # noqa: E402\n", "b.py": "import a\n\n\ndef fb():\n    return a.X\n",
        "test_a.py": "import a\n\n\ndef test_fa():\n    assert a.fa() == 1\n\n\ndef test_x():\n    pass\n"}, {"a.py": [("X = 1", "X = 2")]}),
    trap("crlf", SHAPES, {"shapes.py": SHAPES["shapes.py"].replace("\n", "\r\n").replace("return 4", "return 5")}, most=1),
    trap("symbolic_link", {"real.py": "V = 1\n", "link.py": ("real.py",), "test_l.py": "import link\n\n\ndef test_v():\n    assert link.V == 1\n\n\ndef test_x():\n    pass\n"},
         {"real.py": "V = 2\n"}),
    trap("memo", {
        "memo.py": "import functools\n\n\ndef load():\n    return 1\n\n\n@functools.lru_cache\ndef table():\n    return load()\n",
        "test_m.py": "import memo\n\n\ndef test_a():\n    assert memo.table() == 1\n\n\ndef test_b():\n    assert memo.table() < 2\n\n\ndef test_c():\n    pass\n"},
        {"memo.py": [("return 1", "return 5")]}, most=2),
    trap("singleton", {
        "conf.py": "_conf = None\n\n\ndef read():\n    return {'a': 1}\n\n\ndef get():\n    global _conf\n    if _conf is None:\n        _conf = read()\n    return _conf\n",
        "test_g.py": "import conf\n\n\ndef test_a():\n    assert conf.get()['a'] == 1\n\n\ndef test_b():\n    assert conf.get() == {'a': 1}\n\n\ndef test_c():\n    pass\n"},
        {"conf.py": [("'a': 1", "'a': 2")]}, most=2),
    trap("import_time_table", {
        "tab.py": "def build():\n    return [1, 2]\n\n\nTABLE = build()\n", "test_t.py": "import tab\n\n\ndef test_len():\n    assert len(tab.TABLE) == 2\n\n\ndef test_x():\n    pass\n"},
        {"tab.py": [("[1, 2]", "[1, 2, 3]")]}, most=1),
    trap("lazy_import_in_test", {
        "late.py": "V = 1\n", "test_l.py": "def test_v():\n    import late\n    assert late.V == 1\n\n\ndef test_w():\n    import late\n    assert late.V < 2\n\n\ndef test_x():\n    pass\n"},
        {"late.py": [("V = 1", "V = 2")]}),
    trap("subprocess", {
        "tool.py": "import sys\n\nprint(40 + 2)\n", "test_t.py": "import subprocess\nimport sys\n\n\ndef test_tool():\n    assert subprocess.check_output([sys.executable, 'tool.py']) == b'42\\n'\n\n\n"
                                                         "def test_x():\n    pass\n"}, {"tool.py": [("40", "41")]}),
    trap("getattr_by_string", {
        "cmd.py": "class Cmd:\n    def run(self, name):\n        return getattr(self, 'do_' + name)()\n\n    def do_a(self):\n        return 1\n",
        "test_c.py": "import pytest\nfrom cmd_ import Cmd\n\n\ndef test_b():\n    with pytest.raises(AttributeError):\n        Cmd().run('b')\n\n\ndef test_a():\n    assert Cmd().run('a') == 1\n",
        "cmd_.py": "class Cmd:\n    def run(self, name):\n        return getattr(self, 'do_' + name)()\n\n    def do_a(self):\n        return 1\n"},
        {"cmd_.py": [("    def do_a", "    def do_b(self):\n        return 2\n\n    def do_a")]}),
    trap("default_argument", {
        "d.py": "SIZE = 3\n\n\ndef f(n=SIZE):\n    return n\n", "test_d.py": "import d\n\n\ndef test_f():\n    assert d.f() == 3\n\n\ndef test_x():\n    pass\n"}, {"d.py": [("SIZE = 3", "SIZE = 4")]}),
    trap("docstring_read", {
        "doc.py": "def f():\n    '''One.'''\n\n\ndef g():\n    return f.__doc__\n", "test_d.py": "import doc\n\n\ndef test_doc():\n    assert doc.g() == 'One.'\n\n\ndef test_x():\n    pass\n"},
        {"doc.py": [("One.", "Two.")]}),
    trap("annotation_read", {
        "ann.py": "import typing\n\n\ndef f(x: int):\n    return x\n\n\ndef hints():\n    return typing.get_type_hints(f)\n",
        "test_a.py": "import ann\n\n\ndef test_hints():\n    assert ann.hints() == {'x': int}\n\n\ndef test_x():\n    pass\n"}, {"ann.py": [("x: int", "x: str")]}),
    trap("exception_class", {
        "err.py": "class Bad(ValueError):\n    pass\n\n\ndef f():\n    raise Bad('x')\n", "test_e.py": "import pytest\nimport err\n\n\ndef test_f():\n    with pytest.raises(ValueError):\n        err.f()\n\n\n"
                                                                                        "def test_x():\n    pass\n"}, {"err.py": [("Bad(ValueError)", "Bad(KeyError)")]}),
    trap("operator_added", {
        "num.py": "class Num:\n    def __init__(self, v):\n        self.v = v\n", "test_n.py": "from num import Num\n\n\ndef test_ne():\n    assert Num(1) != Num(1)\n\n\ndef test_v():\n    assert Num(1).v == 1\n"},
        {"num.py": "class Num:\n    def __init__(self, v):\n        self.v = v\n\n    def __eq__(self, o):\n        return self.v == o.v\n"}),
    trap("subclasses_listed", {
        "base.py": "class Base:\n    pass\n\n\ndef kinds():\n    return sorted(c.__name__ for c in Base.__subclasses__())\n", "one.py": "from base import Base\n\n\nclass One(Base):\n    pass\n",
        "test_b.py": "import base\nimport one\n\n\ndef test_kinds():\n    assert base.kinds() == ['One']\n"}, {"one.py": [("class One(Base):\n    pass\n", "class One(Base):\n    pass\n\n\nclass Two(Base):\n    pass\n")]}),
    trap("plugin_folder", {
        "plug/__init__.py": "import pkgutil\n\n\ndef names():\n    return sorted(m.name for m in pkgutil.iter_modules(__path__))\n", "plug/a.py": "",
        "test_p.py": "import plug\n\n\ndef test_names():\n    assert plug.names() == ['a']\n\n\ndef test_x():\n    pass\n"}, {"plug/b.py": ""}),
    trap("monkeypatched_name", {
        "m.py": "def now():\n    return 1\n\n\ndef later():\n    return now() + 1\n", "test_m.py": "import m\n\n\ndef test_later(monkeypatch):\n    monkeypatch.setattr(m, 'now', lambda: 5)\n    assert m.later() == 6\n\n\n"
                                                                                     "def test_now():\n    assert m.now() == 1\n"}, {"m.py": [("def now():\n    return 1\n\n\n", ""), ("now() + 1", "6")]}),
    trap("module_sets_a_name_of_another", {
        "lib/__init__.py": "from . import late\n", "lib/size.py": "def size():\n    return 1\n", "lib/late.py": "",
        "test_s.py": "from lib.size import size\n\n\ndef test_a():\n    pass\n\n\ndef test_size():\n    assert size() == 1\n\n\ndef test_x():\n    pass\n"},
        {"lib/late.py": "import lib.size as other\nother.size = lambda: 2\n"}),
    trap("module_sets_a_member_of_a_class", {
        "lib/__init__.py": "from .base import Base\nfrom . import late\n", "lib/base.py": "class Base:\n    pass\n\n\ndef make():\n    return Base()\n",
        "lib/late.py": "from lib import Base\nBase.__len__ = lambda self: 1\n",
        "test_b.py": "from lib.base import make\n\n\ndef test_a():\n    pass\n\n\ndef test_len():\n    assert len(make()) == 1\n\n\ndef test_x():\n    pass\n"},
        {"lib/late.py": [("self: 1", "self: 2")]}),
    trap("environment_variable_set_by_a_module", {
        "conf.py": "import os\nos.environ['TRAP'] = '1'\n", "use.py": "import os\n\n\ndef value():\n    return os.environ['TRAP']\n",
        "test_c.py": "import conf\nimport use\n\n\ndef test_a():\n    pass\n\n\ndef test_value():\n    assert use.value() == '1'\n\n\ndef test_x():\n    pass\n"},
        {"conf.py": [("'1'", "'2'")]}),
    trap("imported_before_the_collector", {
        "lib.py": "class Odd(UserWarning):\n    pass\n\n\ndef build():\n    return [1, 2]\n\n\nTABLE = build()\n\n\ndef other():\n    return 1\n", "pytest.ini": "[pytest]\nfilterwarnings = error::lib.Odd\n",
        "test_l.py": "import lib\n\n\ndef test_a():\n    pass\n\n\ndef test_len():\n    assert len(lib.TABLE) == 2\n\n\ndef test_other():\n    assert lib.other() == 1\n"},
        {"lib.py": [("[1, 2]", "[1]")]}),
    trap("mock_patch_path", {
        "svc.py": "def fetch():\n    return 1\n\n\ndef use():\n    return fetch()\n", "test_s.py": "from unittest import mock\nimport svc\n\n\ndef test_use():\n    with mock.patch('svc.fetch', return_value=3):\n"
                                                                                  "        assert svc.use() == 3\n\n\ndef test_x():\n    pass\n"}, {"svc.py": [("fetch", "fetch_it")]}),
    trap("conditional_import", {
        "compat.py": "try:\n    import nonexistent_module as impl\nexcept ImportError:\n    import fallback as impl\n\n\ndef v():\n    return impl.V\n", "fallback.py": "V = 1\n",
        "test_c.py": "import compat\n\n\ndef test_v():\n    assert compat.v() == 1\n"}, {"nonexistent_module.py": "V = 2\n"}),
    trap("class_attribute_default", {
        "cfg.py": "class Cfg:\n    retries = 3\n\n    def go(self):\n        return self.retries\n\n\nclass Sub(Cfg):\n    pass\n", "test_c.py": "from cfg import Sub\n\n\ndef test_go():\n    assert Sub().go() == 3\n\n\n"
                                                                                                                          "def test_x():\n    pass\n"}, {"cfg.py": [("retries = 3", "retries = 4")]}),
    trap("property_becomes_method", {
        "p.py": "class P:\n    @property\n    def v(self):\n        return 1\n", "test_p.py": "from p import P\n\n\ndef test_v():\n    assert P().v == 1\n\n\ndef test_x():\n    pass\n"}, {"p.py": [("    @property\n", "")]}),
    trap("unittest_setup_class", {
        "u.py": "def make():\n    return 1\n", "test_u.py": "import unittest\nimport u\n\n\nclass T(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        cls.v = u.make()\n\n    def test_a(self):\n"
                                                     "        self.assertEqual(self.v, 1)\n\n    def test_b(self):\n        self.assertLess(self.v, 2)\n"}, {"u.py": [("return 1", "return 3")]}, most=2),
    trap("module_setup", {
        "u.py": "def make():\n    return 1\n", "test_u.py": "import u\n\nV = None\n\n\ndef setup_module():\n    global V\n    V = u.make()\n\n\ndef test_a():\n    assert V == 1\n\n\ndef test_b():\n    assert V < 2\n"},
        {"u.py": [("return 1", "return 3")]}),
    trap("syntax_error", SHAPES, {"shapes.py": [("return 4", "return (4")]}),
    trap("removed_name_still_used", {
        "k.py": "A = 1\nB = 2\n", "mid.py": "from k import B\n", "test_k.py": "import mid\n\n\ndef test_b():\n    assert mid.B == 2\n"}, {"k.py": "A = 1\n"}),
    trap("docs_only", {"docs/guide.md": "# Guide\n"}, {"docs/guide.md": "# The guide\n"}, most=0),
    trap("linter_configuration", {"pyproject.toml": "[tool.ruff]\nline-length = 80\n"}, {"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, most=0),
    trap("runner_configuration", {"pytest.ini": "[pytest]\n", "test_r.py": "def test_r(request):\n    assert request.config.getini('testpaths') == []\n"},
         {"pytest.ini": "[pytest]\ntestpaths = .\n"}),
    trap("file_mode_of_script", {"run.sh": "exit 0\n", "test_r.py": "import subprocess\n\n\ndef test_r():\n    assert subprocess.call(['sh', 'run.sh']) == 0\n"}, {"run.sh": "exit 1\n"}),
    # The tool runs in a child that nobody watches.
    *(trap(f"process_by_{name}", {
        "tool.py": "print(40 + 2)\n", "start.py": start,
        "test_t.py": "import start\n\n\ndef test_tool():\n    assert start.tool() in (b'42\\n', 42)\n\n\ndef test_x():\n    assert start.PIPE\n"},
        {"tool.py": [("40", "41")]}, most=1) for name, start in {
            "imported_function": "import sys\nfrom subprocess import PIPE, check_output as output\n\n\ndef tool():\n    return output([sys.executable, 'tool.py'])\n",
            "module_under_another_name": "import subprocess as sp\nimport sys\n\nPIPE = sp.PIPE\n\n\ndef tool():\n    return sp.run([sys.executable, 'tool.py'], stdout=PIPE).stdout\n",
            "value_of_the_module": "import functools\nimport subprocess\nimport sys\n\nPIPE = subprocess.PIPE\nrun = functools.partial(subprocess.run, stdout=PIPE)\n\n\n"
                                   "def tool():\n    return run([sys.executable, 'tool.py']).stdout\n",
            "system": "import os\nimport sys\n\nPIPE = os.getpid()\n\n\ndef tool():\n    return os.system(f'{sys.executable} tool.py | grep -q 42') or 42\n",
            "event_loop": "import asyncio\nimport sys\n\nPIPE = asyncio.subprocess.PIPE\n\n\nasync def output():\n"
                          "    child = await asyncio.create_subprocess_exec(sys.executable, 'tool.py', stdout=PIPE)\n    return (await child.communicate())[0]\n\n\n"
                          "def tool():\n    return asyncio.run(output())\n"}.items()),
    trap("process_class", {
        "tool.py": "def value():\n    return 42\n", "work.py": "import multiprocessing\nimport tool\n\n\nclass Work(multiprocessing.Process):\n    def __init__(self, queue):\n        super().__init__()\n"
        "        self.queue = queue\n\n    def run(self):\n        self.queue.put(tool.value())\n",
        "start.py": "import multiprocessing\nfrom work import Work\n\nmake = multiprocessing.get_context('fork').Queue\n\n\ndef tool(queue):\n    work = Work(queue)\n    work.start()\n    work.join()\n"
        "    return queue.get()\n",
        "test_t.py": "import start\n\n\ndef test_tool():\n    assert start.tool(start.make()) == 42\n\n\ndef test_x():\n    assert start.multiprocessing.cpu_count()\n",
        "test_v.py": "import tool\n\n\ndef test_value():\n    assert tool.value()\n"},
        {"tool.py": [("42", "43")]}, most=2),
    trap("process_of_a_session", {
        "tool.py": "import sys\n\nfor line in sys.stdin:\n    print(int(line) + 2, flush=True)\n",
        "conftest.py": "import subprocess\nimport sys\n\nimport pytest\n\n\n@pytest.fixture(scope='session')\ndef tool():\n    with subprocess.Popen([sys.executable, 'tool.py'], stdin=-1, stdout=-1, text=True) as child:\n"
        "        def ask(number):\n            child.stdin.write(f'{number}\\n')\n            child.stdin.flush()\n            return int(child.stdout.readline())\n        yield ask\n",
        "test_t.py": "def test_one(tool):\n    assert tool(1) == 3\n\n\ndef test_two(tool):\n    assert tool(2) == 4\n\n\ndef test_x():\n    pass\n"},
        {"tool.py": [("+ 2", "+ 3")]}, most=3),
    trap("process_asked_about", {
        "name.py": "import os\nimport subprocess\nimport sys\n\n\ndef name():\n    mp = sys.modules.get('multiprocessing')\n    if mp is not None:\n        return mp.current_process().name\n    return os.getpid()\n\n\n"
        "def error():\n    return subprocess.CalledProcessError(1, 'a', stderr=subprocess.PIPE)\n",
        "test_n.py": "import name\n\n\ndef test_name():\n    assert name.name()\n\n\ndef test_error():\n    assert name.error().returncode == 1\n"},
        {"other.py": [("return 1", "return 2")]}, most=2),
    trap("moved_under_a_condition", {
        "cfg.py": "DEBUG = False\nX = 1\nif DEBUG:\n    Y = 2\n", "test_c.py": "import cfg\n\n\ndef test_v():\n    assert cfg.X == 1\n\n\ndef test_x():\n    pass\n"},
        {"cfg.py": "DEBUG = False\nif DEBUG:\n    X = 1\n    Y = 2\n"}, most=2),
    trap("moved_to_the_other_branch", {
        "cfg.py": "OLD = False\nif OLD:\n    Y = 2\nelse:\n    def x():\n        return 1\n    Y = 3\n", "test_c.py": "import cfg\n\n\ndef test_v():\n    assert cfg.x() == 1\n\n\ndef test_x():\n    pass\n"},
        {"cfg.py": "OLD = False\nif OLD:\n    Y = 2\n    def x():\n        return 1\nelse:\n    Y = 3\n"}, most=2),
    trap("condition_on_imports", {
        "a.py": "V = 1\nW = 2\n", "b.py": "V = 3\nW = 2\n", "cfg.py": "NEW = True\nif not NEW:\n    from b import V, W\nelse:\n    from a import V, W\n\n\ndef v():\n    return V\n\n\ndef one():\n    return 1\n",
        "test_c.py": "import cfg\n\n\ndef test_w():\n    assert cfg.W == 2\n\n\ndef test_v():\n    assert cfg.v() == 1\n\n\ndef test_one():\n    assert cfg.one() == 1\n\n\ndef test_x():\n    pass\n"},
        {"cfg.py": [("if not NEW", "if NEW")]}, most=3),
    trap("exception_not_caught_any_more", {
        "cfg.py": "try:\n    from surely_not_there import V\nexcept ImportError:\n    V = 1\n\n\ndef one():\n    return 1\n",
        "test_c.py": "import cfg\n\n\ndef test_one():\n    assert cfg.one() == 1\n\n\ndef test_two():\n    assert cfg.one() < 2\n\n\ndef test_v():\n    assert cfg.V == 1\n"},
        {"cfg.py": [("ImportError", "ValueError")]}, most=2),
    trap("condition_with_effects", {
        "reg.py": "SEEN = []\n\n\ndef put(x):\n    SEEN.append(x)\n    return True\n", "cfg.py": "import reg\n\nif reg.put(1):\n    V = 1\n",
        "test_c.py": "import cfg\nimport reg\n\n\ndef test_seen():\n    assert reg.SEEN == [1]\n\n\ndef test_x():\n    pass\n"},
        {"cfg.py": [("put(1)", "put(2)")]}),
    trap("condition_on_a_changed_name", {
        "flags.py": "FAST = True\n", "cfg.py": "from flags import FAST\n\nif FAST:\n    def v():\n        return 1\nelse:\n    def v():\n        return 2\n\n\ndef one():\n    return 1\n",
        "test_c.py": "import cfg\n\n\ndef test_one():\n    assert cfg.one() == 1\n\n\ndef test_v():\n    assert cfg.v() == 1\n\n\ndef test_x():\n    pass\n"},
        {"flags.py": [("True", "False")]}, most=2),
    trap("condition_on_a_method", {
        "cfg.py": "FAST = True\n\n\nclass C:\n    if FAST:\n        def v(self):\n            return 1\n    else:\n        def v(self):\n            return 2\n\n    def one(self):\n        return 1\n",
        "test_c.py": "from cfg import C\n\n\ndef test_one():\n    assert C().one() == 1\n\n\ndef test_v():\n    assert C().v() == 1\n\n\ndef test_x():\n    pass\n"},
        {"cfg.py": [("    if FAST", "    if not FAST")]}, most=2),
    trap("condition_on_what_registers", {
        "reg.py": "SEEN = []\n\n\ndef put(f):\n    SEEN.append(f.__name__)\n    return f\n", "cfg.py": "import reg\n\nON = True\nif ON:\n    @reg.put\n    def v():\n        return 1\n",
        "test_c.py": "import cfg\nimport reg\n\n\ndef test_seen():\n    assert reg.SEEN == ['v']\n\n\ndef test_x():\n    pass\n"},
        {"cfg.py": [("if ON", "if not ON")]}),
    trap("name_of_a_type_variable", {
        "types_.py": "from typing import TypeVar\n\nT = TypeVar('T', bound=int)\n", "use.py": "import types_\nfrom typing import TypeVar\n\nT = TypeVar('T')\n\n\ndef f():\n    return T.__name__\n",
        "test_t.py": "import use\nimport types_\n\n\ndef test_f():\n    assert use.f() == 'T'\n\n\ndef test_bound():\n    assert types_.T.__bound__ is int\n\n\ndef test_x():\n    pass\n"},
        {"types_.py": [("bound=int", "bound=str")]}, most=2),
    trap("name_taken_by_a_string", {
        "impl.py": "run = 1\n", "use.py": "import impl\n\nrun = getattr(impl, 'run')\n", "test_u.py": "import use\n\n\ndef test_run():\n    assert use.run == 1\n\n\ndef test_x():\n    pass\n"},
        {"impl.py": [("run = 1", "run = 2")]}, most=2),
    trap("import_fails_inside_tests", {
        "lib.py": "LIMIT = 'int'\n\n\ndef f():\n    return 1\n", "test_l.py": "import lib\n\n\ndef test_f():\n    assert lib.f() == 1\n\n\ndef test_g():\n    assert lib.f() < 2\n",
        "test_m.py": "import importlib\n\n\ndef load(name='li' + 'b'):\n    return importlib.import_module(name)\n\n\ndef test_one():\n    assert load().f() == 1\n\n\ndef test_two():\n    assert load().f() < 2\n\n\n"
                     "def test_x():\n    pass\n"},
        {"lib.py": [("'int'", "int('x')")]}, most=3),
    trap("words_of_a_message", {
        "lib.py": "class A:\n    size = 1\n\n\nclass B:\n    def check(self, x):\n        if x < 0:\n            raise ValueError('its size is wrong')\n        assert x != 9, 'no such size'\n        return x\n",
        "test_l.py": "import lib\n\n\ndef test_size():\n    assert lib.A().size == 1\n\n\ndef test_check():\n    assert lib.B().check(1) == 1\n\n\ndef test_x():\n    pass\n"},
        {"lib.py": [("size = 1", "size = 2")]}, most=2),
    trap("field_of_a_message", {
        "lib.py": "class A:\n    size = 1\n\n\ndef fail():\n    raise ValueError('its size is {0.size} today'.format(A()))\n",
        "test_l.py": "import lib\nimport pytest\n\n\ndef test_fail():\n    with pytest.raises(ValueError, match='is 1'):\n        lib.fail()\n\n\ndef test_x():\n    pass\n"},
        {"lib.py": [("size = 1", "size = 2")]}, most=2),
    trap("fields_of_a_tuple", {
        "lib.py": "import collections\n\nT = collections.namedtuple('T', 'size name')\n\n\nclass A:\n    size = 1\n    name = 'a'\n\n\ndef t():\n    a = A()\n    return T(*[getattr(a, f) for f in 'size name'.split()])\n",
        "test_l.py": "import lib\n\n\ndef test_t():\n    assert lib.t().size == 1\n\n\ndef test_x():\n    pass\n"},
        {"lib.py": [("size = 1", "size = 2")]}, most=1),
    trap("run_as_a_program", {
        "lib.py": "def f():\n    return 1\n\n\nif __name__ == '__main__':\n    print(f())\n", "test_l.py": "import lib\n\n\ndef test_f():\n    assert lib.f() == 1\n\n\ndef test_x():\n    pass\n",
        "test_p.py": "import runpy\n\n\ndef test_p(capsys):\n    runpy.run_path('lib.py', run_name='__main__')\n    assert capsys.readouterr().out == '1\\n'\n"},
        {"lib.py": [("print(f())", "print(f() + 1)")]}, most=3),
]
