"""Conditions of branches, attached to values that exist only under them.

In `db = get_db() if write else get_db_ro()` and a later `if write:`, both conditions agree; a caller that passes
write=True decides both.
"""

import ast
import dataclasses
from collections.abc import Callable

from scidex_pg_audit.values import (Constant, Guard, Guards, Handle, Statement, Symbol, Text, Unknown, Value)

MOST = 4
Guarded = (Handle, Symbol, Text, Constant, Statement)


def guarded(value: Value, guards: Guards) -> Value:
    """`value` under the condition `guards`."""
    if not guards:
        return value
    return frozenset(
        dataclasses.replace(atom, when=atom.when | guards)
        if isinstance(atom, Guarded) and len(atom.when) < MOST else atom
        for atom in value)


def contradicts(when: Guards, guards: Guards) -> bool:
    return any(guard.opposite() in when for guard in guards)


def feasible(value: Value, guards: Guards) -> Value:
    """The atoms of `value` that are possible under `guards`."""
    if not guards or not any(isinstance(atom, Guarded) and atom.when for atom in value):
        return value
    return frozenset(atom for atom in value
                     if not (isinstance(atom, Guarded) and contradicts(atom.when, guards)))


def holds(guard: Guard, value: Value) -> bool | None:
    """Whether `guard` holds if its symbol is `value`; None if unknown."""
    answers = {answer(guard, atom) for atom in value}
    if len(answers) != 1:
        return None
    known = answers.pop()
    return known if known is None else known == guard.holds


def answer(guard: Guard, atom: object) -> bool | None:
    """Whether the test of `guard` is true for an atom; None if unknown."""
    if isinstance(atom, (Unknown, Symbol)):
        return None
    if isinstance(atom, Constant):
        value: object = atom.value
    elif isinstance(atom, Text):
        value = atom.pieces[0] if len(atom.pieces) == 1 else None
        if not isinstance(value, str):
            return False if guard.test == "none" else None
    else:
        value = atom
    if guard.test == "none":
        return value is None
    if guard.test == "true":
        return bool(value) if isinstance(value, (str, int, float, bool, type(None))) else (
            True if isinstance(atom, Handle) else None)
    if guard.test == "equal":
        return value == guard.constant if isinstance(atom, (Constant, Text)) else None
    return None


# Returns the name of the parameter that an expression is, or "".
SymbolOf = Callable[[ast.expr], str]


def of_test(test: ast.expr, symbol_of: SymbolOf, stable: Callable[[ast.expr], bool]) -> tuple[Guards, Guards]:
    """The guards that hold if `test` is true, and those that hold if it is false."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        true, false = of_test(test.operand, symbol_of, stable)
        return false, true
    if isinstance(test, ast.BoolOp):
        sides = [of_test(value, symbol_of, stable) for value in test.values]
        if isinstance(test.op, ast.And):
            return frozenset().union(*(true for true, _ in sides)), frozenset()
        return frozenset(), frozenset().union(*(false for _, false in sides))
    guard = simple(test, symbol_of, stable)
    if guard is None:
        return frozenset(), frozenset()
    return frozenset((guard,)), frozenset((guard.opposite(),))


def simple(test: ast.expr, symbol_of: SymbolOf, stable: Callable[[ast.expr], bool]) -> Guard | None:
    symbol = symbol_of(test)
    if symbol:
        return Guard(symbol, "true", None, True)
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.comparators[0], ast.Constant):
        symbol, constant = symbol_of(test.left), test.comparators[0].value
        positive = isinstance(test.ops[0], (ast.Is, ast.Eq))
        if symbol and (positive or isinstance(test.ops[0], (ast.IsNot, ast.NotEq))):
            if constant is None:
                return Guard(symbol, "none", None, positive)
            if isinstance(constant, (str, int, float, bool)):
                return Guard(symbol, "equal", constant, positive)
    if stable(test):
        return expression(test)
    return None


def expression(test: ast.expr) -> Guard:
    positive = True
    opposites: dict[type, type] = {ast.NotEq: ast.Eq, ast.IsNot: ast.Is, ast.NotIn: ast.In}
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in opposites:
        positive = False
        test = ast.Compare(test.left, [opposites[type(test.ops[0])]()], test.comparators)
    return Guard("", ast.dump(test), None, positive)
