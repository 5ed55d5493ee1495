"""Applies a function's summary to a caller: replaces its symbols with the caller's arguments."""

from __future__ import annotations

import dataclasses

from scidex_pg_audit import access, calls
from scidex_pg_audit.effects import Effect, Site, bounded, dull, settled, sql_argument, symbols, symbols_of_arguments
from scidex_pg_audit.binding import ENTRY, unpacked
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.guards import Guarded, holds
from scidex_pg_audit.paths import continued
from scidex_pg_audit.texts import alternatives, concatenated
from scidex_pg_audit.values import (NO_GUARDS, NOTHING, UNKNOWN, Arguments, Atom, Enter, Factory, FunctionRef,
                                    Generator, Get, Guard, Guards, Injected, Instance, Invoke, Item, Mapping, Method,
                                    Partial, Pending, Prepared, Sequence, Super, Symbol, Text, Value, join, only)

Bindings = dict[str, Value]
LONGEST_TRAIL = 10


def substituted(frame: Frame, value: Value, bindings: Bindings) -> Value:
    if not symbols(value):
        return value
    result = NOTHING
    for atom in value:
        when: Guards | None = NO_GUARDS
        if isinstance(atom, Guarded) and atom.when:
            when = translated(atom.when, bindings)
            if when is None:
                continue
            atom = dataclasses.replace(atom, when=when)
        result = join(result, substituted_atom(frame, atom, bindings))
    return result


def translated(guards: Guards, bindings: Bindings) -> Guards | None:
    """`guards` in terms of the caller; None if they cannot hold there."""
    result: set[Guard] = set()
    for guard in guards:
        if not guard.symbol:
            if ENTRY in bindings:
                result.add(guard)
            continue
        value = bindings.get(guard.symbol, UNKNOWN)
        decided = holds(guard, value)
        if decided is False:
            return None
        if decided is None and len(value) == 1:
            atom = next(iter(value))
            if isinstance(atom, Symbol) and isinstance(atom.name, str) and not atom.steps:
                result.add(guard._replace(symbol=atom.name))
                continue
        if decided is None and ENTRY in bindings:
            result.add(guard._replace(symbol="", test=f"{guard.symbol} {guard.test}"))
    return frozenset(result)


def substituted_atom(frame: Frame, atom: Atom, bindings: Bindings) -> Value:
    if isinstance(atom, Symbol):
        return substituted_symbol(frame, atom, bindings)
    if isinstance(atom, Text):
        pieces = [substituted_symbol(frame, piece, bindings) if isinstance(piece, Symbol) else only(Text((piece,)))
                  for piece in atom.pieces]
        return frozenset(dataclasses.replace(one, when=one.when | atom.when)
                         for one in alternatives(concatenated(pieces)))
    rebuild = REBUILDS.get(type(atom))
    if rebuild is None:
        return only(atom)
    return bounded(rebuild(atom, lambda value: substituted(frame, value, bindings)))


def substituted_symbol(frame: Frame, symbol: Symbol, bindings: Bindings) -> Value:
    if isinstance(symbol.name, Pending):
        value = calls.pending(frame, symbol.name.name, substituted_arguments(frame, symbol.name.arguments, bindings))
    else:
        value = bindings.get(symbol.name, UNKNOWN)
    for step in symbol.steps:
        if isinstance(step, Get):
            value = access.attribute(frame, value, step.name)
        elif isinstance(step, Invoke):
            value = calls.result(frame, value, substituted_arguments(frame, step.arguments, bindings))
        elif isinstance(step, Item):
            value = access.item(frame, value, step.key)
        elif isinstance(step, Enter):
            value = access.enter(frame, value)
    return continued(value, symbol.path)


def substituted_arguments(frame: Frame, arguments: Arguments, bindings: Bindings) -> Arguments:
    if not symbols_of_arguments(arguments):
        return arguments
    return unpacked(arguments.map(lambda value: substituted(frame, value, bindings)))


REBUILDS = {
    Factory: lambda atom, new: only(Factory(new(atom.value))),
    Injected: lambda atom, new: only(Injected(new(atom.value))),
    Generator: lambda atom, new: only(Generator(new(atom.value))),
    Sequence: lambda atom, new: only(Sequence(tuple(new(item) for item in atom.items), new(atom.rest))),
    Mapping: lambda atom, new: only(Mapping(tuple((key, new(item)) for key, item in atom.items), new(atom.rest))),
    Instance: lambda atom, new: only(Instance(atom.definition, tuple((key, new(one)) for key, one in atom.attributes))),
    FunctionRef: lambda atom, new: only(FunctionRef(atom.function, tuple((key, new(one)) for key, one in atom.bound))),
    Partial: lambda atom, new: only(Partial(new(atom.callee), unpacked(atom.arguments.map(new)))),
    Prepared: lambda atom, new: only(Prepared(new(atom.handle), new(atom.sql))),
    Super: lambda atom, new: only(Super(atom.definition, new(atom.receiver))),
    Method: lambda atom, new: frozenset(Method(owner, atom.name) for owner in new(frozenset((atom.owner,)))),
}


def needed(effect: Effect, bindings: Bindings) -> bool:
    """Whether the caller provides anything that matters to the effect."""
    if any(isinstance(atom, Method) for atom in effect.callee):
        return True
    names = symbols(effect.callee)
    if any(not dull(bindings.get(name, UNKNOWN)) for name in names):
        return True
    return any(isinstance(atom, Symbol) and isinstance(atom.name, Pending) for atom in effect.callee) and bool(names)


def replayed(frame: Frame, effect: Effect, bindings: Bindings, calls_above: tuple[Site, ...]) -> None:
    """Converts an effect of a callee to one of the caller, which was reached through `calls_above`; empty for an
    unknown caller."""
    if not needed(effect, bindings):
        return
    when = translated(effect.when, bindings)
    if when is None:
        return
    callee = substituted(frame, effect.callee, bindings)
    if dull(callee):
        return
    arguments = substituted_arguments(frame, effect.arguments, bindings)
    trail, known_at = effect.trail, effect.known_at
    if calls_above:
        if len(trail) + len(calls_above) > LONGEST_TRAIL:
            return
        if not settled(sql_argument(effect.arguments)):
            known_at = len(trail)
        trail = trail + calls_above
    calls.perform(frame, Effect(callee, arguments, trail, known_at, when))
