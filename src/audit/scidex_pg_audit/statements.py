"""The effects of statements on variables, along every path of a function."""

from __future__ import annotations

import ast

from scidex_pg_audit import access, imports, loops
from scidex_pg_audit.branching import narrow, narrow_none, truth_guards
from scidex_pg_audit.decorators import decorated
from scidex_pg_audit.environments import all_met, copied, met
from scidex_pg_audit.expressions import added, dotted_name, evaluate
from scidex_pg_audit.frame import Environment, Frame
from scidex_pg_audit.guards import guarded
from scidex_pg_audit.paths import extended
from scidex_pg_audit.values import NOTHING, UNKNOWN, ClassRef, FunctionRef, Symbol, join, only

# In deeper nesting, a finally block is analysed once for all paths into it.
DEEPEST_FINALLY = 3


def run(frame: Frame) -> None:
    """Analyses the whole function."""
    function = frame.function
    for name in [*function.parameters, function.vararg, function.kwarg]:
        if name:
            frame.assign(name, only(Symbol(name)))
    if isinstance(function.node, ast.Lambda):
        frame.summary.returns = evaluate(frame, function.node.body)
    else:
        block(frame, function.node.body)


def block(frame: Frame, body: list[ast.stmt]) -> None:
    before = frame.guards
    for statement in body:
        if frame.environment is None:
            break
        frame.analysis.here = extended((), frame.step(statement))
        execute = KINDS.get(type(statement))
        if execute is not None:
            execute(frame, statement)
        if frame.raised and frame.environment is not None:
            frame.raised[-1].append(dict(frame.environment))
    frame.guards = before


def assignment(frame: Frame, node: ast.Assign) -> None:
    value = evaluate(frame, node.value)
    for target in node.targets:
        access.bind_target(frame, target, value)


def annotated_assignment(frame: Frame, node: ast.AnnAssign) -> None:
    if node.value is not None:
        access.bind_target(frame, node.target, evaluate(frame, node.value))


def augmented_assignment(frame: Frame, node: ast.AugAssign) -> None:
    value = evaluate(frame, node.value)
    target = dotted_name(node.target)
    if target and isinstance(node.op, ast.Add):
        before = evaluate(frame, as_load(node.target))
        access.bind_target(frame, node.target, added([before, value]))
    elif target:
        access.bind_target(frame, node.target, UNKNOWN)


def as_load(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Attribute):
        return ast.copy_location(ast.Attribute(node.value, node.attr, ast.Load()), node)
    return ast.copy_location(ast.Name(getattr(node, "id", ""), ast.Load()), node)


def deletion(frame: Frame, node: ast.Delete) -> None:
    for target in node.targets:
        name = dotted_name(target)
        if name and frame.environment is not None:
            frame.environment.pop(name, None)


def condition(frame: Frame, node: ast.If) -> None:
    evaluate(frame, node.test)
    true, false = truth_guards(frame, node.test)
    before, guards = copied(frame.environment), frame.guards
    branch(frame, node.body, node.test, True, true)
    then, frame.environment, frame.guards = frame.environment, before, guards
    branch(frame, node.orelse, node.test, False, false)
    # If one branch leaves the block, the following code belongs to the other.
    lasting = (false if then is None else frozenset()) | (true if frame.environment is None else frozenset())
    frame.environment, frame.guards = met(then, frame.environment, true, false), guards | lasting


def branch(frame: Frame, body: list[ast.stmt], test: ast.expr, truth: bool, guards) -> None:
    narrow(frame, guards)
    narrow_none(frame, test, truth)
    frame.guards = frame.guards | guards
    block(frame, body)


def context(frame: Frame, node: ast.With | ast.AsyncWith) -> None:
    for item in node.items:
        value = access.enter(frame, evaluate(frame, item.context_expr))
        if item.optional_vars is not None:
            access.bind_target(frame, item.optional_vars, value)
    block(frame, node.body)


def attempt(frame: Frame, node: ast.Try) -> None:
    """An exception can be raised before and after each statement of the body."""
    start = copied(frame.environment)
    frame.raised.append([])
    block(frame, node.body)
    raised = all_met([start, *frame.raised.pop()])
    block(frame, node.orelse)
    ends: list[Environment | None] = [frame.environment]
    if node.finalbody:
        frame.raised.append([])
    for handler in node.handlers:
        frame.environment = copied(raised)
        evaluate(frame, handler.type)
        if handler.name:
            frame.assign(handler.name, UNKNOWN)
        block(frame, handler.body)
        ends.append(frame.environment)
    normal = all_met(ends)
    if node.finalbody:
        finish(frame, node.finalbody, normal, all_met([raised, *ends, *frame.raised.pop()]))
    else:
        frame.environment = normal


