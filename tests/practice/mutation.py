"""Wrong answers made by machine: a solution with one thing changed, as somebody may write it who nearly has it."""

from __future__ import annotations

import ast
import copy
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from course_lib.practice import Exercise

_OTHER_OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (),
}
_OTHER_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq, ast.LtE, ast.GtE),
    ast.NotEq: (ast.Eq,),
}
_OTHER_METHODS = {
    "mean": ("sum", "median", "amax"),
    "sum": ("mean", "amax"),
    "max": ("min",),
    "min": ("max",),
    "amax": ("amin",),
    "amin": ("amax",),
    "argmin": ("argmax",),
    "argmax": ("argmin",),
    "std": ("var",),
    "var": ("std",),
    "sin": ("cos",),
    "cos": ("sin",),
    "log": ("log10", "log2", "log1p"),
    "log1p": ("log", "expm1"),
    "exp": ("exp2",),
    "sqrt": ("square", "abs"),
    "square": ("abs", "sqrt"),
    "abs": ("relu", "neg"),
    "relu": ("abs", "neg", "sigmoid"),
    "round": ("floor", "ceil"),
    "ceil": ("floor", "round", "trunc"),
    "any": ("all",),
    "double": ("int",),
    "float": ("int",),
    "int": ("byte", "bool"),
    "train": ("eval",),
    "eval": ("train",),
    "diagonal": ("sum",),
    "zeros_like": ("ones_like",),
    "deg2rad": ("rad2deg",),
    "rad2deg": ("deg2rad",),
    "logsumexp": ("amax", "sum"),
    "sort": ("msort",),
    "cross_entropy": ("multi_margin_loss",),
    "atan2": ("atan",),
    "unique": ("unique_consecutive",),
}


@dataclass(frozen=True)
class Mutant:
    """A changed solution; `what` says what was changed, `answer` is the function."""

    what: str
    answer: Callable


def mutants(exercise: Exercise, n: int | None = None, *, seed: int = 0) -> list[Mutant]:
    """All mutants of an exercise's solution that compile, each once; or up to `n` of them, drawn."""
    edits = _edits(exercise.source)
    if n is not None:
        edits = [edits[k] for k in np.random.default_rng(seed).permutation(len(edits))[:n]]
    texts = {edit.applied(exercise.source): edit.what for edit in edits}
    return [Mutant(what, made) for text, what in texts.items() if (made := _compiled(text, exercise))]


def pairs(exercise: Exercise, n: int, *, seed: int) -> list[Mutant]:
    """Up to `n` solutions with two changes, drawn."""
    r, texts = np.random.default_rng(seed), {}
    first = _edits(exercise.source)
    for edit in r.choice(np.array(first, dtype=object), n):
        text = edit.applied(exercise.source)
        second = _edits(text)
        also = second[r.integers(len(second))]
        texts[also.applied(text)] = f"{edit.what}; {also.what}"
    return [Mutant(what, made) for text, what in texts.items() if (made := _compiled(text, exercise))]


@dataclass(frozen=True)
class _Edit:
    """`what` is changed; `new` stands in the place of the node with this number, or before the body if it is None."""

    what: str
    number: int | None
    new: ast.AST

    def applied(self, text: str) -> str:
        tree = ast.parse(text)
        if self.number is None:
            function = tree.body[0]
            function.body.insert(len(function.body) - len(_without_docstring(function)), self.new)
        else:
            tree = _put(tree, self.number, self.new)
        return ast.unparse(ast.fix_missing_locations(tree))


def _edits(text: str) -> list[_Edit]:
    """One change each, at every node where one can be made."""
    tree = ast.parse(text)
    names = [argument.arg for argument in tree.body[0].args.args]
    numbers = {id(node): k for k, node in enumerate(ast.walk(tree))}
    found = [_Edit(what, None, new) for what, new in _beforehand(names)]
    for node in (node for statement in _without_docstring(tree.body[0]) for node in ast.walk(statement)):
        place = f"{type(node).__name__} {ast.unparse(node)[:50]!r}"
        found += [_Edit(f"{place}: {what}", numbers[id(node)], new) for what, new in _changes(node, names)]
    return found


