"""What is known about variables in one branch of a condition."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator

from scidex_pg_audit.frame import Frame
from scidex_pg_audit.guards import contradicts, feasible, guarded, of_test
from scidex_pg_audit.values import Constant, Guards, Handle, Instance, Symbol, Text, Value

STABLE = (ast.Name, ast.Attribute, ast.Compare, ast.Constant, ast.UnaryOp, ast.BoolOp, ast.Subscript, ast.Load, ast.Not,
          ast.cmpop, ast.boolop, ast.unaryop)


def truth_guards(frame: Frame, test: ast.expr) -> tuple[Guards, Guards]:
    def symbol_of(node: ast.expr) -> str:
        if not isinstance(node, ast.Name) or frame.environment is None:
            return ""
        value = frame.environment.get(node.id)
        if value is None or len(value) != 1:
            return ""
        atom = next(iter(value))
        return atom.name if isinstance(atom, Symbol) and isinstance(atom.name, str) and not atom.steps else ""

    def stable(node: ast.expr) -> bool:
        for inner in ast.walk(node):
            if not isinstance(inner, STABLE):
                return False
            if isinstance(inner, ast.Name) and frame.function.locals.get(inner.id, 0) > 1:
                return False
        return True

    return of_test(test, symbol_of, stable)


def guarded_alternatives(value: Value, guards: Guards) -> Value:
    return guarded(value, guards)


@contextlib.contextmanager
def under(frame: Frame, guards: Guards) -> Iterator[None]:
    """Evaluates under conditions. Assignments persist."""
    before = frame.guards
    frame.guards = before | guards
    try:
        yield
    finally:
        frame.guards = before


def narrow(frame: Frame, guards: Guards) -> None:
    """Restricts the environment to the beginning of a branch; None if the branch cannot be taken."""
    if frame.environment is None or not guards:
        return
    if contradicts(frame.guards, guards):
        frame.environment = None
        return
    for name, value in frame.environment.items():
        possible = feasible(value, guards)
        if possible is not value and len(possible) != len(value):
            frame.environment[name] = possible


def narrow_none(frame: Frame, test: ast.expr, truth: bool) -> None:
    """Restricts a variable by `if db is None` and similar tests."""
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, truth = test.operand, not truth
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) == truth:
        for value in test.values:
            narrow_none(frame, value, truth)
        return
    compared = isinstance(test, ast.Compare)
    if compared:
        is_none = isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value is None
        if len(test.ops) != 1 or not is_none or not isinstance(test.ops[0], (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)):
            return
        truth = truth != isinstance(test.ops[0], (ast.Is, ast.Eq))
        test = test.left
    name = dotted(test)
    value = frame.environment.get(name) if frame.environment is not None and name else None
    if value is None or frame.environment is None:
        return
    if truth:
        kept = frozenset(atom for atom in value if not (isinstance(atom, Constant) and atom.value is None))
    else:
        kept = frozenset(atom for atom in value if not is_something(atom)) if compared else value
    if kept != value:
        if kept:
            frame.environment[name] = kept
        else:
            frame.environment = None


def is_something(atom: object) -> bool:
    """Certainly not None."""
    return isinstance(atom, (Handle, Instance, Text)) or (isinstance(atom, Constant) and atom.value is not None)


def dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.NamedExpr):
        node = node.target
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""
