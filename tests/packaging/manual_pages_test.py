"""The manual pages are well formed. The program's page has exactly the flags and variables of --help, in the same words,
and every exit code; the configuration's page has every key of config/exporter.yaml."""

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
COMMAND_LINE, RUN = ROOT / "src/app/command_line.cc", ROOT / "src/app/run.cc"
BREAK = re.compile(r"\x1b\[[0-9;]*m|.\x08")


def output_of(*command, text=None):
    done = subprocess.run(command, input=text, check=True, capture_output=True, text=True)
    return done.stdout, done.stderr


def generate(script, *arguments):
    return output_of(sys.executable, "-B", str(ROOT / "packaging/man" / script), PROGRAM, *arguments)[0]


def render(page):
    """The page as man shows it, without line breaks, and the warnings of groff."""
    text, warnings = output_of("groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-rLL=500n", "-P-c", text=page)
    return re.sub(r"\s+", " ", BREAK.sub("", text)), warnings


def help_entries(help_text, heading):
    """Each entry below a heading of --help as the manual page shows it: name, argument and text on one line."""
    section = re.search(rf"^{heading}:\n((?:(?: .*)?\n)*)", help_text, re.MULTILINE)[1]
    for entry in re.split(r"^  (?=\S)", section, flags=re.MULTILINE)[1:]:
        name, _, rest = re.sub(r":INT in \[\d+ - \d+\]", "", entry).partition(" ")
        rest = re.sub(r"^TEXT:\{(.*?)\}", lambda choices: choices[1].replace(",", "|"), rest)
        yield " ".join([name.replace(",", ", "), *rest.split()])


def keys(value, path=()):
    for name, below in value.items():
        if isinstance(below, dict):
            yield from keys(below, (*path, name))
        else:
            yield ".".join((*path, name)), below


class ManualPages(unittest.TestCase):
    def test_program_page_has_the_words_of_the_help(self):
        text, warnings = render(generate("program_page.py"))
        self.assertEqual(warnings, "")
        help_text = output_of(PROGRAM, "--help")[0]
        for heading, after in (("OPTIONS", "A DURATION is "), ("ENVIRONMENT", "The variables of libpq")):
            with self.subTest(section=heading):
                found = re.search(rf" {heading} (.*?) {after}", text)[1]
                self.assertEqual(found, " ".join(help_entries(help_text, heading.capitalize())))

    def test_every_flag_of_the_source_is_in_the_help(self):
        help_text = output_of(PROGRAM, "--help")[0]
        flags = set(re.findall(r'"(--[a-z][a-z.-]*[a-z])"', COMMAND_LINE.read_text(encoding="utf-8")))
        self.assertGreater(len(flags), 15)
        self.assertEqual(flags - set(re.findall(r"^  (?:-\w,)?(--[\w.-]+)", help_text, re.MULTILINE)), set())

    def test_program_page_has_every_exit_code(self):
        text = render(generate("program_page.py"))[0]
        described = re.search(r" EXIT STATUS (.*) FILES ", text)[1]
        others = re.findall(r"kExit\w+ = (\d+);", RUN.read_text(encoding="utf-8"))
        self.assertTrue(others)
        for code in ("0 The ", "1 Any failure", *(f"{other} --" for other in others)):
            self.assertIn(code, described)
        self.assertEqual(subprocess.run([PROGRAM, "--nope"], capture_output=True).returncode, 1)

    def test_missing_flag_leaking_text_and_lost_value_are_noticed(self):
        help_text = ("Options:\n  -h,--help     print\n  --a.b TEXT:{x,y}\n                a text\n"
                "                of two lines\n"
                "  --c NUMBER:INT in [0 - 9]  c\n\nEnvironment:\n  LONG_NAME  e\n\nAfterwards.\n")
        self.assertEqual(list(help_entries(help_text, "Options")),
                         ["-h, --help print", "--a.b x|y a text of two lines", "--c NUMBER c"])
        self.assertEqual(list(help_entries(help_text, "Environment")), ["LONG_NAME e"])

    def test_configuration_page_has_every_key_with_its_default(self):
        text, warnings = render(generate("configuration_page.py", str(CONFIGURATION)))
        self.assertEqual(warnings, "")
        found = list(keys(yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))))
        self.assertGreater(len(found), 50)
        for name, _ in found:
            self.assertRegex(text, rf" {re.escape(name)} \(default: ")

    def test_configuration_page_has_every_comment(self):
        text = render(generate("configuration_page.py", str(CONFIGURATION)))[0]
        for line in CONFIGURATION.read_text(encoding="utf-8").splitlines():
            if line.strip().startswith("# "):
                self.assertIn(re.sub(r"\s+", " ", line.strip()[2:].strip()), text)


if __name__ == "__main__":
    unittest.main()
