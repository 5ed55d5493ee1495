"""The manual pages are well formed, and contain every flag of --help and every key of config/exporter.yaml."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ["SCIDEX_EXPORTER"]
CONFIGURATION = ROOT / "config/exporter.yaml"
BREAK = re.compile(r"\x1b\[[0-9;]*m|.\x08")


def output_of(*command, text=None):
    done = subprocess.run(command, input=text, check=True, capture_output=True, text=True)
    return done.stdout, done.stderr


def generated(script, *arguments):
    return output_of(sys.executable, "-B", str(ROOT / "packaging/man" / script), PROGRAM, *arguments)[0]


def shown(page):
    """The page as man shows it, without line breaks, and the warnings of groff."""
    text, warnings = output_of("groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-rLL=500n", "-P-c", text=page)
    return re.sub(r"\s+", " ", BREAK.sub("", text)), warnings


def keys(value, path=()):
    for name, below in value.items():
        if isinstance(below, dict):
            yield from keys(below, (*path, name))
        else:
            yield ".".join((*path, name)), below


class ManualPages(unittest.TestCase):
    def test_program_page_has_every_flag_and_variable_of_the_help(self):
        text, warnings = shown(generated("program_page.py"))
        self.assertEqual(warnings, "")
        said = output_of(PROGRAM, "--help")[0]
        names = re.findall(r"^ +(?:-\w,)?(--[\w.-]+)", said, re.MULTILINE) + re.findall(r"^  ([A-Z_]{5,}) ", said, re.MULTILINE)
        self.assertGreater(len(names), 15)
        for name in names:
            self.assertIn(f" {name} ", text)
        for line in re.findall(r"^(?: {2,}\S+(?: \S+)? {2,}| {20,})(\S.*)$", said, re.MULTILINE):
            self.assertIn(re.sub(r"\s+", " ", line), text)

    def test_configuration_page_has_every_key_with_its_default(self):
        text, warnings = shown(generated("configuration_page.py", str(CONFIGURATION)))
        self.assertEqual(warnings, "")
        found = list(keys(yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))))
        self.assertGreater(len(found), 50)
        for name, _ in found:
            self.assertRegex(text, rf" {re.escape(name)} \(default: ")

    def test_configuration_page_has_every_comment(self):
        text = shown(generated("configuration_page.py", str(CONFIGURATION)))[0]
        for line in CONFIGURATION.read_text(encoding="utf-8").splitlines():
            if line.strip().startswith("# "):
                self.assertIn(re.sub(r"\s+", " ", line.strip()[2:].strip()), text)


if __name__ == "__main__":
    unittest.main()
