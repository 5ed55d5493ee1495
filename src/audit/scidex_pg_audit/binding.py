"""Binds arguments to parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scidex_pg_audit.definitions import Function
from scidex_pg_audit.paths import through
from scidex_pg_audit.values import (NONE, NOTHING, UNKNOWN, Arguments, FunctionRef, Injected, Mapping, Sequence, Step,
                                    Symbol, Value, join, only)

if TYPE_CHECKING:
    from scidex_pg_audit.analysis import Analysis

Bindings = dict[str, Value]
# Marks bindings of a function with an unknown caller. They are the same for all its effects, so that effects that
# depend on the same condition are consistent even if the condition is unknown.
ENTRY = ""


def bind(analysis: Analysis, reference: FunctionRef, arguments: Arguments, step: Step | None) -> Bindings:
    """The values of a function's parameters and free variables in a call."""
    function = reference.function
    bindings: Bindings = dict(reference.bound)
    keywords = dict(arguments.keywords)
    left = list(arguments.positional)
    for position, name in enumerate(function.parameters):
        if name in bindings:
            continue
        if position < function.positional and left:
            bindings[name] = left.pop(0)
        elif name in keywords:
            bindings[name] = keywords.pop(name)
        elif name in function.defaults:
            default = injected(analysis.default(function, name))
            bindings[name] = join(default, UNKNOWN) if arguments.incomplete else default
        else:
            bindings[name] = UNKNOWN
    if function.vararg:
        bindings[function.vararg] = only(Sequence(tuple(left), UNKNOWN if arguments.incomplete else NOTHING))
    if function.kwarg:
        rest = UNKNOWN if arguments.incomplete else NOTHING
        bindings[function.kwarg] = only(Mapping(tuple(sorted(keywords.items(), key=lambda pair: pair[0])), rest))
    if step is not None:
        bindings = {name: through(value, step) for name, value in bindings.items()}
    return bindings


def unpacked(arguments: Arguments) -> Arguments:
    """Moves *args and **kwargs to their positions as soon as they are known."""
    positional, keywords, more = list(arguments.positional), list(arguments.keywords), arguments.open
    star, double_star = arguments.star, arguments.double_star
    if star and not any(isinstance(atom, Symbol) for atom in star):
        atom = next(iter(star)) if len(star) == 1 else None
        positional += atom.items if isinstance(atom, Sequence) else ()
        more = more or not isinstance(atom, Sequence) or bool(atom.rest)
        star = NOTHING
    if double_star and not any(isinstance(atom, Symbol) for atom in double_star):
        for atom in double_star:
            keywords += atom.items if isinstance(atom, Mapping) else ()
            more = more or not isinstance(atom, Mapping) or bool(atom.rest)
        double_star = NOTHING
    return Arguments(tuple(positional), tuple(keywords), more, star, double_star)


def injected(value: Value) -> Value:
    """A default value as the framework or Python passes it."""
    result = NOTHING
    for atom in value:
        result = join(result, atom.value if isinstance(atom, Injected) else only(atom))
    return result


def entry(analysis: Analysis, function: Function) -> Bindings:
    """The values of the parameters for an unknown caller."""
    bindings: Bindings = {ENTRY: NOTHING}
    for name in function.parameters:
        value = UNKNOWN
        if name in function.annotations:
            value = analysis.annotated(function, name)
        if name in function.defaults:
            default = analysis.default(function, name)
            if any(isinstance(atom, Injected) for atom in default):
                value = injected(default)
            elif value == UNKNOWN and default != NONE:
                value = join(default, UNKNOWN) if not analysis.is_handle(default) else default
        bindings[name] = value
    if function.self_name:
        bindings[function.self_name] = analysis.receiver(function)
    for name, *attributes in analysis.configuration.read_decorators.handles(function.decorators):
        if name in function.parameters:
            bindings[name] = analysis.holder(function, attributes)
    if function.outer is not None:
        bindings.update(analysis.enclosing_bindings(function, bindings))
    return bindings
