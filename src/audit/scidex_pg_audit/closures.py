"""Inner functions bound to the variables of the functions around them."""

from __future__ import annotations

from scidex_pg_audit.effects import DEEPEST_VALUE, bounded, dull, symbols
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.values import UNKNOWN, FunctionRef, Symbol, Text, Value, only

DEEPEST = 2


def closed(frame: Frame, value: Value, depth: int = 0) -> Value:
    """`value` with its inner functions bound to the variables at this point."""
    if not any(isinstance(atom, FunctionRef) and atom.function.outer is frame.function for atom in value):
        return value
    return frozenset(closed_atom(frame, atom, depth) if isinstance(atom, FunctionRef) else atom for atom in value)


def closed_atom(frame: Frame, atom: FunctionRef, depth: int) -> FunctionRef:
    if atom.function.outer is not frame.function or atom.bound or frame.environment is None:
        return atom
    bound = []
    for name in sorted(atom.function.free_names()):
        held = frame.environment.get(name)
        if held is None:
            held = UNKNOWN if frame.function.is_local(name) else only(Symbol(name))
        if depth < DEEPEST:
            held = closed(frame, held, depth + 1)
        if not dull(held) or symbols(held) or any(isinstance(one, Text) for one in held):
            bound.append((name, bounded(held, DEEPEST_VALUE - 1)))
    return FunctionRef(atom.function, tuple(bound))
