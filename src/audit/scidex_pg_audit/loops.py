"""Loops: the body is analysed until variables no longer change, but at most three times and a final one."""

from __future__ import annotations

import ast
from collections.abc import Callable

from scidex_pg_audit import access, statements
from scidex_pg_audit.branching import narrow_none
from scidex_pg_audit.environments import all_met, copied, met, widened
from scidex_pg_audit.expressions import evaluate
from scidex_pg_audit.frame import Environment, Frame

MOST_RUNS = 3


def for_each(frame: Frame, node: ast.For | ast.AsyncFor) -> None:
    elements = access.item(frame, evaluate(frame, node.iter), None)
    repeated(frame, node, lambda: access.bind_target(frame, node.target, elements))


def while_true(frame: Frame, node: ast.While) -> None:
    def begin() -> None:
        evaluate(frame, node.test)
        narrow_none(frame, node.test, True)

    repeated(frame, node, begin)


def repeated(frame: Frame, node: ast.For | ast.AsyncFor | ast.While, begin: Callable[[], None]) -> None:
    head = copied(frame.environment)
    left: list[Environment] = []
    for _ in range(MOST_RUNS):
        # Effects of an earlier run are found again, with more known.
        known, applied = dict(frame.effects), set(frame.applied)
        frame.breaks.append([])
        frame.continues.append([])
        frame.environment = copied(head)
        begin()
        statements.block(frame, node.body)
        left = frame.breaks.pop()
        behind = all_met([head, frame.environment, *frame.continues.pop()])
        if behind is None or behind == head:
            break
        head = widened(head or {}, behind)
        frame.effects, frame.applied = known, applied
    else:
        # Only the last run counts.
        frame.breaks.append([])
        frame.continues.append([])
        frame.environment = copied(head)
        begin()
        statements.block(frame, node.body)
        left = frame.breaks.pop()
        head = all_met([head, frame.environment, *frame.continues.pop()])
    endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)
    frame.environment = None if endless else copied(head)
    if frame.environment is not None:
        if isinstance(node, ast.While):
            narrow_none(frame, node.test, False)
        statements.block(frame, node.orelse)
    frame.environment = met(frame.environment, all_met(list(left)))


def leave(frame: Frame, node: ast.Break) -> None:
    if frame.breaks and frame.environment is not None:
        frame.breaks[-1].append(frame.environment)
    frame.environment = None


def go_on(frame: Frame, node: ast.Continue) -> None:
    if frame.continues and frame.environment is not None:
        frame.continues[-1].append(frame.environment)
    frame.environment = None
