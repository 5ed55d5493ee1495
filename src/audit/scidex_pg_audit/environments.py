"""Merges the values of variables where paths of a program meet."""

from scidex_pg_audit.frame import Environment
from scidex_pg_audit.guards import guarded
from scidex_pg_audit.values import (NO_GUARDS, NOTHING, UNKNOWN, Get, Guards, Item, Symbol, Text, Value, join, only)


def met(left: Environment | None, right: Environment | None, left_guards: Guards = NO_GUARDS,
        right_guards: Guards = NO_GUARDS) -> Environment | None:
    """The environment after two paths, each taken under its guards."""
    if left is None or right is None:
        return left if right is None else right
    if left is right:
        return left
    result: Environment = {}
    for name in left.keys() | right.keys():
        one, other = left.get(name), right.get(name)
        if one is None or other is None:
            # A variable without a value cannot be used; an attribute keeps its previous value.
            before = earlier(name, right if other is None else left) if "." in name else NOTHING
            one, other = (before if one is None else one), (before if other is None else other)
        if one == other:
            result[name] = one
        else:
            result[name] = join(join(one & other, guarded(one - other, left_guards)),
                                guarded(other - one, right_guards))
    return result


def earlier(name: str, environment: Environment) -> Value:
    """The value of an attribute such as self.db, or of an element, before any assignment."""
    root, *rest = name.split(".")
    value = environment.get(root, NOTHING)
    if len(value) == 1:
        atom = next(iter(value))
        if isinstance(atom, Symbol) and not atom.steps:
            return only(Symbol(atom.name, tuple(Item(part[1:-1]) if part.startswith("[") else Get(part) for part in rest)))
    return UNKNOWN


def all_met(environments: list[Environment | None]) -> Environment | None:
    result: Environment | None = None
    for environment in environments:
        result = met(result, environment)
    return result


def copied(environment: Environment | None) -> Environment | None:
    return None if environment is None else dict(environment)


def widened(before: Environment, after: Environment) -> Environment:
    """`after`, with strings that a loop keeps extending ending in an unknown part."""
    result = dict(after)
    for name, value in after.items():
        grown = value - before.get(name, NOTHING)
        if any(isinstance(atom, Text) for atom in grown) and len(value) > 3:
            kept = frozenset(atom for atom in value if not isinstance(atom, Text))
            texts = sorted((atom for atom in value if isinstance(atom, Text)), key=lambda atom: len(str(atom.pieces)))
            first = texts[0]
            result[name] = kept | {first, Text((*first.pieces, None), first.when)}
    return result
