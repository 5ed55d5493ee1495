"""test_names.py TESTS: the name of every test below the folder TESTS has at most 60 letters.

In GoogleTest the name is the macro's second argument, in Python what follows "test_" in the name of a method, and in
node's test runner the title without its placeholders. Punctuation and spaces count as letters.
"""

import pathlib
import re
import sys

MOST = 60
NAMES = {
    ".cc": re.compile(r"^[ \t]*(?:TYPED_)?TEST(?:_F|_P)?\(\s*\w+,\s*(?P<name>\w+)\s*\)", re.MULTILINE),
    ".py": re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+test_(?P<name>\w+)", re.MULTILINE),
    ".ts": re.compile(r"^[ \t]*(?:test|it)(?:\.\w+)?\(\s*(?P<quote>['\"`])(?P<name>.*?)(?P=quote)", re.MULTILINE),
}
PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


def names_of(text, kind):
    """Line and name of every test in a file of this kind."""
    for found in NAMES[kind].finditer(text):
        yield text.count("\n", 0, found.start("name")) + 1, PLACEHOLDER.sub("", found["name"])


def check(folder):
    for file in sorted(folder.rglob("*")):
        if file.suffix not in NAMES or "node_modules" in file.parts or not file.is_file():
            continue
        for line, name in names_of(file.read_text(encoding="utf-8"), file.suffix):
            if len(name) > MOST:
                yield f"{file.relative_to(folder.parent)}:{line}: a test name has {len(name)} letters, more than {MOST}: {name}"


if __name__ == "__main__":
    problems = list(check(pathlib.Path(sys.argv[1])))
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
