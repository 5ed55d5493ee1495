"""Names of functions that may write in the end, so that other calls on parameters need not be remembered."""

from scidex_pg_audit.definitions import Module


def interesting(modules: list[Module], sinks: frozenset[str]) -> frozenset[str]:
    """`sinks`, and the names of all functions that call one of these, directly or not."""
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
