"""Attributes, elements and `with` of values."""

from __future__ import annotations

import ast

from scidex_pg_audit import attributes, calls
from scidex_pg_audit.classes import class_attribute, instance_attribute, super_attribute
from scidex_pg_audit.definitions import Module
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.paths import through
from scidex_pg_audit.values import (NOTHING, READ, UNKNOWN, WRITE, Arguments, ClassRef, Constant, Enter, External,
                                    Factory, FunctionRef, Generator, Get, Handle, Instance, Item, Mapping, Method,
                                    ModuleRef, Partial, Prepared, Sequence, Setting, Statement, Super, Symbol, Text,
                                    Value, join, only)

# A symbol with more steps becomes unknown.
MOST_STEPS = 7
OWN_METHODS = (Text, Sequence, Mapping, Statement, Prepared, Generator)


def attribute(frame: Frame, value: Value, name: str) -> Value:
    result = NOTHING
    for atom in value:
        result = join(result, attribute_of(frame, atom, name))
    return result


def attribute_of(frame: Frame, atom: object, name: str) -> Value:
    if isinstance(atom, Symbol):
        return stepped(atom, Get(name))
    if isinstance(atom, Handle):
        return only(Method(atom, name))
    if isinstance(atom, Method) and isinstance(atom.owner, Handle):
        # An attribute of a handle is also one: pool.connection.execute.
        return only(Method(atom.owner, name))
    if isinstance(atom, OWN_METHODS):
        return only(Method(atom, name))
    if isinstance(atom, External):
        dotted = f"{atom.name}.{name}"
        module = frame.analysis.code_base.find(dotted, frame.module) if "?" not in dotted else None
        return named(frame, dotted) if module is None else only(ModuleRef(module))
    if isinstance(atom, Instance):
        return instance_attribute(frame, atom, name)
    if isinstance(atom, ClassRef):
        return class_attribute(frame, atom.definition, name, only(atom)) or named(frame, f"?.{name}")
    if isinstance(atom, Super):
        return super_attribute(frame, atom, name)
    if isinstance(atom, ModuleRef):
        return module_attribute(frame, atom.module, name)
    if isinstance(atom, Constant) and atom.value is None:
        return NOTHING
    if isinstance(atom, (Factory, Partial)) and name in ("func", "__call__"):
        return only(atom)
    if isinstance(atom, FunctionRef) and name == "__wrapped__":
        return only(atom)
    if isinstance(atom, Factory):
        # A scoped session can be used without calling it.
        return attribute(frame, atom.value, name)
    return named(frame, f"?.{name}")


def named(frame: Frame, dotted: str) -> Value:
    """A name from outside the code base: a handle or a setting if the configuration names it."""
    configuration = frame.analysis.configuration
    last = dotted.rpartition(".")[2]
    if configuration.read_objects.name(dotted):
        return only(Handle(READ, path=frame.analysis.here))
    if configuration.write_objects.name(dotted):
        return only(Handle(WRITE))
    if last in configuration.dsns or last in configuration.aliases:
        return only(Setting(last))
    return only(External(dotted))


def module_attribute(frame: Frame, module: Module, name: str) -> Value:
    value = frame.analysis.global_value(module, name)
    if value is not None:
        return value
    inner = frame.analysis.code_base.submodule(module, name) if module.is_package else None
    return only(ModuleRef(inner)) if inner is not None else named(frame, f"{module.name}.{name}")


def stepped(symbol: Symbol, step: object) -> Value:
    if len(symbol.steps) >= MOST_STEPS:
        return UNKNOWN
    return only(Symbol(symbol.name, (*symbol.steps, step), symbol.when, symbol.path))


def item(frame: Frame, value: Value, key: str | int | None) -> Value:
    """value[key]; any element if `key` is None."""
    result = NOTHING
    for atom in value:
        result = join(result, item_of(frame, atom, key))
    return result


def item_of(frame: Frame, atom: object, key: str | int | None) -> Value:
    if isinstance(atom, Symbol):
        return stepped(atom, Item(key))
    if isinstance(atom, Sequence):
        if isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(atom.items):
            return atom.items[key]
        return joined((*atom.items, atom.rest)) or UNKNOWN
    if isinstance(atom, Mapping):
        found = [one for name, one in atom.items if name == key]
        if found and key is not None:
            return found[-1]
        return (joined((*(one for _, one in atom.items), atom.rest)) if key is None else atom.rest) or UNKNOWN
    if isinstance(atom, Generator):
        return atom.value
    if isinstance(atom, External) and isinstance(key, str):
        return external_item(frame, atom.name, key)
    if isinstance(atom, Handle) and atom.sort == "query":
        return only(Handle(atom.kind, "row", atom.when, atom.path))
    return UNKNOWN


def external_item(frame: Frame, name: str, key: str) -> Value:
    configuration = frame.analysis.configuration
    if configuration.read_objects.item(name, key) or configuration.read_givers.item(name, key):
        return only(Handle(READ, path=frame.analysis.here))
    if name.rpartition(".")[2] == "connections":
        return only(Handle(READ if key in configuration.aliases else WRITE, path=frame.analysis.here))
    if key in configuration.dsns:
        return only(Setting(key))
    return UNKNOWN


def enter(frame: Frame, value: Value) -> Value:
    """The value that `with value as` binds."""
    result = NOTHING
    for atom in value:
        if isinstance(atom, Symbol):
            entered = stepped(atom, Enter())
        elif isinstance(atom, Generator):
            entered = atom.value
        elif isinstance(atom, Instance):
            entered = entered_instance(frame, atom)
        elif isinstance(atom, Method) and isinstance(atom.owner, Handle):
            entered = only(atom.owner)
        else:
            entered = only(atom)
        result = join(result, entered)
    return result


def entered_instance(frame: Frame, atom: Instance) -> Value:
    for name in ("__enter__", "__aenter__"):
        method = instance_attribute(frame, atom, name)
        if any(isinstance(one, FunctionRef) for one in method):
            return calls.result(frame, method, Arguments())
    return only(atom)


def joined(values: tuple[Value, ...]) -> Value:
    result = NOTHING
    for value in values:
        result = join(result, value)
    return result


def through_here(frame: Frame, value: Value, node: ast.AST) -> Value:
    """`value` with the line of `node` added to its path."""
    return through(value, frame.step(node))


def bind_target(frame: Frame, target: ast.expr, value: Value) -> None:
    """Assigns to any kind of target."""
    if isinstance(target, ast.Name):
        frame.assign(target.id, through_here(frame, value, target))
    elif isinstance(target, (ast.Tuple, ast.List)):
        for position, element in enumerate(target.elts):
            if isinstance(element, ast.Starred):
                bind_target(frame, element.value, UNKNOWN)
            else:
                bind_target(frame, element, item(frame, value, position))
    elif isinstance(target, ast.Attribute):
        attributes.store(frame, target, through_here(frame, value, target))
    elif isinstance(target, ast.Subscript):
        attributes.store_item(frame, target, value)
