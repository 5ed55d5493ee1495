"""Determines whether a function exposes a read handle, or something derived from it, to its callers."""

from scidex_pg_audit.definitions import Function
from scidex_pg_audit.effects import Summary, parts
from scidex_pg_audit.values import READ, FunctionRef, Handle, Value


def exposes(function: Function, summary: Summary) -> bool:
    if function is function.module.body or function.globals or function.nonlocals or summary.publishes:
        return True
    if any(holds_read(value) for value in (summary.returns, summary.yields, *summary.stores.values())):
        return True
    if any(isinstance(atom, FunctionRef) for atom in summary.returns):
        return True
    # The SQL, or the function to call with the handle, comes from the caller.
    return any(holds_read(effect.callee) or any(holds_read(value) for value in effect.arguments.values())
               for effect in summary.symbolic)


def holds_read(value: Value) -> bool:
    # A row reveals too little about the handle: every function that returns one would count.
    return any((isinstance(atom, Handle) and atom.kind == READ and atom.sort != "row")
               or any(holds_read(inner) for inner in parts(atom)) for atom in value)
