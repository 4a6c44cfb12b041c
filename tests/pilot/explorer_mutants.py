"""Breaks the source of the pilot's rules in one place at a time, and runs explorer and tests on the broken copy.

A mutant is one of: a condition made always true or always false; a comparison, `not`, `min`/`max`, `+`/`-` turned
round; one operand of `and`/`or` left out; a constant replaced; a statement deleted; a return of nothing. Each runs in
a process of its own, forked from one that has imported pytest but nothing of evsed.pilot; its import of the broken
module gets the broken source.

Not made, because nothing could tell them from the original: `<` for `<=` (and the like) where one side is an instant,
for two instants are never the same float but by chance; whatever only changes words (`WORDY`), slots, or annotations.
Not made, because nothing would run at all: without a name or a slot that nothing else sets.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import io
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).parents[2]
PILOT = ROOT / "firmware" / "evsed" / "pilot"
PARTS = ("iec61851", "supervisor", "rules", "contactor", "cable", "lock", "rcd", "phases")
MOST = 60_000  # states of an exploration: a mutant that makes more has no end
LIMIT = 40  # s of computing that a mutant may take: one that never ends is caught
WORDY = frozenset({"why", "_words", "words", "waits_for", "_seconds", "reason_of"})  # functions that only find words
PLAIN = frozenset({"__slots__", "TIMERS", "TOLD", "WORDS", "WAITS", "TABLE"})  # TABLE: its cells have their own test
STILL = ("annotation", "returns", "decorator_list", "bases", "keywords")  # fields of a tree that are left alone
SWAPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.GtE, ast.LtE), ast.LtE: (ast.Gt, ast.Lt), ast.Gt: (ast.LtE, ast.GtE), ast.GtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """`name` is stable while the line it stands on is: function, the line's text, what was done, which of its kind."""

    module: str
    name: str
    source: str


def mutants(module: str) -> list[Mutant]:
    """All of one module of the pilot."""
    text = (PILOT / f"{module}.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    made: list[Mutant] = []
    seen: dict[str, int] = {}
    for where, line, what, tree in _changes(ast.parse(text)):
        name = f"{module}.{where}: {what} in `{' '.join(lines[line - 1].split())}`"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name += f" #{seen[name]}"
        made.append(Mutant(module, name, ast.unparse(tree)))
    return made


def _changes(tree: ast.Module) -> Iterator[tuple[str, int, str, ast.Module]]:
    """Function, line, what was done, and the whole tree with it done; the tree is one and the same, so use it first."""
    for where, holder, field, place in list(_sites(tree)):
        node = _at(holder, field, place)
        for what, new in _replacements(node, where, tests=field == "test"):
            _put(holder, field, place, new)
            yield where, node.lineno, what, ast.fix_missing_locations(tree)  # type: ignore[attr-defined]
            _put(holder, field, place, node)


def _sites(tree: ast.Module) -> Iterator[tuple[str, ast.AST, str, int | None]]:
    """Where something stands that may be replaced: its function, the node that holds it, and how."""

    def visit(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST, str, int | None]]:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "bases", "keywords") and not isinstance(
                node, ast.Call
            ):
                continue
            for place, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if not isinstance(child, ast.AST) or _plain(child):
                    continue
                inner = where
                if isinstance(child, ast.FunctionDef | ast.ClassDef):
                    if child.name in WORDY:
                        continue
                    inner = f"{where}.{child.name}" if where else child.name
                else:
                    yield where or "table", node, field, place
                yield from visit(child, inner)

    yield from visit(tree, "")


def _plain(node: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Raise | ast.AnnAssign) and not (
        isinstance(node, ast.AnnAssign) and node.value is not None
    ):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id in PLAIN for target in targets)


def _replacements(node: ast.AST, where: str, tests: bool) -> Iterator[tuple[str, ast.AST]]:
    """`tests`: it is a whole condition, which is made True and False already: it need not be turned round as well."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for op in SWAPS[type(node.ops[0])][tests:]:
            if op in (ast.Lt, ast.LtE, ast.Gt, ast.GtE) and _timely(node) and _near(op, type(node.ops[0])):
                continue
            yield f"{op.__name__}", ast.Compare(node.left, [op()], node.comparators, lineno=node.lineno)
    elif isinstance(node, ast.BoolOp):
        for place in range(len(node.values)):
            rest = node.values[:place] + node.values[place + 1 :]
            yield f"without part {place + 1}", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        if not tests:
            yield "no not", node.operand
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "no minus", node.operand
    elif isinstance(node, ast.If | ast.IfExp):
        for value in (True, False):
            new = copy.copy(node)
            new.test = ast.Constant(value)
            yield f"if {value}", new
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        other_op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield type(other_op).__name__, ast.BinOp(node.left, other_op, node.right)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        turned = copy.copy(node)
        turned.func = ast.Name("max" if node.func.id == "min" else "min", ast.Load())
        yield turned.func.id, turned
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield str(not node.value), ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield f"{node.value * 2 + 1:g}", ast.Constant(node.value * 2 + 1)
        if where == "table" and node.value:
            yield f"{node.value / 2:g}", ast.Constant(type(node.value)(node.value / 2))
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr) and _is_missed(node, where):
        yield "deleted", ast.Pass()
    elif isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
        yield "returns None", ast.Return(ast.Constant(None))


def _is_missed(node: ast.Assign | ast.AugAssign | ast.Expr, where: str) -> bool:
    """Not a name or slot that nothing else sets: without it nothing runs at all."""
    if isinstance(node, ast.Assign):
        return not where.endswith("__init__") and any(not isinstance(target, ast.Name) for target in node.targets)
    return True


def _timely(node: ast.Compare) -> bool:
    return any(isinstance(name, ast.Name) and name.id == "now" for name in ast.walk(node))


def _near(one: type[ast.cmpop], other: type[ast.cmpop]) -> bool:
    return {one, other} in ({ast.Lt, ast.LtE}, {ast.Gt, ast.GtE})


def _at(holder: ast.AST, field: str, place: int | None) -> ast.AST:
    value = getattr(holder, field)
    return value if place is None else value[place]  # type: ignore[no-any-return]


def _put(holder: ast.AST, field: str, place: int | None, node: ast.AST) -> None:
    if place is None:
        setattr(holder, field, node)
    else:
        getattr(holder, field)[place] = node


# --- running them ---------------------------------------------------------------------------------------------------


class _Broken(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the broken source to whoever imports that module."""

    def __init__(self, name: str, code: CodeType) -> None:
        self.name, self.code = name, code

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


