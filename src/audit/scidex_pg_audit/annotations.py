"""The value of a parameter, as far as its annotation shows it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from scidex_pg_audit.definitions import Module
from scidex_pg_audit.values import (NOTHING, READ, UNKNOWN, WRITE, ClassRef, Handle, Injected, Instance, Step, Value,
                                    join, only)

if TYPE_CHECKING:
    from scidex_pg_audit.analysis import Analysis


def annotated(analysis: Analysis, module: Module, node: ast.expr) -> Value:
    """A handle, an instance of a class of the code base, or UNKNOWN."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return UNKNOWN
    types = analysis.configuration
    if types.read_types or types.write_types:
        for inner in ast.walk(node):
            if isinstance(inner, (ast.Name, ast.Attribute)):
                dotted = dotted_name(inner)
                if types.read_types.name(dotted):
                    return only(Handle(READ, path=(Step(module.file, inner.lineno),)))
                if types.write_types.name(dotted):
                    return only(Handle(WRITE))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return join(annotated(analysis, module, node.left), annotated(analysis, module, node.right))
    return of_value(analysis.evaluated(module, node))


def of_value(value: Value) -> Value:
    result = NOTHING
    for atom in value:
        if isinstance(atom, Injected):
            result = join(result, atom.value)
        elif isinstance(atom, ClassRef):
            result = join(result, only(Instance(atom.definition)))
    return result or UNKNOWN


def dotted_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        inner = dotted_name(node.value)
        return f"{inner}.{node.attr}" if inner else node.attr
    return node.id if isinstance(node, ast.Name) else ""
