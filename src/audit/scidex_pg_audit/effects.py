"""The effects of a function on handles in terms of its parameters, and the summary that callers use."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import NamedTuple

from scidex_pg_audit.values import (NO_GUARDS, NOTHING, Arguments, Constant, External, Factory, FunctionRef,
                                    Generator, Guards, Injected, Instance, Invoke, Mapping, Method, Partial, Pending,
                                    Prepared, Sequence, Setting, Statement, Super, Symbol, Text, Unknown, Value)


class Site(NamedTuple):
    """A call in the source."""
    file: str
    line: int
    end_line: int
    column: int
    function: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Effect:
    """A call that may write. `trail` is the chain of calls that led to it, itself first; `known_at` is the index at
    which the SQL is known."""
    callee: Value
    arguments: Arguments
    trail: tuple[Site, ...]
    known_at: int = 0
    when: Guards = NO_GUARDS


@dataclass(slots=True)
class Summary:
    effects: list[Effect] = field(default_factory=list)
    returns: Value = NOTHING
    yields: Value = NOTHING
    # Values assigned to attributes of the receiver, to variables of enclosing functions, and to all local variables.
    stores: dict[str, Value] = field(default_factory=dict)
    nonlocals: dict[str, Value] = field(default_factory=dict)
    assigned: dict[str, Value] = field(default_factory=dict)
    # Whether a handle is stored where other functions can reach it.
    publishes: bool = False
    symbolic: list[Effect] = field(default_factory=list)


@functools.lru_cache(maxsize=200_000)
def symbols(value: Value) -> frozenset[str]:
    """The names that a caller must substitute."""
    found: set[str] = set()
    for atom in value:
        if isinstance(atom, (Unknown, Constant, External, Setting, Statement)):
            found.update(guard.symbol for guard in getattr(atom, "when", NO_GUARDS) if guard.symbol)
            continue
        found.update(guard.symbol for guard in getattr(atom, "when", NO_GUARDS) if guard.symbol)
        if isinstance(atom, Symbol):
            found |= symbols_of_name(atom.name)
            for step in atom.steps:
                if isinstance(step, Invoke):
                    found |= symbols_of_arguments(step.arguments)
        elif isinstance(atom, Text):
            for piece in atom.pieces:
                if isinstance(piece, Symbol):
                    found |= symbols(frozenset((piece,)))
        else:
            for inner in parts(atom):
                found |= symbols(inner)
    return frozenset(found)


def symbols_of_name(name: str | Pending) -> frozenset[str]:
    return frozenset((name,)) if isinstance(name, str) else symbols_of_arguments(name.arguments)


def symbols_of_arguments(arguments: Arguments) -> frozenset[str]:
    return frozenset().union(*(symbols(value) for value in arguments.values()))


def parts(atom: object) -> list[Value]:
    """The values inside an atom."""
    if isinstance(atom, (Factory, Injected, Generator)):
        return [atom.value]
    if isinstance(atom, Sequence):
        return [*atom.items, atom.rest]
    if isinstance(atom, Mapping):
        return [*(value for _, value in atom.items), atom.rest]
    if isinstance(atom, Instance):
        return [value for _, value in atom.attributes]
    if isinstance(atom, FunctionRef):
        return [value for _, value in atom.bound]
    if isinstance(atom, Partial):
        return [atom.callee, *atom.arguments.values()]
    if isinstance(atom, Prepared):
        return [atom.handle, atom.sql]
    if isinstance(atom, Super):
        return [atom.receiver]
    if isinstance(atom, Method):
        return [frozenset((atom.owner,))]
    if isinstance(atom, Symbol):
        # For the result of a call, its arguments.
        inner = [value for step in atom.steps if isinstance(step, Invoke) for value in step.arguments.values()]
        return inner + (atom.name.arguments.values() if isinstance(atom.name, Pending) else [])
    return []


# Deeper values become unknown: an object may contain functions that contain the object.
DEEPEST_VALUE = 4


@functools.lru_cache(maxsize=200_000)
def depth(value: Value) -> int:
    deepest = 0
    for atom in value:
        for one in parts(atom):
            deepest = max(deepest, 1 + depth(one))
    return deepest


def bounded(value: Value, deepest: int = DEEPEST_VALUE) -> Value:
    """`value` without parts that nest too deeply."""
    if depth(value) <= deepest:
        return value
    return frozenset(atom for atom in value if depth(frozenset((atom,))) <= deepest) | frozenset((Unknown(),))


DULL = (Unknown, Constant, Text, External, Setting, Statement)


def dull(value: Value) -> bool:
    """Whether nothing can be executed with the value."""
    return all(isinstance(atom, DULL) for atom in value)


def settled(value: Value) -> bool:
    """Whether the beginning of the SQL is known. A text that a caller completes is not settled."""
    for atom in value:
        if isinstance(atom, Symbol) or (isinstance(atom, Text) and isinstance(atom.pieces[0], Symbol)):
            return False
        if any(symbols(inner) for inner in parts(atom)):
            return False
    return True



SQL_KEYWORDS = ("query", "sql", "statement", "operation", "command", "stmt", "clause")


def sql_argument(arguments: Arguments) -> Value:
    """The SQL that a method executes; NOTHING if there is no such argument."""
    if arguments.positional:
        return arguments.positional[0]
    return next((value for name, value in arguments.keywords if name in SQL_KEYWORDS), NOTHING)
