"""The possible values of expressions."""

from __future__ import annotations

import ast

from scidex_pg_audit import access, attributes, calls
from scidex_pg_audit.branching import guarded_alternatives, truth_guards, under
from scidex_pg_audit.binding import unpacked
from scidex_pg_audit.closures import closed
from scidex_pg_audit.effects import Effect
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.texts import concatenated, is_text, percent
from scidex_pg_audit.values import (NOTHING, UNKNOWN, Arguments, Constant, External, FunctionRef, Handle, Injected,
                                    Mapping, Method, Sequence, Setting, Super, Symbol, Text, Value, join, literal,
                                    only, union)

LONGEST_SEQUENCE = 24


def evaluate(frame: Frame, node: ast.expr | None) -> Value:
    if node is None or frame.environment is None:
        return UNKNOWN
    evaluate_kind = KINDS.get(type(node))
    if evaluate_kind is not None:
        return evaluate_kind(frame, node)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            evaluate(frame, child)
    return UNKNOWN


def constant(frame: Frame, node: ast.Constant) -> Value:
    if isinstance(node.value, str):
        return only(Text((node.value,)))
    if isinstance(node.value, bytes):
        return only(Text((node.value.decode("latin-1"),)))
    if node.value is None or isinstance(node.value, (bool, int, float)):
        return only(Constant(node.value))
    return UNKNOWN


def name(frame: Frame, node: ast.Name) -> Value:
    assert frame.environment is not None
    configuration = frame.analysis.configuration
    if configuration.read_objects.name(node.id) or configuration.write_objects.name(node.id):
        return access.named(frame, node.id)
    value = frame.environment.get(node.id)
    if value is not None:
        return closed(frame, value)
    function = frame.function
    if function.is_local(node.id) and function.outer is not None:
        return UNKNOWN
    if function.enclosing(node.id) is not None:
        return only(Symbol(node.id))
    found = frame.analysis.global_value(frame.module, node.id)
    return access.named(frame, node.id) if found is None else found


def attribute(frame: Frame, node: ast.Attribute) -> Value:
    assert frame.environment is not None
    dotted = dotted_name(node)
    if dotted:
        stored = frame.environment.get(dotted)
        if stored is not None:
            return closed(frame, stored)
        configuration = frame.analysis.configuration
        if configuration.read_objects.name(dotted) or configuration.write_objects.name(dotted):
            return access.named(frame, dotted)
    value = access.attribute(frame, evaluate(frame, node.value), node.attr)
    if dotted and all(isinstance(atom, External) for atom in value):
        kept = frame.analysis.loaded((frame.module.file, dotted))
        for atom in value:
            kept = join(kept, frame.analysis.loaded(("external", atom.name)))
        return kept or value
    return value


