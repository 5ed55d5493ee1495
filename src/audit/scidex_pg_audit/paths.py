"""The path of a handle through the code, stored in the atom."""

import dataclasses

from scidex_pg_audit.values import Handle, Path, Step, Symbol, Value

LONGEST = 12


def extended(path: Path, step: Step) -> Path:
    if step in path or len(path) >= LONGEST:
        return path
    return path + (step,)


def through(value: Value, step: Step) -> Value:
    """`value` with a further place in its path."""
    if not any(isinstance(atom, (Handle, Symbol)) for atom in value):
        return value
    return frozenset(
        dataclasses.replace(atom, path=extended(atom.path, step)) if isinstance(atom, (Handle, Symbol)) else atom
        for atom in value)


def continued(value: Value, path: Path) -> Value:
    """`value` with all places of `path` added."""
    for step in path:
        value = through(value, step)
    return value