def _compiled(text: str, exercise: Exercise) -> Callable | None:
    scope = dict(vars(importlib.import_module(exercise.reference.__module__))) | {"torch": torch, "_each": _each}
    try:
        exec(compile(text, "<mutant>", "exec"), scope)
    except SyntaxError:
        return None
    return scope[exercise.reference.__name__]


def _without_docstring(function: ast.FunctionDef) -> list[ast.stmt]:
    return function.body[1:] if ast.get_docstring(function) else function.body


def _put(tree: ast.Module, number: int, new: ast.AST) -> ast.Module:
    old = list(ast.walk(tree))[number]

    class Put(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return new if node is old else self.generic_visit(node)

    return Put().visit(tree)


def _like(node: ast.AST, **fields) -> ast.AST:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _changes(node: ast.AST, names: list[str]) -> Iterator[tuple[str, ast.AST]]:
    of_its_kind = {
        ast.Constant: _constants,
        ast.BinOp: _operations,
        ast.Compare: _comparisons,
        ast.Call: _calls,
        ast.Attribute: _attributes,
        ast.UnaryOp: _signs,
        ast.Tuple: _tuples,
        ast.IfExp: _choices,
        ast.If: _branches,
        ast.Slice: _slices,
        ast.For: _loops,
        ast.Expr: _drops,
        ast.AugAssign: _drops,
        ast.Return: _returns,
    }
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield from ((f"{name} instead", ast.Name(name, ast.Load())) for name in names if name != node.id)
    yield from of_its_kind.get(type(node), lambda _: ())(node)


def _constants(node: ast.Constant):
    value = node.value
    if isinstance(value, bool):
        yield "not", ast.Constant(not value)
    elif isinstance(value, int):
        yield from ((str(v), ast.Constant(v)) for v in {value + 1, value - 1, 0, -value} - {value})
    elif isinstance(value, float):
        yield from ((str(v), ast.Constant(v)) for v in {value + 1, value - 1, 0.0, 2 * value, value / 3} - {value})


def _operations(node: ast.BinOp):
    for operator in _OTHER_OPERATORS.get(type(node.op), ()):
        yield operator.__name__, _like(node, op=operator())
    yield "swapped", _like(node, left=node.right, right=node.left)
    yield "left only", node.left
    yield "right only", node.right


def _comparisons(node: ast.Compare):
    for operator in _OTHER_COMPARISONS.get(type(node.ops[0]), ()):
        yield operator.__name__, _like(node, ops=[operator()])


def _calls(node: ast.Call):
    for k in range(len(node.args)):
        yield f"argument {k} dropped", _like(node, args=node.args[:k] + node.args[k + 1 :])
    if len(node.args) == 2:
        yield "arguments swapped", _like(node, args=node.args[::-1])
        yield "first argument alone", node.args[0]
        yield "second argument alone", node.args[1]
    for k in range(len(node.keywords)):
        yield f"keyword {k} dropped", _like(node, keywords=node.keywords[:k] + node.keywords[k + 1 :])
    if isinstance(node.func, ast.Attribute):
        yield "call removed", node.func.value
        if node.func.attr == "norm":
            yield "norm of order 1", _like(node, args=[ast.Constant(1), *node.args])
    if len(node.args) == 1 and not node.keywords:
        yield "call removed, argument left", node.args[0]


def _attributes(node: ast.Attribute):
    for name in _OTHER_METHODS.get(node.attr, ()):
        yield name, _like(node, attr=name)
    if node.attr == "T":
        yield "not turned", node.value
    if node.attr in ("backbone", "head"):
        yield "the other part", _like(node, attr="head" if node.attr == "backbone" else "backbone")
        yield "the whole", node.value


def _signs(node: ast.UnaryOp):
    yield "dropped", node.operand


def _tuples(node: ast.Tuple):
    if isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        yield "turned around", _like(node, elts=node.elts[::-1])
        for k in range(len(node.elts)):
            yield f"without {k}", _like(node, elts=node.elts[:k] + node.elts[k + 1 :])
            if len(node.elts) == 2:
                yield f"{k} alone", node.elts[k]


def _choices(node: ast.IfExp):
    yield "always", node.body
    yield "never", node.orelse


def _branches(node: ast.If):
    yield "negated", _like(node, test=ast.UnaryOp(ast.Not(), node.test))
    yield "never", _like(node, test=ast.Constant(False))
    yield "always", _like(node, test=ast.Constant(True))


def _slices(node: ast.Slice):
    yield "no lower end", _like(node, lower=None)
    yield "no upper end", _like(node, upper=None)


def _loops(node: ast.For):
    def cut(a: int | None, b: int | None, step: int | None = None) -> ast.AST:
        ends = [None if v is None else ast.Constant(v) for v in (a, b, step)]
        listed = ast.Call(ast.Name("list", ast.Load()), [node.iter], [])
        return _like(node, iter=ast.Subscript(listed, ast.Slice(*ends), ast.Load()))

    yield "without the first", cut(1, None)
    yield "without the last", cut(None, -1)
    yield "the first alone", cut(None, 1)
    yield "from the end", cut(None, None, -1)
    yield "never", _like(node, iter=ast.List([], ast.Load()))


def _drops(node: ast.stmt):
    yield "dropped", ast.Pass()


def _returns(node: ast.Return):
    yield "nothing", _like(node, value=None)
    if node.value is None:
        return
    for what, text in _AROUND_RESULT.items():
        yield what, _like(node, value=_around(text, node.value))


# What the result is put through; `v` is it. A pair is changed part by part, and as a whole.
_AROUND_RESULT = {
    "negated": "_each(lambda v: -v, v)",
    "one more": "_each(lambda v: v + 1, v)",
    "a tenth larger": "_each(lambda v: v * 1.1, v)",
    "absolute, less a half": "_each(lambda v: abs(v - 0.5), v)",
    "cut to whole numbers": "_each(lambda v: torch.as_tensor(v).long(), v)",
    "rounded": "_each(lambda v: torch.as_tensor(v).float().round(), v)",
    "clipped at 0 and 1": "_each(lambda v: torch.as_tensor(v).clamp(0, 1), v)",
    "clipped at 100": "_each(lambda v: torch.as_tensor(v).clamp(max=100), v)",
    "first part": "v[0]",
    "first rows": "_each(lambda v: v[:1], v)",
    "turned around": "_each(lambda v: v.flip(0), v)",
    "on its side": "_each(lambda v: v.transpose(0, -1), v)",
    "sorted": "_each(lambda v: v.sort().values, v)",
    "of fixed size": "_each(lambda v: v[:2, :2], v)",
    "all its mean": "_each(lambda v: v.double().mean().expand_as(v), v)",
    "nought": "_each(lambda v: torch.zeros_like(torch.as_tensor(v)), v)",
    "not a number": "float('nan')",
    "as a text": "str(v)",
}


def _each(change: Callable, value):
    return tuple(map(change, value)) if isinstance(value, tuple) else change(value)


def _around(text: str, value: ast.expr) -> ast.expr:
    tree = ast.parse(text, mode="eval").body

    class Fill(ast.NodeTransformer):
        def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
            return node

        def visit_Name(self, node: ast.Name) -> ast.AST:
            return value if node.id == "v" else node

    return Fill().visit(tree)


def _beforehand(names: list[str]) -> Iterator[tuple[str, ast.stmt]]:
    """An argument changed before anything else, or returned as it came."""
    for name in names:
        for what, text in {
            "returned as it came": f"return {name}",
            "absolute": f"{name} = abs({name})",
            "first rows only": f"{name} = {name}[:1]",
            "turned around": f"{name} = {name}.flip(0) if torch.is_tensor({name}) else {name}[::-1]",
            "sorted": f"{name} = {name}.sort(dim=0).values if torch.is_tensor({name}) else sorted({name})",
            "rounded": f"{name} = torch.as_tensor({name}).float().round()",
            "at least 0": f"{name} = torch.as_tensor({name}).clamp(min=0)",
            "at most 1": f"{name} = torch.as_tensor({name}).clamp(max=1)",
            "on its side": f"{name} = {name}.transpose(-1, -2)",
            "always 2": f"{name} = 2",
        }.items():
            yield f"{name} {what}", ast.parse(text).body[0]