def dotted_name(node: ast.expr) -> str:
    """a.b.c; empty for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def call(frame: Frame, node: ast.Call) -> Value:
    if isinstance(node.func, ast.Name) and node.func.id == "super":
        return super_of(frame)
    callee = evaluate(frame, node.func)
    arguments = arguments_of(frame, node)
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend", "add", "insert"):
        grow(frame, node.func, arguments)
    site = frame.site(node, handle_argument(node, callee, arguments))
    return calls.perform(frame, Effect(callee, arguments, (site,)))


def handle_argument(node: ast.Call, callee: Value, arguments: Arguments) -> ast.expr | None:
    """The first argument that is a handle, if it is passed to a function instead of executing something itself."""
    if any(isinstance(atom, (Method, Symbol)) for atom in callee) and isinstance(node.func, ast.Attribute):
        return None
    for argument, value in zip(node.args, arguments.positional):
        named = isinstance(argument, (ast.Name, ast.Attribute))
        if named and any(isinstance(atom, (Handle, Symbol)) for atom in value):
            return argument
    return None


def super_of(frame: Frame) -> Value:
    function = frame.function
    while function.owner is None and function.outer is not None:
        function = function.outer
    if function.owner is None or not function.self_name:
        return UNKNOWN
    return only(Super(function.owner, only(Symbol(function.self_name))))


def arguments_of(frame: Frame, node: ast.Call) -> Arguments:
    positional: list[Value] = []
    keywords: list[tuple[str, Value]] = []
    star, double_star, more = NOTHING, NOTHING, False
    for argument in node.args:
        if not isinstance(argument, ast.Starred):
            positional.append(attributes.with_items(frame, argument, evaluate(frame, argument)))
            continue
        value = evaluate(frame, argument.value)
        star = join(star, value)
    for keyword in node.keywords:
        value = attributes.with_items(frame, keyword.value, evaluate(frame, keyword.value))
        if keyword.arg is not None:
            keywords.append((keyword.arg, value))
            continue
        double_star = join(double_star, value)
    return unpacked(Arguments(tuple(positional), tuple(keywords), more, star, double_star))


def grow(frame: Frame, func: ast.Attribute, arguments: Arguments) -> None:
    """A list is extended in place."""
    target = dotted_name(func.value)
    value = frame.environment.get(target) if frame.environment is not None and target else None
    if not value or not arguments.positional:
        return
    added = arguments.positional[-1]
    new = NOTHING
    for atom in value:
        if isinstance(atom, Sequence):
            if func.attr == "append" and not atom.rest and len(atom.items) < LONGEST_SEQUENCE:
                atom = Sequence((*atom.items, added))
            else:
                more = access.item(frame, added, None) if func.attr == "extend" else added
                atom = Sequence(atom.items, join(atom.rest, more))
        new = join(new, only(atom))
    frame.assign(target, new)


def sequence(frame: Frame, node: ast.List | ast.Tuple | ast.Set) -> Value:
    items: list[Value] = []
    rest = NOTHING
    for element in node.elts:
        if isinstance(element, ast.Starred):
            rest = join(rest, access.item(frame, evaluate(frame, element.value), None))
            continue
        value = evaluate(frame, element)
        if rest or len(items) >= LONGEST_SEQUENCE:
            rest = join(rest, value)
        else:
            items.append(value)
    return only(Sequence(tuple(items), rest))


def mapping(frame: Frame, node: ast.Dict) -> Value:
    items: list[tuple[str, Value]] = []
    rest = NOTHING
    for key, element in zip(node.keys, node.values):
        value = evaluate(frame, element)
        known = literal(evaluate(frame, key)) if key is not None else None
        if isinstance(known, str) and len(items) < 60:
            items.append((known, value))
        else:
            rest = join(rest, value)
    return only(Mapping(tuple(items), rest))


def subscript(frame: Frame, node: ast.Subscript) -> Value:
    assert frame.environment is not None
    dotted = dotted_name(node.value)
    if dotted and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        if frame.analysis.configuration.read_objects.item(dotted, node.slice.value):
            return access.external_item(frame, dotted, node.slice.value)
        stored = frame.environment.get(attributes.item_name(dotted, node.slice.value))
        if stored is not None:
            return closed(frame, stored)
    value = evaluate(frame, node.value)
    if any(isinstance(atom, External) and atom.name.endswith("Annotated") for atom in value):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        found = union([evaluate(frame, part) for part in parts])
        return frozenset(atom for atom in found if isinstance(atom, Injected)) or (
            evaluate(frame, parts[0]) if parts else UNKNOWN)
    index = evaluate(frame, node.slice)
    key: str | int | None = None
    if len(index) == 1:
        atom = next(iter(index))
        if isinstance(atom, Setting):
            key = atom.name
        elif isinstance(atom, Constant) and isinstance(atom.value, int):
            key = atom.value
        else:
            key = literal(index)
    if isinstance(node.slice, ast.Slice):
        return value if is_text(value) else frozenset(atom for atom in value if isinstance(atom, Sequence)) or UNKNOWN
    return access.item(frame, value, key)


def joined_string(frame: Frame, node: ast.JoinedStr) -> Value:
    return concatenated([evaluate(frame, part) for part in node.values] or [only(Text(("",)))])


def binary(frame: Frame, node: ast.BinOp) -> Value:
    if not isinstance(node.op, ast.Add):
        left, right = evaluate(frame, node.left), evaluate(frame, node.right)
        if not isinstance(node.op, ast.Mod) or not is_text(left):
            return UNKNOWN
        return union([percent(atom, right) for atom in left if isinstance(atom, Text)])
    operands: list[ast.expr] = []
    inner: ast.expr = node
    while isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add):
        operands.append(inner.right)
        inner = inner.left
    values = [evaluate(frame, operand) for operand in [inner, *reversed(operands)]]
    return added(values)


def added(values: list[Value]) -> Value:
    sequences = [next(iter(value)) for value in values if len(value) == 1]
    if sequences and len(sequences) == len(values) and all(isinstance(atom, Sequence) for atom in sequences):
        return only(Sequence(tuple(item for atom in sequences for item in atom.items),
                             union([atom.rest for atom in sequences])))
    if any(is_text(value) for value in values) or all(
            any(isinstance(atom, Symbol) for atom in value) for value in values):
        return concatenated(values)
    return UNKNOWN


def boolean(frame: Frame, node: ast.BoolOp) -> Value:
    """`or` returns the first true operand, `and` the first false one."""
    result = NOTHING
    is_or = isinstance(node.op, ast.Or)
    guards = frozenset()
    for position, operand in enumerate(node.values):
        with under(frame, guards):
            value = evaluate(frame, operand)
            true, false = truth_guards(frame, operand)
        last = position == len(node.values) - 1
        if is_or and not last:
            value = frozenset(atom for atom in value if not (isinstance(atom, Constant) and not atom.value))
        elif not last:
            value = frozenset(atom for atom in value if isinstance(atom, Constant) and not atom.value)
        here = guards if last else guards | (true if is_or else false)
        result = join(result, guarded_alternatives(value, here))
        if is_or and value and all(isinstance(atom, Handle) for atom in value):
            break
        guards = guards | (false if is_or else true)
    return result or UNKNOWN


def conditional(frame: Frame, node: ast.IfExp) -> Value:
    evaluate(frame, node.test)
    true, false = truth_guards(frame, node.test)
    with under(frame, true):
        body = evaluate(frame, node.body)
    with under(frame, false):
        orelse = evaluate(frame, node.orelse)
    both = body & orelse
    return join(both, join(guarded_alternatives(body - both, true), guarded_alternatives(orelse - both, false)))


def walrus(frame: Frame, node: ast.NamedExpr) -> Value:
    value = evaluate(frame, node.value)
    frame.assign(node.target.id, access.through_here(frame, value, node))
    return value


def function_value(frame: Frame, node: ast.Lambda) -> Value:
    return closed(frame, only(FunctionRef(frame.module.functions[id(node)])))


def yielded(frame: Frame, node: ast.Yield) -> Value:
    value = evaluate(frame, node.value) if node.value is not None else UNKNOWN
    frame.summary.yields = join(frame.summary.yields, value)
    return UNKNOWN


def yielded_from(frame: Frame, node: ast.YieldFrom) -> Value:
    value = access.item(frame, evaluate(frame, node.value), None)
    frame.summary.yields = join(frame.summary.yields, value)
    return UNKNOWN


def comprehension(frame: Frame, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
    before = frame.environment
    frame.environment = dict(before or {})
    guards = frozenset()
    for generator in node.generators:
        elements = access.item(frame, evaluate(frame, generator.iter), None)
        access.bind_target(frame, generator.target, elements)
        for condition in generator.ifs:
            evaluate(frame, condition)
            guards |= truth_guards(frame, condition)[0]
    with under(frame, guards):
        if isinstance(node, ast.DictComp):
            evaluate(frame, node.key)
            value = only(Mapping((), evaluate(frame, node.value)))
        else:
            value = only(Sequence((), evaluate(frame, node.elt)))
    frame.environment = before
    return value


KINDS = {
    ast.Constant: constant,
    ast.Name: name,
    ast.Attribute: attribute,
    ast.Call: call,
    ast.List: sequence,
    ast.Tuple: sequence,
    ast.Set: sequence,
    ast.Dict: mapping,
    ast.Subscript: subscript,
    ast.JoinedStr: joined_string,
    ast.FormattedValue: lambda frame, node: evaluate(frame, node.value),
    ast.BinOp: binary,
    ast.BoolOp: boolean,
    ast.IfExp: conditional,
    ast.NamedExpr: walrus,
    ast.Lambda: function_value,
    ast.Await: lambda frame, node: evaluate(frame, node.value),
    ast.Yield: yielded,
    ast.YieldFrom: yielded_from,
    ast.ListComp: comprehension,
    ast.SetComp: comprehension,
    ast.GeneratorExp: comprehension,
    ast.DictComp: comprehension,
    ast.Starred: lambda frame, node: evaluate(frame, node.value),
}
