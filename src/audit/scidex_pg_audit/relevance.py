"""Determines by names which functions may involve a read handle: others need no separate analysis."""

from collections.abc import Callable, Iterator

from scidex_pg_audit.configuration import Configuration
from scidex_pg_audit.definitions import Function, Module, Unit


def relevant(modules: list[Module], configuration: Configuration,
             exposes: Callable[[Function], bool]) -> list[Function]:
    """Functions in which a handle can originate, or which one can reach otherwise than as an argument. `exposes`
    returns whether the callers of a function, or the readers of what it stores, may get a handle, too."""
    known = Names(seeds(configuration))
    users: dict[str, list[Unit]] = {}
    owners: dict[int, list[Function]] = {}
    for module in modules:
        for unit in module.units:
            owners.setdefault(id(unit), []).append(module.body)
        for function in module.functions.values():
            owners.setdefault(id(function.unit), []).append(function)
    for unit in units(modules):
        for name in unit.mentions:
            users.setdefault(name, []).append(unit)
    found = {id(function.unit) for module in modules for function in module.functions.values()
             if configuration.read_decorators.handles(function.decorators)}
    while known.waiting:
        for unit in users.get(known.waiting.pop(), ()):
            if id(unit) in found:
                continue
            found.add(id(unit))
            if any(exposes(outermost(function)) or exposes(function) for function in owners.get(id(unit), ())):
                known.add(unit.exports)
    return [function for module in modules for function in module.functions.values()
            if is_relevant(function, module, found)]


def units(modules: list[Module]) -> Iterator[Unit]:
    seen: set[int] = set()
    for module in modules:
        for unit in [*module.units, *(function.unit for function in module.functions.values())]:
            if id(unit) not in seen:
                seen.add(id(unit))
                yield unit


def outermost(function: Function) -> Function:
    """The outermost enclosing function, which is the one that callers see."""
    while function.outer is not None and function.outer.outer is not None:
        function = function.outer
    return function


class Names:
    def __init__(self, names: set[str]) -> None:
        self.seen = set(names)
        self.waiting = list(names)

    def add(self, names: set[str]) -> None:
        self.waiting.extend(names - self.seen)
        self.seen |= names


def seeds(configuration: Configuration) -> set[str]:
    names = set(configuration.aliases | configuration.dsns)
    for patterns in (configuration.read_givers, configuration.read_objects, configuration.read_types):
        names.update(patterns.by_name)
    return names


def is_relevant(function: Function, module: Module, found: set[int]) -> bool:
    if function is module.body:
        return any(id(unit) in found for unit in module.units)
    around: Function | None = function
    while around is not None and around is not module.body:
        if id(around.unit) in found or any(id(inner.unit) in found for inner in around.nested):
            return True
        around = around.outer
    return False


def interesting(modules: list[Module], sinks: frozenset[str]) -> frozenset[str]:
    """`sinks`, and the names of all functions that call them directly or indirectly."""
    callers: dict[str, set[str]] = {}
    for module in modules:
        for function in module.functions.values():
            names = {function.name, function.owner.name} if function.name == "__init__" and function.owner else {
                function.name}
            outer = function.outer
            while outer is not None and outer.outer is not None:
                names.add(outer.name)
                outer = outer.outer
            for called in function.calls:
                callers.setdefault(called, set()).update(names)
    found = set(sinks)
    waiting = list(sinks)
    while waiting:
        for name in callers.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return frozenset(found)
