"""Builds the objects of definitions.py from syntax trees."""

import ast
import re

from scidex_pg_audit.annotations import dotted_name
from scidex_pg_audit.definitions import Class, Function, FunctionNode, Module, Unit

LONGEST_MENTION = 64
PREPARE = re.compile(r"\s*PREPARE\s+\w", re.IGNORECASE)
SORTS = {"staticmethod": "static", "classmethod": "class", "property": "property", "cached_property": "property"}


def collect(module: Module) -> None:
    module.body = Function("<module>", "<module>", module.tree, module)
    module.functions[id(module.tree)] = module.body
    for statement in module.tree.body:
        module.body.unit = Unit()
        module.units.append(module.body.unit)
        Collector(module).statements([statement], module.body, None, "")


class Collector:
    """Uses an explicit stack, because source code may nest deeper than Python's recursion limit."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.waiting: list[tuple[ast.AST, Function, Class | None, str]] = []

    def statements(self, body: list[ast.stmt], function: Function, owner: Class | None, prefix: str) -> None:
        self.push(body, function, owner, prefix)
        while self.waiting:
            node, function, owner, prefix = self.waiting.pop()
            visit = VISITS.get(type(node))
            if visit is None or not visit(self, node, function, owner, prefix):
                self.push(ast.iter_child_nodes(node), function, owner, prefix)

    def push(self, nodes, function: Function, owner: Class | None, prefix: str) -> None:
        self.waiting.extend((node, function, owner, prefix) for node in nodes)

    def visit_function(self, node, function: Function, owner: Class | None, prefix: str) -> bool:
        assign(function, node.name)
        inner = self.add(node, node.name, function, owner, prefix)
        for decorator in node.decorator_list:
            name = decorator.attr if isinstance(decorator, ast.Attribute) else getattr(decorator, "id", "")
            inner.sort = SORTS.get(name, inner.sort)
            inner.decorators.append(dotted_name(decorator.func if isinstance(decorator, ast.Call) else decorator))
        if node.name == "__new__":
            inner.sort = "static"
        inner.decorated = bool(node.decorator_list)
        if owner is not None:
            owner.methods.setdefault(node.name, inner)
        self.push(node.decorator_list, function, owner, prefix)
        self.push(node.body, inner, None, inner.qualname + ".")
        return True

    def visit_lambda(self, node: ast.Lambda, function: Function, owner: Class | None, prefix: str) -> bool:
        inner = self.add(node, "<lambda>", function, None, prefix)
        inner.unit = function.unit
        self.push([node.body], inner, None, prefix)
        return True

    def add(self, node: FunctionNode, name: str, outer: Function, owner: Class | None, prefix: str) -> Function:
        inner = Function(name, prefix + name, node, self.module, outer, owner)
        inner.unit.exports.add(name)
        if owner is not None and name == "__init__":
            inner.unit.exports.add(owner.name)
        self.module.functions[id(node)] = inner
        outer.nested.append(inner)
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args]
        inner.positional = len(named)
        for argument in [*named, *arguments.kwonlyargs]:
            inner.parameters.append(argument.arg)
            if argument.annotation is not None:
                inner.annotations[argument.arg] = argument.annotation
                self.push([argument.annotation], inner, None, prefix)
        for argument, default in zip(reversed(named), reversed(arguments.defaults)):
            inner.defaults[argument.arg] = default
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
            if default is not None:
                inner.defaults[argument.arg] = default
        inner.vararg = arguments.vararg.arg if arguments.vararg else ""
        inner.kwarg = arguments.kwarg.arg if arguments.kwarg else ""
        for parameter in [*inner.parameters, inner.vararg, inner.kwarg]:
            if parameter:
                assign(inner, parameter)
        self.push([*arguments.defaults, *filter(None, arguments.kw_defaults)], outer, None, prefix)
        # A name in a default is also available in the function.
        for default in [*arguments.defaults, *filter(None, arguments.kw_defaults)]:
            inner.unit.mentions.update(names_in(default))
        return inner

    def visit_class(self, node: ast.ClassDef, function: Function, owner: Class | None, prefix: str) -> bool:
        assign(function, node.name)
        function.unit.exports.add(node.name)
        inner = Class(node.name, prefix + node.name, node, self.module, function)
        inner.fields = [one.target.id for one in node.body
                        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
        self.module.classes[id(node)] = inner
        self.push([*node.bases, *(keyword.value for keyword in node.keywords), *node.decorator_list], function, owner,
                  prefix)
        self.push(node.body, function, inner, inner.qualname + ".")
        return True

    def visit_name(self, node: ast.Name, function: Function, owner: Class | None, prefix: str) -> bool:
        function.unit.mentions.add(node.id)
        if isinstance(node.ctx, ast.Load):
            function.loads.add(node.id)
            function.references[node.id] = function.references.get(node.id, 0) + 1
        elif function is self.module.body:
            function.unit.exports.add(node.id)
        if isinstance(node.ctx, ast.Store) and owner is None:
            assign(function, node.id)
            if node.id in function.globals:
                self.module.global_writers.setdefault(node.id, []).append(function)
        return True

    def visit_attribute(self, node: ast.Attribute, function: Function, owner: Class | None, prefix: str) -> bool:
        if isinstance(node.ctx, ast.Store):
            function.unit.exports.add(node.attr)
        else:
            function.unit.mentions.add(node.attr)
        if isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            holder: Function | None = function
            while holder is not None and holder.self_name != node.value.id:
                holder = holder.outer
            if holder is not None and holder.owner is not None:
                writers = holder.owner.attribute_writers.setdefault(node.attr, [])
                if holder not in writers:
                    writers.append(holder)
        return False

    def visit_call(self, node: ast.Call, function: Function, owner: Class | None, prefix: str) -> bool:
        if isinstance(node.func, ast.Name):
            function.calls.add(node.func.id)
            function.direct_calls[node.func.id] = function.direct_calls.get(node.func.id, 0) + 1
        elif isinstance(node.func, ast.Attribute):
            function.calls.add(node.func.attr)
        return False

    def visit_global(self, node: ast.Global, function: Function, owner: Class | None, prefix: str) -> bool:
        function.globals.update(node.names)
        function.unit.exports.update(node.names)
        for name in node.names:
            self.module.global_writers.setdefault(name, []).append(function)
        return True

    def visit_nonlocal(self, node: ast.Nonlocal, function: Function, owner: Class | None, prefix: str) -> bool:
        function.nonlocals.update(node.names)
        return True

    def visit_yield(self, node: ast.AST, function: Function, owner: Class | None, prefix: str) -> bool:
        function.is_generator = True
        return False

    def visit_import(self, node, function: Function, owner: Class | None, prefix: str) -> bool:
        for alias in node.names:
            assign(function, alias.asname or alias.name.split(".")[0])
            if alias.asname:
                unit = Unit({alias.name.rpartition(".")[2]}, {alias.asname})
                self.module.units.append(unit)
        return True

    def visit_handler(self, node: ast.ExceptHandler, function: Function, owner: Class | None, prefix: str) -> bool:
        if node.name:
            assign(function, node.name)
        return False

    def visit_capture(self, node, function: Function, owner: Class | None, prefix: str) -> bool:
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name:
            assign(function, name)
        return False

    def visit_constant(self, node: ast.Constant, function: Function, owner: Class | None, prefix: str) -> bool:
        if isinstance(node.value, str):
            if len(node.value) <= LONGEST_MENTION:
                function.unit.mentions.add(node.value)
            if len(node.value) > 12 and PREPARE.match(node.value):
                self.module.prepares.append(node.value)
        return True


def names_in(node: ast.AST) -> set[str]:
    return {inner.id if isinstance(inner, ast.Name) else inner.attr for inner in ast.walk(node)
            if isinstance(inner, (ast.Name, ast.Attribute))}


def assign(function: Function, name: str) -> None:
    function.locals[name] = function.locals.get(name, 0) + 1


VISITS = {
    ast.FunctionDef: Collector.visit_function,
    ast.AsyncFunctionDef: Collector.visit_function,
    ast.Lambda: Collector.visit_lambda,
    ast.ClassDef: Collector.visit_class,
    ast.Name: Collector.visit_name,
    ast.Attribute: Collector.visit_attribute,
    ast.Call: Collector.visit_call,
    ast.Global: Collector.visit_global,
    ast.Nonlocal: Collector.visit_nonlocal,
    ast.Yield: Collector.visit_yield,
    ast.YieldFrom: Collector.visit_yield,
    ast.Import: Collector.visit_import,
    ast.ImportFrom: Collector.visit_import,
    ast.ExceptHandler: Collector.visit_handler,
    ast.MatchAs: Collector.visit_capture,
    ast.MatchStar: Collector.visit_capture,
    ast.MatchMapping: Collector.visit_capture,
    ast.Constant: Collector.visit_constant,
}
