"""shell_scripts.py ROOT: every shell script of the repository parses, and every script that is a command is executable."""

import os
import pathlib
import re
import subprocess
import sys

SKIPPED = {".git", "build", "node_modules"}
COMMANDS = ("dev", ".ci/run")
SHELL = re.compile(rb"#!.*\b(ba|da)?sh\b|# shellcheck shell=")


def shell_scripts(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED)
        for name in names:
            path = pathlib.Path(folder, name)
            if path.is_file():
                with path.open("rb") as file:
                    if SHELL.match(file.readline()):
                        yield path


def problems(root):
    scripts = list(shell_scripts(root))
    for command in COMMANDS:
        if root / command not in scripts:
            yield f"{command}: there is no such script"
        elif not os.access(root / command, os.X_OK):
            yield f"{command}: cannot be executed"
    for script in scripts:
        parse = subprocess.run(["bash", "-n", script], capture_output=True, text=True)
        if parse.returncode != 0:
            yield parse.stderr.strip()


found = list(problems(pathlib.Path(sys.argv[1])))
print("\n".join(found))
sys.exit(1 if found else 0)
