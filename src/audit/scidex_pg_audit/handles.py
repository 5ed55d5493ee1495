"""Methods of handles and of other values with built-in behaviour."""

from __future__ import annotations

import dataclasses

from scidex_pg_audit import access, calls, library, texts
from scidex_pg_audit.effects import Effect, dull, sql_argument
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.paths import through
from scidex_pg_audit.texts import is_text
from scidex_pg_audit.values import (NOTHING, READ, UNKNOWN, Arguments, Generator, Get, Handle, Mapping, Method,
                                    Prepared, Sequence, Statement, Symbol, Text, Value, join, literal, only)

LOCKS = frozenset(("with_for_update", "select_for_update"))
# The result of executing a statement is also a handle: psycopg's execute() returns its cursor.
GIVE_CURSOR = frozenset(("execute", "executemany", "copy", "query"))


def may_write(frame: Frame, effect: Effect) -> bool:
    """Whether the effect must be judged, now or in a caller."""
    for atom in effect.callee:
        if isinstance(atom, Symbol):
            last = atom.steps[-1] if atom.steps else None
            if not isinstance(last, Get):
                return True
            if last.name in frame.analysis.interesting or any(not dull(one) for one in effect.arguments.values()):
                return last.name in frame.analysis.interesting or len(atom.steps) == 1
        elif isinstance(atom, Method) and isinstance(atom.owner, Handle) and atom.owner.kind == READ:
            if writes_by(frame, atom, effect.arguments):
                return True
        elif isinstance(atom, Method) and isinstance(atom.owner, Prepared):
            if any(isinstance(one, Symbol) or (isinstance(one, Handle) and one.kind == READ)
                   for one in atom.owner.handle):
                return True
    return False


def writes_by(frame: Frame, method: Method, arguments: Arguments) -> bool:
    configuration = frame.analysis.configuration
    sort = method.owner.sort if isinstance(method.owner, Handle) else ""
    if sort == "query":
        return method.name in configuration.query_writes
    if sort == "row":
        return method.name in configuration.row_writes
    if method.name in configuration.derive:
        return is_text(sql_argument(arguments)) or method.name == "transaction"
    return (method.name in configuration.execute or method.name in configuration.query
            or method.name in configuration.writes or method.name in configuration.read_only)


def method(frame: Frame, atom: Method, effect: Effect) -> Value:
    """The result of a method of a known value."""
    owner, name, arguments = atom.owner, atom.name, effect.arguments
    if isinstance(owner, Handle):
        return of_handle(frame, owner, name, effect)
    if isinstance(owner, Text):
        return texts.method(owner, name, list(arguments.positional), dict(arguments.keywords))
    if isinstance(owner, Statement):
        return only(dataclasses.replace(owner, verb="SELECT FOR UPDATE") if name in LOCKS and not owner.verb else owner)
    if isinstance(owner, Mapping):
        return of_mapping(owner, name, arguments)
    if isinstance(owner, Sequence):
        return access.item(frame, only(owner), None) if name in ("pop", "__getitem__", "popleft") else (
            only(owner) if name == "copy" else UNKNOWN)
    if isinstance(owner, Generator):
        return owner.value
    return UNKNOWN


def of_handle(frame: Frame, owner: Handle, name: str, effect: Effect) -> Value:
    configuration = frame.analysis.configuration
    library.sink(frame, [f"?.{name}"], effect)
    chosen = library.using(frame, name, effect.arguments)
    if chosen:
        return chosen
    for step in calls.step_of(effect):
        owner = next(one for one in through(only(owner), step) if isinstance(one, Handle))
    if owner.sort == "row":
        return UNKNOWN
    if owner.sort == "query":
        if name in configuration.rows:
            return only(dataclasses.replace(owner, sort="row"))
        ends = name in configuration.finish or (name in configuration.query_writes and name not in LOCKS)
        return UNKNOWN if ends else only(owner)
    if name in configuration.prepare:
        return only(Prepared(only(owner), sql_argument(effect.arguments)))
    if name in configuration.query and not is_text(sql_argument(effect.arguments)):
        return only(dataclasses.replace(owner, sort="query"))
    if name == "run_sync" and effect.arguments.positional:
        given = Arguments((only(owner), *effect.arguments.positional[1:]), effect.arguments.keywords)
        return calls.perform(frame, dataclasses.replace(effect, callee=effect.arguments.positional[0], arguments=given))
    return only(owner) if name in configuration.derive or name in GIVE_CURSOR or name.startswith("__") else UNKNOWN


def of_mapping(owner: Mapping, name: str, arguments: Arguments) -> Value:
    everything = NOTHING
    for _, value in owner.items:
        everything = join(everything, value)
    everything = join(everything, owner.rest)
    if name in ("get", "pop", "setdefault", "__getitem__"):
        key = literal(arguments.get(0))
        found = [value for one, value in owner.items if one == key and key is not None]
        return found[-1] if found else join(everything, arguments.get(1)) or UNKNOWN
    if name == "values":
        return only(Sequence((), everything))
    if name == "items":
        return only(Sequence((), only(Sequence((UNKNOWN, everything)))))
    return only(owner) if name == "copy" else UNKNOWN
