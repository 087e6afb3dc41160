"""Mutants of Python code: one edit of one place each, drawn by a seed."""
import ast
import random

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def children(node, *types):
    return [n for n in ast.walk(node) if isinstance(n, types)]


def on_one_line(node):
    return node.lineno == node.end_lineno


def has_docstring(node):
    return bool(node.body) and isinstance(node.body[0], ast.Expr) and isinstance(getattr(node.body[0].value, "value", None), str)


class Mutants:
    """Kinds of edits take the tree and the lines of a file and return its lines afterwards, or nothing."""

    def __init__(self, root, folders, seed):
        self.root, self.draw = root, random.Random(seed)
        self.files = sorted(p for f in folders for p in (root / f).rglob("*.py") if "test" not in str(p.relative_to(root / f)))
        self.texts = {p: p.read_text() for p in self.files}
        self.weights = [len(t) ** .5 for t in self.texts.values()]
        self.classes = {c.name: c for t in self.texts.values() for c in children(ast.parse(t), ast.ClassDef)}
        self.kinds = [self.negate, self.attribute, self.override, self.constant, self.decorator, self.removed, self.default, self.base,
                      self.imported, self.raising, self.module_value, self.special, self.handler, self.patched, self.argument,
                      self.added, self.docstring, self.comment]

    def make(self, number):
        """The kind, path and text of mutant `number`; each call draws on."""
        kind = self.kinds[number % len(self.kinds)]
        for _ in range(400):
            path = self.draw.choices(self.files, self.weights)[0]
            text = self.texts[path]
            edit = kind(ast.parse(text), text.split("\n"))
            if not edit:
                continue
            after = "\n".join(edit)
            try:
                compile(after, str(path), "exec", dont_inherit=True)
            except SyntaxError:
                continue
            if after != text:
                return kind.__name__, path.relative_to(self.root), after
        return None

    def one(self, nodes):
        nodes = list(nodes)
        return self.draw.choice(nodes) if nodes else None

    @staticmethod
    def swap(lines, node, new):
        if node is None or not on_one_line(node):
            return None
        line = lines[node.lineno - 1].encode()
        lines[node.lineno - 1] = (line[:node.col_offset] + new.encode() + line[node.end_col_offset:]).decode()
        return lines

    def methods_of(self, name):
        return {f.name for f in self.classes[name].body if isinstance(f, FUNCTIONS)} if name in self.classes else set()

    # ---- inside bodies

    def negate(self, tree, lines):
        test = self.one(n.test for n in children(tree, ast.If, ast.IfExp))
        return test and self.swap(lines, test, "(not (" + ast.unparse(test) + "))")

    def constant(self, tree, lines):
        value = self.one(n for f in children(tree, *FUNCTIONS) for n in children(f, ast.Constant) if type(n.value) is int)
        return value and self.swap(lines, value, str(value.value + 1))

    def removed(self, tree, lines):
        return self.swap(lines, self.one(n for f in children(tree, *FUNCTIONS) for n in children(f, ast.Expr, ast.Assign, ast.AugAssign, ast.Return)), "pass")

    def argument(self, tree, lines):
        call = self.one(n for f in children(tree, *FUNCTIONS) for n in children(f, ast.Call) if n.args)
        return call and self.swap(lines, call.args[-1], "None")

    def handler(self, tree, lines):
        return self.swap(lines, self.one(h.type for h in children(tree, ast.ExceptHandler) if h.type), "ZeroDivisionError")

    def raising(self, tree, lines):
        """A method of a class that others derive from fails."""
        bases = {b.id for c in self.classes.values() for b in c.bases if isinstance(b, ast.Name)}
        method = self.one(f for c in children(tree, ast.ClassDef) if c.name in bases for f in c.body if isinstance(f, FUNCTIONS))
        if method is None:
            return None
        first = method.body[1 if has_docstring(method) and len(method.body) > 1 else 0]
        if first.lineno == method.lineno:
            return None
        lines.insert(min([first.lineno] + [d.lineno for d in getattr(first, "decorator_list", [])]) - 1, " " * first.col_offset + "raise AttributeError('a mutant')")
        return lines

    # ---- outside bodies

    def attribute(self, tree, lines):
        return self.swap(lines, self.one(s.value for c in children(tree, ast.ClassDef) for s in c.body
                                         if isinstance(s, (ast.Assign, ast.AnnAssign)) and s.value), "None")

    def module_value(self, tree, lines):
        value = self.one(s.value for s in tree.body if isinstance(s, (ast.Assign, ast.AnnAssign)) and s.value)
        inner = self.one(n for n in children(value, ast.Constant) if isinstance(n.value, (int, str))) if value else None
        if inner is None:
            return self.swap(lines, value, "None")
        return self.swap(lines, inner, repr(inner.value + (1 if isinstance(inner.value, int) else "x")))

    def default(self, tree, lines):
        value = self.one(d for f in children(tree, *FUNCTIONS) for d in f.args.defaults + f.args.kw_defaults if isinstance(d, ast.Constant))
        return value and self.swap(lines, value, repr(not value.value) if isinstance(value.value, bool) else "0")

    def decorator(self, tree, lines):
        found = self.one(d for n in children(tree, ast.ClassDef, *FUNCTIONS) for d in n.decorator_list if "overload" not in ast.unparse(d))
        return found and lines[:found.lineno - 1] + lines[found.end_lineno:]

    def override(self, tree, lines):
        """A class gets a method of its own where it had its base's."""
        found = self.one((c, m) for c in children(tree, ast.ClassDef) for b in c.bases if isinstance(b, ast.Name)
                         for m in sorted(self.methods_of(b.id) - self.methods_of(c.name)))
        if found is None:
            return None
        indent = " " * found[0].body[0].col_offset
        return lines[:found[0].end_lineno] + ["", f"{indent}def {found[1]}(self, *args, **kwargs):", f"{indent}    raise RuntimeError('a mutant')"] + lines[found[0].end_lineno:]

    def special(self, tree, lines):
        """A class gets a method that Python calls by itself."""
        found = self.one(children(tree, ast.ClassDef))
        if found is None:
            return None
        name, result = self.draw.choice([("__bool__", "return False"), ("__hash__", "return 1"), ("__init_subclass__", "raise TypeError('a mutant')"),
                                         ("__getattr__", "raise KeyError(args)"), ("__eq__", "return NotImplemented")])
        if any(isinstance(f, FUNCTIONS) and f.name == name for f in found.body):
            return None
        indent = " " * found.body[0].col_offset
        return lines[:found.end_lineno] + ["", f"{indent}def {name}(self, *args):", f"{indent}    {result}"] + lines[found.end_lineno:]

    def base(self, tree, lines):
        base = self.one(b for c in children(tree, ast.ClassDef) for b in c.bases if isinstance(b, ast.Name) and b.id in self.classes)
        return base and self.swap(lines, base, self.one([b.id for b in self.classes[base.id].bases if isinstance(b, ast.Name)] or ["object"]))

    def imported(self, tree, lines):
        """A name is imported under the name of another one of the same module."""
        found = self.one(i for i in children(tree, ast.ImportFrom) if i.module != "__future__" and len(i.names) > 1 and on_one_line(i))
        if found is None:
            return None
        one, other = self.draw.sample(found.names, 2)
        return self.swap(lines, one, f"{other.name} as {one.asname or one.name}")

    def patched(self, tree, lines):
        """A module sets a name of another one while it is imported."""
        path = self.draw.choice(self.files)
        name = self.one(f.name for f in ast.parse(self.texts[path]).body if isinstance(f, FUNCTIONS))
        parts = path.with_suffix("").parts
        package = next(i for i, p in enumerate(parts) if (self.root / "/".join(parts[len(self.root.parts):i + 1]) / "__init__.py").exists())
        module = ".".join(p for p in parts[package:] if p != "__init__")
        return name and lines + ["", f"import {module} as changed_by_a_mutant", f"changed_by_a_mutant.{name} = None", ""]

    # ---- what should select little

    def added(self, tree, lines):
        return lines + ["", "", "def added_by_a_mutant():", "    return 1", ""]

    def docstring(self, tree, lines):
        found = self.one(n.body[0] for n in children(tree, ast.ClassDef, *FUNCTIONS) if has_docstring(n) and on_one_line(n.body[0]))
        return self.swap(lines, found, '"""Reworded."""')

    def comment(self, tree, lines):
        function = self.one(children(tree, *FUNCTIONS))
        if function is None or function.body[0].lineno == function.lineno:
            return None
        at = function.body[0].lineno - 1 if not getattr(function.body[0], "decorator_list", []) else function.body[0].decorator_list[0].lineno - 1
        lines.insert(at, " " * function.body[0].col_offset + "# a remark")
        return lines
