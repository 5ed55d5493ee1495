"""What is stored where any function can read it: globals, attributes of modules and classes.

Kept over the rounds of the analysis, as a function may be read before another that stores what it reads.
"""

from scidex_pg_audit.effects import dull, symbols
from scidex_pg_audit.values import NOTHING, Value, join

Key = tuple[object, str]


class Heap:
    def __init__(self) -> None:
        self.values: dict[Key, Value] = {}
        self.missed: set[Key] = set()
        self.changed = False

    def store(self, key: Key, value: Value) -> None:
        kept = frozenset(atom for atom in value if not symbols(frozenset((atom,))))
        before = self.values.get(key, NOTHING)
        after = join(before, kept)
        if after != before:
            self.values[key] = after
            self.changed |= key in self.missed and not dull(after)

    def load(self, key: Key) -> Value:
        self.missed.add(key)
        return self.values.get(key, NOTHING)
