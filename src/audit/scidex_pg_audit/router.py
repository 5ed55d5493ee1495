"""Django's database routers."""

from __future__ import annotations

import ast

from scidex_pg_audit.definitions import Function, Module
from scidex_pg_audit.expressions import dotted_name


def decides_writes(module: Module, replicas: frozenset[str]) -> bool:
    """Whether a router sends every write to one database that is no replica: then an object is saved there, whichever
    database it was read from."""
    return any(names_one(definition.methods["db_for_write"], replicas) for definition in module.classes.values()
               if "db_for_write" in definition.methods)


def names_one(function: Function, replicas: frozenset[str]) -> bool:
    """Whether all that the method does is to return a string or a setting."""
    body = [one for one in function.node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    if len(body) != 1 or not isinstance(body[0], ast.Return):
        return False
    value = body[0].value
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str) and value.value not in replicas
    names = dotted_name(value).split(".") if value is not None else [""]
    return bool(names[0]) and names[0] not in function.parameters[1:] and names[-1] not in replicas
