"""Import statements."""

from __future__ import annotations

import ast

from scidex_pg_audit import access
from scidex_pg_audit.frame import Frame
from scidex_pg_audit.values import External, ModuleRef, Value, only


def plain(frame: Frame, node: ast.Import) -> None:
    for alias in node.names:
        wanted = alias.name if alias.asname else alias.name.partition(".")[0]
        module = frame.analysis.code_base.find(wanted, frame.module)
        value = only(External(wanted)) if module is None else only(ModuleRef(module))
        frame.assign(alias.asname or wanted, value)


def of_names(frame: Frame, node: ast.ImportFrom) -> None:
    code_base = frame.analysis.code_base
    name = node.module or ""
    module = code_base.relative(frame.module, node.level, name) if node.level else code_base.find(name, frame.module)
    for alias in node.names:
        if alias.name == "*":
            if module is not None and module is not frame.module:
                everything(frame, module)
            continue
        if module is not None and module is not frame.module:
            value = access.module_attribute(frame, module, alias.name)
        else:
            value = not_found(frame, node, f"{name}.{alias.name}" if name else alias.name)
        frame.assign(alias.asname or alias.name, value)


def not_found(frame: Frame, node: ast.ImportFrom, dotted: str) -> Value:
    """A module of a package without an __init__.py, or something outside the code base."""
    code_base = frame.analysis.code_base
    module = (code_base.relative(frame.module, node.level, dotted) if node.level
              else code_base.find(dotted, frame.module))
    if module is not None and module is not frame.module:
        return only(ModuleRef(module))
    return access.named(frame, dotted)


def everything(frame: Frame, module) -> None:
    frame.analysis.global_value(module, "")
    running = frame.analysis.running.get(module.body)
    environment = (running.environment if running else frame.analysis.environments.get(module)) or {}
    for name, value in list(environment.items()):
        if not name.startswith("_") and "." not in name:
            frame.assign(name, value)
