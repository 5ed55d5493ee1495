"""The state of the analysis of one function."""

from __future__ import annotations

import ast
import dataclasses
from typing import TYPE_CHECKING

from scidex_pg_audit.definitions import Function
from scidex_pg_audit.effects import Effect, Site, Summary
from scidex_pg_audit.values import NO_GUARDS, NOTHING, Guards, Step, Value, join

if TYPE_CHECKING:
    from scidex_pg_audit.analysis import Analysis

Environment = dict[str, Value]
# An effect counts once, however often it is reached; further effects are dropped.
MOST_EFFECTS = 1000
LONGEST_RECEIVER = 60


class Frame:
    """`environment` is None where the code is unreachable."""

    def __init__(self, analysis: Analysis, function: Function) -> None:
        self.analysis = analysis
        self.function = function
        self.module = function.module
        self.environment: Environment | None = {}
        self.effects: dict[Effect, None] = {}
        self.summary = Summary()
        self.guards: Guards = NO_GUARDS
        # Whether elements of containers from elsewhere were assigned.
        self.stores_items = False
        self.muted = 0
        self.depth = 0
        self.performed = 0
        self.breaks: list[list[Environment]] = []
        self.continues: list[list[Environment]] = []
        self.raised: list[list[Environment]] = []
        self.applied: set[object] = set()

    def step(self, node: ast.AST) -> Step:
        return Step(self.module.file, getattr(node, "lineno", 0))

    def site(self, node: ast.AST, receiver: ast.AST | None = None) -> Site:
        """`receiver` is the expression with the handle; by default, the object whose method is called."""
        if receiver is None:
            func = node.func if isinstance(node, ast.Call) else node
            receiver = func.value if isinstance(func, ast.Attribute) else func
        return Site(self.module.file, getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0,
                    getattr(node, "col_offset", 0), self.function.qualname, shown(receiver))

    def record(self, effect: Effect) -> None:
        if not self.muted and len(self.effects) < MOST_EFFECTS:
            conditions = frozenset(guard for guard in self.guards if guard.symbol) - effect.when
            self.effects[dataclasses.replace(effect, when=effect.when | conditions) if conditions else effect] = None

    def assign(self, name: str, value: Value) -> None:
        if self.environment is None:
            return
        self.environment[name] = value
        for key in [key for key in self.environment if key.startswith(name + ".")]:
            del self.environment[key]
        if self.function.nested:
            self.summary.assigned[name] = join(self.summary.assigned.get(name, NOTHING), value)
        if name in self.function.nonlocals:
            self.summary.nonlocals[name] = join(self.summary.nonlocals.get(name, NOTHING), value)
        if name in self.function.globals:
            self.analysis.heap.store((self.module.file, name), value)


def shown(node: ast.AST) -> str:
    """An expression in the form shown to readers."""
    parts: list[str] = []
    while isinstance(node, (ast.Attribute, ast.Await, ast.Call, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            parts.append("." + node.attr)
        elif isinstance(node, ast.Call):
            parts.append("()" if not node.args and not node.keywords else "(...)")
        elif isinstance(node, ast.Subscript):
            parts.append(f"[{node.slice.value!r}]" if isinstance(node.slice, ast.Constant) else "[...]")
        node = node.func if isinstance(node, ast.Call) else node.value
    parts.append(node.id if isinstance(node, ast.Name) else "(...)" if parts else type(node).__name__.lower())
    text = "".join(reversed(parts))
    return text if len(text) <= LONGEST_RECEIVER else "..." + text[-LONGEST_RECEIVER:]
