"""Attributes of classes and their instances, including bases within the code base."""

from __future__ import annotations

from collections.abc import Iterator

from scidex_pg_audit import access, calls
from scidex_pg_audit.definitions import Class
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.values import (NOTHING, UNKNOWN, Arguments, ClassRef, FunctionRef, Instance, Partial, Super,
                                    Symbol, Value, join, only)

DEEPEST = 12


def bases(frame: Frame, definition: Class) -> Iterator[Class]:
    """The class and its bases, approximately in Python's method resolution order."""
    seen: set[int] = set()
    waiting = [definition]
    while waiting and len(seen) < DEEPEST:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting.extend(frame.analysis.direct_bases(one))


def instance_attribute(frame: Frame, instance: Instance, name: str) -> Value:
    own = next((value for key, value in instance.attributes if key == name), None)
    if own is not None:
        return own
    value = NOTHING
    for definition in bases(frame, instance.definition):
        value = join(value, frame.analysis.stored_attribute(definition, name))
    if value:
        return value
    receiver = only(instance)
    value = class_attribute(frame, instance.definition, name, receiver)
    if not value and any(name in one.fields for one in bases(frame, instance.definition)):
        return UNKNOWN
    return value or access.named(frame, f"?.{name}")


def class_attribute(frame: Frame, definition: Class, name: str, receiver: Value) -> Value:
    """An attribute of a class, bound to `receiver`; NOTHING if there is none."""
    for one in bases(frame, definition):
        value = frame.analysis.class_body(one, name)
        if value:
            return bound(frame, value, receiver)
    return NOTHING


def super_attribute(frame: Frame, atom: Super, name: str) -> Value:
    for one in list(bases(frame, atom.definition))[1:]:
        value = frame.analysis.class_body(one, name)
        if value:
            return bound(frame, value, atom.receiver)
    return access.named(frame, f"?.{name}")


def bound(frame: Frame, value: Value, receiver: Value) -> Value:
    """What is found in a class, bound as by access through the instance or the class."""
    result = NOTHING
    of_class = all(isinstance(atom, ClassRef) for atom in receiver)
    for atom in value:
        if not isinstance(atom, FunctionRef):
            result = join(result, only(atom))
            continue
        function = atom.function
        if function.owner is None:
            # A wrapper with which a decorator replaced the method.
            wrapper = only(atom) if of_class else only(Partial(only(atom), Arguments((receiver,))))
            result = join(result, wrapper)
        elif function.sort == "static" or (of_class and function.sort == "plain"):
            result = join(result, only(atom))
        else:
            given = class_of(receiver) if function.sort == "class" else receiver
            method = FunctionRef(function, ((function.self_name, given), *atom.bound)) if function.self_name else atom
            is_property = function.sort == "property"
            result = join(result, calls.result(frame, only(method), Arguments()) if is_property else only(method))
    return result


def class_of(receiver: Value) -> Value:
    result = NOTHING
    for atom in receiver:
        if isinstance(atom, Instance):
            result = join(result, only(ClassRef(atom.definition)))
        elif isinstance(atom, (ClassRef, Symbol)):
            result = join(result, only(atom))
    return result or UNKNOWN
