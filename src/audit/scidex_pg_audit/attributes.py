"""Assignments to attributes and elements."""

from __future__ import annotations

import ast
import dataclasses

from scidex_pg_audit import expressions, library
from scidex_pg_audit.effects import Effect, dull
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.sql.functions import SET_READ_ONLY
from scidex_pg_audit.values import (NOTHING, UNKNOWN, Arguments, ClassRef, Constant, External, Handle, Instance, Mapping,
                                    ModuleRef, Sequence, Statement, Symbol, Value, holds_handle, join, literal, only)

# Attributes with which drivers set whether the transactions of a connection are read-only.
READ_ONLY = frozenset(("read_only", "readonly"))
OWN_CONTAINERS = (Mapping, Sequence)


def store(frame: Frame, target: ast.Attribute, value: Value) -> None:
    owner = expressions.evaluate(frame, target.value)
    if target.attr in READ_ONLY and value == only(Constant(False)):
        lift(frame, target, owner)
    dotted = expressions.dotted_name(target)
    frame.summary.publishes |= not dull(value)
    for atom in owner:
        if isinstance(atom, ClassRef):
            frame.analysis.heap.store((atom.definition, target.attr), value)
        elif isinstance(atom, ModuleRef):
            frame.analysis.heap.store((atom.module.file, target.attr), value)
        elif isinstance(atom, External) and not atom.name.startswith("?"):
            frame.analysis.heap.store(("external", f"{atom.name}.{target.attr}"), value)
    if not dotted:
        return
    root = dotted.partition(".")[0]
    frame.assign(dotted, value)
    if root == frame.function.self_name and dotted.count(".") == 1:
        frame.summary.stores[target.attr] = join(frame.summary.stores.get(target.attr, NOTHING), value)
    elif not frame.function.is_local(root) or frame.function.outer is None:
        if not dull(value):
            frame.analysis.heap.store((frame.module.file, dotted), value)
    elif isinstance(target.value, ast.Name) and any(isinstance(atom, Instance) for atom in owner):
        changed = frozenset(changed_instance(atom, target.attr, value) for atom in owner)
        if frame.environment is not None:
            frame.environment[root] = changed


def changed_instance(atom: object, name: str, value: Value):
    if not isinstance(atom, Instance):
        return atom
    others = tuple(pair for pair in atom.attributes if pair[0] != name)
    return dataclasses.replace(atom, attributes=tuple(sorted((*others, (name, value)), key=lambda pair: pair[0])))


def lift(frame: Frame, target: ast.Attribute, owner: Value) -> None:
    """connection.read_only = False."""
    if any(isinstance(atom, (Handle, Symbol)) for atom in owner):
        effect = Effect(owner, Arguments(), (frame.site(target),))
        library.execute(frame, owner, only(Statement(SET_READ_ONLY)), effect)


def store_item(frame: Frame, target: ast.Subscript, value: Value) -> None:
    """mapping["key"] = value; other containers forget what they held."""
    name = expressions.dotted_name(target.value)
    key = literal(expressions.evaluate(frame, target.slice))
    held = frame.environment.get(name) if frame.environment is not None and name else None
    if name and not any(isinstance(atom, OWN_CONTAINERS) for atom in held or NOTHING):
        store_item_of_unknown(frame, name, key, value)
        return
    if not held:
        return
    new = NOTHING
    for atom in held:
        if isinstance(atom, Mapping) and isinstance(key, str):
            items = tuple(pair for pair in atom.items if pair[0] != key)
            atom = Mapping((*items, (key, value)), atom.rest)
        elif isinstance(atom, Mapping):
            atom = Mapping(atom.items, join(atom.rest, value))
        new = join(new, only(atom))
    frame.assign(name, new)


def store_item_of_unknown(frame: Frame, name: str, key: str | None, value: Value) -> None:
    """The same where the container comes from elsewhere: a parameter, an attribute. Handles alone are kept."""
    if frame.environment is None:
        return
    if key is None:
        # Any of its elements may have changed.
        for known in [one for one in frame.environment if one.startswith(f"{name}.[")]:
            del frame.environment[known]
    elif key.isidentifier() and (holds_handle(value) or item_name(name, key) in frame.environment):
        frame.assign(item_name(name, key), value)
        frame.stores_items = True


def with_items(frame: Frame, node: ast.expr, value: Value) -> Value:
    """What a call is passed as `node`: a container from elsewhere with the elements that it got here."""
    name = expressions.dotted_name(node) if frame.stores_items else ""
    prefix = f"{name}.["
    items = [(key[len(prefix):-1], item) for key, item in (frame.environment or {}).items()
             if name and key.startswith(prefix)]
    return only(Mapping(tuple(items), UNKNOWN)) if items else value


def item_name(name: str, key: str) -> str:
    """Where the environment keeps an element. A change of the container forgets it, as it does an attribute."""
    return f"{name}.[{key}]"