def finish(frame: Frame, body: list[ast.stmt], normal: Environment | None, raised: Environment | None) -> None:
    """A finally block: first entered by an exception or a return, then normally."""
    if len(frame.raised) < DEEPEST_FINALLY or normal is None:
        frame.environment = copied(raised)
        block(frame, body)
        after = None
    else:
        normal = met(copied(normal), raised)
    frame.environment = normal
    if normal is not None:
        block(frame, body)
    else:
        frame.environment = after


def returned(frame: Frame, node: ast.Return) -> None:
    value = evaluate(frame, node.value) if node.value is not None else NOTHING
    conditions = frozenset(guard for guard in frame.guards if guard.symbol)
    frame.summary.returns = join(frame.summary.returns, guarded(access.through_here(frame, value, node), conditions))
    frame.environment = None


def thrown(frame: Frame, node: ast.Raise) -> None:
    evaluate(frame, node.exc)
    if frame.raised and frame.environment is not None:
        frame.raised[-1].append(dict(frame.environment))
    frame.environment = None


def expression(frame: Frame, node: ast.Expr) -> None:
    evaluate(frame, node.value)


def assertion(frame: Frame, node: ast.Assert) -> None:
    evaluate(frame, node.test)
    narrow_none(frame, node.test, True)


def function_definition(frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    function = frame.module.functions[id(node)]
    for default in [*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)]:
        evaluate(frame, default)
    frame.assign(node.name, decorated(frame, node, only(FunctionRef(function))))


def class_definition(frame: Frame, node: ast.ClassDef) -> None:
    definition = frame.module.classes[id(node)]
    for expression_ in [*node.bases, *node.decorator_list, *(keyword.value for keyword in node.keywords)]:
        evaluate(frame, expression_)
    before = frame.environment
    frame.environment = dict(before or {})
    block(frame, node.body)
    inside = frame.environment or {}
    frame.environment = before
    frame.analysis.class_bodies[definition] = {
        name: value for name, value in inside.items() if before is None or before.get(name) is not value}
    frame.assign(node.name, only(ClassRef(definition)))


def choice(frame: Frame, node: ast.Match) -> None:
    subject = evaluate(frame, node.subject)
    before = frame.environment
    ends: list[Environment | None] = []
    for case in node.cases:
        frame.environment = copied(before)
        bind_pattern(frame, case.pattern, subject)
        evaluate(frame, case.guard)
        block(frame, case.body)
        ends.append(frame.environment)
    last = node.cases[-1]
    if not (isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None):
        ends.append(before)
    frame.environment = all_met(ends)


def bind_pattern(frame: Frame, pattern: ast.pattern, subject) -> None:
    if isinstance(pattern, ast.MatchAs):
        if pattern.name:
            frame.assign(pattern.name, subject)
        if pattern.pattern is not None:
            bind_pattern(frame, pattern.pattern, subject)
        return
    for inner in ast.walk(pattern):
        name = getattr(inner, "rest", None) or getattr(inner, "name", None)
        if isinstance(inner, ast.pattern) and name:
            frame.assign(name, UNKNOWN)


KINDS = {
    ast.Assign: assignment,
    ast.AnnAssign: annotated_assignment,
    ast.AugAssign: augmented_assignment,
    ast.Delete: deletion,
    ast.If: condition,
    ast.For: loops.for_each,
    ast.AsyncFor: loops.for_each,
    ast.While: loops.while_true,
    ast.Break: loops.leave,
    ast.Continue: loops.go_on,
    ast.With: context,
    ast.AsyncWith: context,
    ast.Try: attempt,
    ast.TryStar: attempt,
    ast.Return: returned,
    ast.Raise: thrown,
    ast.Expr: expression,
    ast.Assert: assertion,
    ast.FunctionDef: function_definition,
    ast.AsyncFunctionDef: function_definition,
    ast.ClassDef: class_definition,
    ast.Match: choice,
    ast.Import: imports.plain,
    ast.ImportFrom: imports.of_names,
}
