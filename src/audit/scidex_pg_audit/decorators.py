"""The effects of decorators on a function."""

from __future__ import annotations

import ast

from scidex_pg_audit import calls
from scidex_pg_audit.closures import closed
from scidex_pg_audit.effects import Effect
from scidex_pg_audit.expressions import evaluate
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.values import Arguments, Factory, FunctionRef, Handle, Instance, Partial, Value


def decorated(frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef, value: Value) -> Value:
    """The function itself, unless a decorator in the code base replaces it."""
    original = value
    for decorator in reversed(node.decorator_list):
        callee = evaluate(frame, decorator)
        effect = Effect(callee, Arguments((closed(frame, value),)), (frame.site(decorator),))
        made = calls.perform(frame, effect)
        if any(isinstance(atom, (FunctionRef, Partial, Factory, Instance, Handle)) for atom in made):
            value = made
    if value != original:
        # The wrapper also runs for callers outside the code base.
        trail = (frame.site(node),)
        calls.perform(frame, Effect(wrappers(value), Arguments((), (), True), trail))
    return value


def wrappers(value: Value) -> Value:
    return frozenset(atom for atom in value if isinstance(atom, FunctionRef))