def caught(mutant: Mutant) -> str | None:
    """By what, or None: it survives."""
    code = compile(mutant.source, f"{mutant.module} (mutant)", "exec")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        by = "crash"
        try:
            os.close(read)
            resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
            sys.meta_path.insert(0, _Broken(f"evsed.pilot.{mutant.module}", code))
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                by = _judge(mutant.module) or ""
        finally:
            os.write(write, by.encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        by = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return "timeout" if os.WIFSIGNALED(status) else by or None


def _judge(module: str) -> str | None:
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    first, last = LOOK_AT[module]
    return _seen(first) or _tested(module) or _seen(last)


def _seen(names: str) -> str | None:
    try:
        _explore(names)
    except Exception as error:  # whatever it is, it was seen
        return f"explorer: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
    return None


def _tested(module: str) -> str | None:
    import pytest

    files = files_of(module)
    if files and pytest.main(["-x", "-q", "--no-header", "-p", "no:xdist", "-m", "not slow", *files]) != 0:
        return "tests"
    return None


# Which of the small explorations look at a part before its tests run, and after; the first that sees something ends it.
LOOK_AT: dict[str, tuple[str, str]] = {
    "iec61851": ("machine", ""),
    "supervisor": ("blind lock", "lease"),
    "rules": ("letters, ventilated, tripped, mirror", "cable, lease, inputs, blind lock, blind phase relay"),
    "contactor": ("contactor", "mirror"),
    "cable": ("cable", ""),
    "lock": ("lock", "blind lock"),
    "rcd": ("self-test of RCM14, self-test of X804", "tripped"),
    "phases": ("phase relay", "blind phase relay"),
}


def _explore(names: str) -> None:
    from evsed.pilot.iec61851 import TABLE, without_ventilation
    from explorer_home import Homecoming
    from explorer_laws import check
    from explorer_machine import Alone
    from explorer_parts import PARTS as ALONE
    from explorer_rules import World
    from explorer_variants import QUICK

    for name in names.split(", "):
        if name == "machine":
            Alone(TABLE).explorer().run(MOST)
            Alone(without_ventilation(), wake_up="X1").explorer().run(MOST)
        if name in ALONE:
            ALONE[name]().run(MOST)
        if name in QUICK:
            world = World(QUICK[name])
            explorer = world.explorer(check)
            explorer.run(MOST)
            Homecoming(world, explorer).run()


def files_of(module: str) -> list[str]:
    """The files of tests that speak of this part; those of the whole count for each."""
    folder = ROOT / "tests" / "pilot"
    names = {f"test_{module}.py", f"test_{module}_laws.py", f"test_review_{module}.py", "test_rules.py"}
    return [str(path) for path in sorted(folder.glob("test_*.py")) if path.name in names]


def prepare() -> None:
    """Import what all mutants share, in the process that they are forked from."""
    import hypothesis
    import pytest  # noqa: F401

    for folder in ("hil", "drivers", "firmware", "tests/pilot"):
        path = str(ROOT / folder)
        if path not in sys.path:
            sys.path.insert(0, path)
    os.chdir(ROOT)
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutants")
    assert not any(name.startswith("evsed.pilot.") for name in sys.modules)


def main(arguments: list[str]) -> int:
    """Every mutant of the named modules (all), one line of JSON each; "3/50 rules": each 50th from the third on."""
    prepare()
    start, every = 0, 1
    if arguments and "/" in arguments[0]:
        start, every = map(int, arguments.pop(0).split("/"))
    for module in arguments or PARTS:
        for mutant in mutants(module)[start::every]:
            began = time.monotonic()
            by = caught(mutant)
            seconds = round(time.monotonic() - began, 2)
            print(json.dumps({"name": mutant.name, "caught": by, "seconds": seconds}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
