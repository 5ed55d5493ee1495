"""Values that any function can read: globals, attributes of modules and classes.

Kept across the rounds of the analysis, because a function may be analysed before another that stores what it reads.
"""

from __future__ import annotations

from scidex_pg_audit.definitions import Function
from scidex_pg_audit.effects import dull, symbols
from scidex_pg_audit.values import NOTHING, Value, join

Key = tuple[object, str]


class Heap:
    def __init__(self) -> None:
        self.values: dict[Key, Value] = {}
        self.readers: dict[Key, set[Function]] = {}
        # Functions that read a value before it changed.
        self.outdated: set[Function] = set()

    def store(self, key: Key, value: Value) -> None:
        kept = frozenset(atom for atom in value if not symbols(frozenset((atom,))))
        before = self.values.get(key, NOTHING)
        after = join(before, kept)
        if after != before:
            self.values[key] = after
            if not dull(after):
                self.outdated |= self.readers.get(key, set())

    def load(self, key: Key, reader: Function | None) -> Value:
        if reader is not None:
            self.readers.setdefault(key, set()).add(reader)
        return self.values.get(key, NOTHING)
