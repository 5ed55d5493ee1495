"""Finds the files to audit, and the names by which imports may refer to them."""

import fnmatch
import os
import pathlib
from typing import NamedTuple

SUFFIXES = (".py", ".pyw")
SHEBANG = b"#!"


class Source(NamedTuple):
    """A file: its path, its name in findings, and its dotted names, longest first."""
    path: pathlib.Path
    shown: str
    names: tuple[str, ...]
    is_package: bool


def sources(paths: list[str], exclude: tuple[str, ...]) -> list[Source]:
    """Returns each file once, in a fixed order. Raises FileNotFoundError if a path does not exist."""
    found: dict[str, Source] = {}
    for path in paths:
        root = pathlib.Path(path)
        if not root.exists():
            raise FileNotFoundError(path)
        for file in files(root, exclude):
            found.setdefault(os.path.realpath(file), source(file, root))
    return list(found.values())


def files(root: pathlib.Path, exclude: tuple[str, ...]) -> list[pathlib.Path]:
    if not root.is_dir():
        return [root]
    result = []
    # Symbolic links to folders are not followed, because they may form cycles.
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not excluded(name, exclude))
        for name in sorted(names):
            file = pathlib.Path(folder, name)
            if not excluded(name, exclude) and file.is_file() and (name.endswith(SUFFIXES) or is_script(file)):
                result.append(file)
    return result


def excluded(name: str, exclude: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in exclude)


def is_script(file: pathlib.Path) -> bool:
    """Whether a file without a suffix begins like a Python script."""
    if file.suffix:
        return False
    try:
        with file.open("rb") as content:
            line = content.readline(200)
    except OSError:
        return False
    return line.startswith(SHEBANG) and b"python" in line


def source(file: pathlib.Path, root: pathlib.Path) -> Source:
    is_package = file.stem == "__init__"
    parts = list(file.with_suffix("").parts)
    if is_package:
        parts.pop()
    below = list((file.relative_to(root) if root.is_dir() else pathlib.Path(file.name)).with_suffix("").parts)
    if is_package:
        below.pop()
    # The name within its package, which extends upwards as long as there is an __init__.py.
    depth, folder = 1, file.parent.parent if is_package else file.parent
    while (folder / "__init__.py").exists() and folder != folder.parent:
        depth, folder = depth + 1, folder.parent
    longest = max(depth, len(below))
    names = [".".join(parts[-length:]) for length in range(longest, 0, -1) if parts[-length:]]
    return Source(file, str(file), tuple(names) or (file.stem,), is_package)
