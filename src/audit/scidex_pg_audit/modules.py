"""The code base: all modules, and the resolution of imports."""

import sys

from scidex_pg_audit.definitions import Module


class CodeBase:
    def __init__(self, modules: list[Module]) -> None:
        self.modules = modules
        self.by_name: dict[str, list[Module]] = {}
        for module in modules:
            for name in module.names:
                self.by_name.setdefault(name, []).append(module)
        self.packages = {name.partition(".")[0] for name in self.by_name}

    def find(self, name: str, importer: Module) -> Module | None:
        """The module to which `import name` refers in `importer`; None if it is outside the code base."""
        candidates = self.by_name.get(name)
        if not candidates:
            return None
        if "." not in name:
            candidates = [module for module in candidates if reachable(module, importer)]
        standard = name.partition(".")[0] in sys.stdlib_module_names
        if not candidates or (standard and not sibling(candidates[0], importer)):
            return None
        return max(candidates, key=lambda module: nearness(module, importer))

    def relative(self, importer: Module, level: int, name: str) -> Module | None:
        """The module to which `from ..name import` refers."""
        parts = importer.name.split(".")
        keep = len(parts) - level + (1 if importer.is_package else 0)
        if keep < 0:
            return None
        dotted = ".".join([*parts[:keep], *([name] if name else [])])
        candidates = self.by_name.get(dotted, [])
        return max(candidates, key=lambda module: nearness(module, importer)) if candidates else None

    def submodule(self, package: Module, name: str) -> Module | None:
        candidates = [module for module in self.by_name.get(f"{package.name}.{name}", ())
                      if module.file.startswith(package.file.removesuffix("__init__.py"))]
        return candidates[0] if candidates else None


def folder(module: Module) -> str:
    return module.file.rpartition("/")[0]


def sibling(module: Module, importer: Module) -> bool:
    own = folder(module)
    return own == folder(importer) or (module.is_package and own.rpartition("/")[0] == folder(importer))


def reachable(module: Module, importer: Module) -> bool:
    """Whether a name without a dot can refer to `module`: it must be beside the importer or at the root."""
    return len(module.names) == 1 or sibling(module, importer)


def nearness(module: Module, importer: Module) -> int:
    """The number of leading path components that both share."""
    count = 0
    for one, other in zip(module.file.split("/"), importer.file.split("/")):
        if one != other:
            break
        count += 1
    return count
