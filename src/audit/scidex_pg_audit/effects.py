"""What a function does to handles, in terms of its parameters; and the summary that its callers use."""

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
    """A call that may write. `trail` are the places it was reached from, the call itself first; `known_at` says at
    which of them the SQL is known."""
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
    # What is assigned to attributes of the receiver, to variables of functions around, and to all own ones.
    stores: dict[str, Value] = field(default_factory=dict)
    nonlocals: dict[str, Value] = field(default_factory=dict)
    assigned: dict[str, Value] = field(default_factory=dict)
    # Whether a handle is stored in something that other functions reach.
    publishes: bool = False
    symbolic: list[Effect] = field(default_factory=list)


@functools.lru_cache(maxsize=200_000)
def symbols(value: Value) -> frozenset[str]:
    """The names that a caller has to replace."""
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
        # Of what a call gives, its arguments.
        inner = [value for step in atom.steps if isinstance(step, Invoke) for value in step.arguments.values()]
        return inner + (atom.name.arguments.values() if isinstance(atom.name, Pending) else [])
    return []


# Values that nest deeper are unknown: an object may hold functions that hold the object.
DEEPEST_VALUE = 4


@functools.lru_cache(maxsize=200_000)
def depth(value: Value) -> int:
    deepest = 0
    for atom in value:
        for one in parts(atom):
            deepest = max(deepest, 1 + depth(one))
    return deepest


def bounded(value: Value, deepest: int = DEEPEST_VALUE) -> Value:
    """`value` without what nests too deeply."""
    if depth(value) <= deepest:
        return value
    return frozenset(atom for atom in value if depth(frozenset((atom,))) <= deepest) | frozenset((Unknown(),))


DULL = (Unknown, Constant, Text, External, Setting, Statement)


def dull(value: Value) -> bool:
    """Whether nothing can be executed with it."""
    return all(isinstance(atom, DULL) for atom in value)


def settled(value: Value) -> bool:
    """Whether it is known how SQL begins; a text that a caller goes on with is not known."""
    for atom in value:
        if isinstance(atom, Symbol) or (isinstance(atom, Text) and isinstance(atom.pieces[0], Symbol)):
            return False
        if any(symbols(inner) for inner in parts(atom)):
            return False
    return True



SQL_KEYWORDS = ("query", "sql", "statement", "operation", "command", "stmt", "clause")


def sql_argument(arguments: Arguments) -> Value:
    """What a method executes; NOTHING if it is called without."""
    if arguments.positional:
        return arguments.positional[0]
    return next((value for name, value in arguments.keywords if name in SQL_KEYWORDS), NOTHING)
