"""The results and effects of calls."""

from __future__ import annotations

from scidex_pg_audit import access, handles, library, replay
from scidex_pg_audit.binding import bind
from scidex_pg_audit.classes import bases
from scidex_pg_audit.definitions import Class, Function
from scidex_pg_audit.effects import DEEPEST_VALUE, Effect, bounded, depth, dull, symbols
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.guards import guarded
from scidex_pg_audit.paths import through
from scidex_pg_audit.values import (NOTHING, READ, UNKNOWN, WRITE, Arguments, Atom, ClassRef, External, Factory,
                                    FunctionRef, Generator, Get, Handle, Instance, Invoke, Method, Partial, Pending,
                                    Step, Symbol, Value, join, only)

# Depth of calls within calls; deeper ones are unknown.
DEEPEST = 24
DEEPEST_MUTED = 8
# Number of calls within one function, including those they lead to; further ones are unknown.
MOST_CALLS = 5_000
MOST_ATTRIBUTES = 12


def result(frame: Frame, callee: Value, arguments: Arguments) -> Value:
    """The result of a call, ignoring its effects."""
    frame.muted += 1
    try:
        return perform(frame, Effect(callee, arguments, ()))
    finally:
        frame.muted -= 1


def pending(frame: Frame, name: str, arguments: Arguments) -> Value:
    """A call of something external, with more known about its arguments."""
    return library.call(frame, name, Effect(only(External(name)), arguments, ()))


def perform(frame: Frame, effect: Effect) -> Value:
    frame.performed += 1
    if frame.depth >= (DEEPEST_MUTED if frame.muted else DEEPEST) or frame.performed > MOST_CALLS:
        return UNKNOWN
    frame.depth += 1
    try:
        value = NOTHING
        for atom in effect.callee:
            value = join(value, configured(frame, atom, effect))
        if not frame.muted and handles.may_write(frame, effect):
            frame.record(effect)
        return value
    finally:
        frame.depth -= 1


def names_of(atom: Atom) -> list[str]:
    if isinstance(atom, FunctionRef):
        return [f"{atom.function.module.name}.{atom.function.qualname}"]
    if isinstance(atom, External):
        return [atom.name]
    if isinstance(atom, ClassRef):
        return [f"{atom.definition.module.name}.{atom.definition.qualname}"]
    if isinstance(atom, Method):
        return [f"?.{atom.name}"]
    if isinstance(atom, Symbol):
        gets = []
        for step in reversed(atom.steps):
            if not isinstance(step, Get):
                break
            gets.insert(0, step.name)
        if len(gets) == len(atom.steps) and isinstance(atom.name, str):
            gets.insert(0, atom.name)
        return [".".join(gets)] if gets else []
    return []


def step_of(effect: Effect) -> tuple[Step, ...]:
    return (Step(effect.trail[0].file, effect.trail[0].line),) if effect.trail else ()


def configured(frame: Frame, atom: Atom, effect: Effect) -> Value:
    """A handle if the configuration names the callee as a giver; otherwise the result of the callee."""
    configuration = frame.analysis.configuration
    names = names_of(atom)
    path = step_of(effect) or frame.analysis.here
    given = configuration.read_givers.call(names, effect.arguments)
    if given is not None:
        handle = only(Handle(READ, path=path))
        if not given:
            return handle
        other = frozenset(guard.opposite() for guard in given) if len(given) == 1 else frozenset()
        return join(guarded(handle, given), guarded(writing(frame, names, atom, effect), other))
    return writing(frame, names, atom, effect)


def writing(frame: Frame, names: list[str], atom: Atom, effect: Effect) -> Value:
    if frame.analysis.configuration.write_givers.call(names, effect.arguments) is not None:
        return only(Handle(WRITE, path=step_of(effect)))
    return dispatch(frame, atom, effect)


def dispatch(frame: Frame, atom: Atom, effect: Effect) -> Value:
    if isinstance(atom, FunctionRef):
        return apply(frame, atom, effect)
    if isinstance(atom, ClassRef):
        return construct(frame, atom.definition, effect)
    if isinstance(atom, Symbol):
        library.sink(frame, names_of(atom), effect)
        library.caller(frame, names_of(atom), effect)
        return access.stepped(atom, Invoke(kept(effect.arguments)))
    if isinstance(atom, Method):
        return handles.method(frame, atom, effect)
    if isinstance(atom, External):
        return library.call(frame, atom.name, effect)
    if isinstance(atom, (Factory, Generator)):
        return through_all(atom.value, effect)
    if isinstance(atom, Handle):
        return only(atom)
    if isinstance(atom, Partial):
        own, more = atom.arguments, effect.arguments
        merged = Arguments(own.positional + more.positional, own.keywords + more.keywords, own.open or more.open,
                           join(own.star, more.star), join(own.double_star, more.double_star))
        return perform(frame, Effect(atom.callee, merged, effect.trail, effect.known_at, effect.when))
    if isinstance(atom, Instance):
        called = access.attribute(frame, only(atom), "__call__")
        return UNKNOWN if dull(called) else perform(
            frame, Effect(called, effect.arguments, effect.trail, effect.known_at, effect.when))
    return UNKNOWN


def kept(arguments: Arguments) -> Arguments:
    """Of the arguments of a call of which only the result matters, keeps the few that may determine it."""
    return Arguments(tuple(small(value) for value in arguments.positional[:3]),
                     tuple((name, small(value)) for name, value in arguments.keywords[:4]))


def small(value: Value) -> Value:
    return value if len(value) <= 2 and depth(value) <= 1 else UNKNOWN


def through_all(value: Value, effect: Effect) -> Value:
    for step in step_of(effect):
        value = through(value, step)
    return value


def apply(frame: Frame, reference: FunctionRef, effect: Effect) -> Value:
    """A call of a function of the code base."""
    function = reference.function
    summary = frame.analysis.summary(function)
    steps = step_of(effect)
    if effect.trail and effect.trail[-1] != effect.trail[0]:
        steps = (Step(effect.trail[-1].file, effect.trail[-1].line),)
    bindings = bind(frame.analysis, reference, effect.arguments, steps[0] if steps else None)
    if not frame.muted and summary.symbolic:
        replay_all(frame, reference, effect, bindings)
    if summary.nonlocals and frame.function in outers(function):
        for name, value in summary.nonlocals.items():
            if frame.environment is not None:
                new = replay.substituted(frame, value, bindings)
                frame.assign(name, join(frame.environment.get(name, NOTHING), new))
    store_in_receiver(frame, reference, bindings)
    if function.is_generator:
        return only(Generator(through_all(given(frame, function, summary.yields, bindings), effect)))
    return through_all(given(frame, function, summary.returns, bindings), effect)


def given(frame: Frame, function: Function, value: Value, bindings: dict[str, Value]) -> Value:
    """The value that a function returns or yields; cached, because it is requested repeatedly."""
    names = symbols(value)
    if not names:
        return value
    passed = tuple((name, bindings.get(name, UNKNOWN)) for name in sorted(names))
    # Paths are excluded from comparison, but those of handles must be kept apart.
    paths = tuple(atom.path for _, one in passed for atom in one if isinstance(atom, (Handle, Symbol)))
    key = (function, value, passed, paths)
    memory = frame.analysis.memory
    if key not in memory:
        memory[key] = replay.substituted(frame, value, bindings)
    return memory[key]


def replay_all(frame: Frame, reference: FunctionRef, effect: Effect, bindings: dict[str, Value]) -> None:
    passed = tuple(sorted(bindings.items(), key=lambda pair: pair[0]))
    key = (reference.function, passed, effect.trail[-1:], effect.when)
    if key in frame.applied:
        return
    frame.applied.add(key)
    for one in frame.analysis.summary(reference.function).symbolic:
        replay.replayed(frame, one, bindings, effect.trail)


def outers(function) -> list:
    found = []
    while function.outer is not None:
        function = function.outer
        found.append(function)
    return found


def store_in_receiver(frame: Frame, reference: FunctionRef, bindings: dict[str, Value]) -> None:
    """Stores in the object what its other method stores, such as super().__init__(db)."""
    receiver = dict(reference.bound).get(reference.function.self_name, NOTHING)
    own = frame.function.self_name
    if not own or receiver != only(Symbol(own)) or frame.environment is None:
        return
    for name, value in frame.analysis.summary(reference.function).stores.items():
        new = replay.substituted(frame, value, bindings)
        frame.environment[f"{own}.{name}"] = new
        frame.summary.stores[name] = join(frame.summary.stores.get(name, NOTHING), new)


def construct(frame: Frame, definition: Class, effect: Effect) -> Value:
    """A call of a class: an instance with the attributes that the constructor stores."""
    attributes: dict[str, Value] = {}
    initialiser = next((found for one in bases(frame, definition)
                        if (found := frame.analysis.class_body(one, "__init__"))), NOTHING)
    for atom in initialiser:
        if isinstance(atom, FunctionRef) and atom.function.self_name:
            function = atom.function
            method = FunctionRef(function, ((function.self_name, only(Instance(definition))), *atom.bound))
            inner = Effect(only(method), effect.arguments, effect.trail, effect.known_at, effect.when)
            apply(frame, method, inner)
            steps = step_of(effect)
            bindings = bind(frame.analysis, method, effect.arguments, steps[0] if steps else None)
            for name, value in frame.analysis.summary(function).stores.items():
                attributes[name] = replay.substituted(frame, value, bindings)
    if not initialiser:
        attributes = fields(frame, definition, effect)
    frame.analysis.note_construction(definition, attributes)
    worth = tuple((name, bounded(value, DEEPEST_VALUE - 1)) for name, value in sorted(attributes.items())
                  if worth_keeping(value))[:MOST_ATTRIBUTES]
    return only(Instance(definition, worth))


def worth_keeping(value: Value) -> bool:
    if not dull(value) or symbols(value):
        return True
    return len(value) < 4 and any(not isinstance(atom, External) for atom in value)


def fields(frame: Frame, definition: Class, effect: Effect) -> dict[str, Value]:
    """The attributes of a data class or a model, whose constructor takes its fields."""
    names = [name for one in reversed(list(bases(frame, definition))) for name in one.fields]
    found = {name: value for name, value in effect.arguments.keywords if name in names}
    found.update(zip(names, effect.arguments.positional))
    return found


__all__ = ["Pending", "perform", "pending", "result"]
