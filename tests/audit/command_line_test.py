#!/usr/bin/env python3
"""The program as people and machines call it: exit status, options, configuration, baseline."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from package import CORPUS, LAUNCHER

VIOLATION = 'def f():\n    db = get_db_ro()\n    db.execute("UPDATE t SET a = 1")\n'
CLEAN = "def f():\n    return get_db_ro().execute('SELECT 1')\n"


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def audit(self, *arguments):
        return subprocess.run(["/usr/bin/python3", "-B", LAUNCHER, *map(str, arguments)], cwd=self.folder, text=True,
                              capture_output=True, timeout=240)

    def test_status_is_0_without_findings_and_1_with_one(self):
        self.write("clean.py", CLEAN)
        self.assertEqual(self.audit("clean.py").returncode, 0)
        self.write("page.py", VIOLATION)
        run = self.audit(".")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stdout.splitlines()[0], "page.py:3 f() db UPDATE")

    def test_a_finding_shows_the_path_of_its_handle(self):
        self.write("page.py", VIOLATION)
        self.assertEqual(self.audit("page.py").stdout.splitlines()[1:], [
            "    page.py:2 db = get_db_ro()", '    page.py:3 db.execute("UPDATE t SET a = 1")'])

    def test_status_is_2_if_it_cannot_run(self):
        for arguments in ((), ("missing.py",), ("--format=xml", "."), ("--config", "missing.toml", "."),
                          ("--baseline", "missing.json", ".")):
            with self.subTest(arguments):
                run = self.audit(*arguments)
                self.assertEqual(run.returncode, 2)
                self.assertNotIn("Traceback", run.stderr)

    def test_a_wrong_configuration_is_named_with_its_key(self):
        for text, named in (("[read]\ngiver = []", "read.giver"), ("[read]\ngivers = 1", "read.givers"),
                            ("[read]\ngivers = ['1 +']", "'1 +'"),
                            ("[read]\ndecorators = ['reader']", "'reader'"), ("[[", "audit.toml"),
                            ("[methods.write]\nadd = 1", "methods.write.add")):
            with self.subTest(text):
                self.write("audit.toml", text)
                run = self.audit("--config", "audit.toml", ".")
                self.assertEqual(run.returncode, 2, run.stderr)
                self.assertIn(named, run.stderr)

    def test_the_configuration_beside_the_code_is_used(self):
        self.write("page.py", VIOLATION.replace("get_db_ro", "reader"))
        self.assertEqual(self.audit("page.py").returncode, 0)
        self.write("scidex-pg-audit.toml", '[read]\ngivers = ["reader"]\n')
        self.assertEqual(self.audit("page.py").returncode, 1)

    def test_without_defaults_nothing_is_known(self):
        self.write("page.py", VIOLATION)
        self.write("scidex-pg-audit.toml", "defaults = false\n")
        self.assertEqual(self.audit("page.py").returncode, 0)

    def test_a_baseline_hides_known_findings_and_shows_new_ones(self):
        self.write("page.py", VIOLATION)
        self.assertEqual(self.audit("--write-baseline", "known.json", "page.py").returncode, 0)
        self.assertEqual(self.audit("--baseline", "known.json", "page.py").returncode, 0)
        self.write("page.py", "\n\n" + VIOLATION + '    db.execute("UPDATE t SET b = 1")\n')
        run = self.audit("--baseline", "known.json", "page.py")
        self.assertEqual(run.returncode, 1)
        self.assertEqual([line for line in run.stdout.splitlines() if not line.startswith(" ")],
                         ["page.py:6 f() db UPDATE"])

    def test_findings_of_a_baseline_that_are_gone_are_counted(self):
        self.write("page.py", VIOLATION)
        self.audit("--write-baseline", "known.json", "page.py")
        self.write("page.py", CLEAN)
        self.assertIn("1 finding no longer found", self.audit("--baseline", "known.json", "page.py").stderr)

    def test_an_allow_comment_needs_a_reason_and_a_finding(self):
        self.write("page.py", CLEAN.rstrip() + "  # scidex-pg-audit: allow it was needed once\n"
                   + VIOLATION.rstrip() + "  # scidex-pg-audit: allow\n")
        run = self.audit("page.py")
        self.assertEqual(run.returncode, 1)
        self.assertIn("page.py:2: this allow comment has no effect", run.stderr)
        self.assertIn("page.py:5: an allow comment needs a reason", run.stderr)

    def test_a_file_that_does_not_parse_is_named_and_the_rest_goes_on(self):
        self.write("old.py", "print 'hello'\n")
        self.write("page.py", VIOLATION)
        run = self.audit(".")
        self.assertEqual(run.returncode, 1)
        self.assertIn("old.py:1: not audited", run.stderr)
        self.assertEqual(self.audit("--strict", ".").returncode, 2)

    def test_a_script_without_a_suffix_is_audited(self):
        self.write("tool", "#!/usr/bin/env python3\n" + VIOLATION)
        self.write("notes", VIOLATION)
        self.write("script", "#!/bin/sh\n" + VIOLATION)
        self.assertEqual([line for line in self.audit(".").stdout.splitlines() if not line.startswith(" ")],
                         ["tool:4 f() db UPDATE"])

    def test_certain_leaves_out_what_is_only_possible(self):
        self.write("page.py", 'def f():\n    get_db_ro().execute("CALL p()")\n')
        self.assertEqual(self.audit("page.py").returncode, 1)
        self.assertEqual(self.audit("--certain", "page.py").returncode, 0)

    def test_json_has_the_fields_that_are_promised(self):
        self.write("page.py", VIOLATION)
        found = json.loads(self.audit("--format=json", "page.py").stdout)
        self.assertEqual(found, [{
            "file": "page.py", "line": 3, "function": "f", "handle": "db", "verb": "UPDATE", "certainty": "certain",
            "path": [{"file": "page.py", "line": 2, "text": "db = get_db_ro()"},
                     {"file": "page.py", "line": 3, "text": 'db.execute("UPDATE t SET a = 1")'}]}])

    def test_output_goes_to_a_file(self):
        self.write("page.py", VIOLATION)
        run = self.audit("--format=json", "--output=found.json", "page.py")
        self.assertEqual(run.stdout, "")
        self.assertEqual(len(json.loads((self.folder / "found.json").read_text())), 1)

    def test_the_incident_reads_as_it_did_then(self):
        run = self.audit(CORPUS / "incident")
        lines = [line for line in run.stdout.splitlines() if not line.startswith(" ") and "COMMIT" not in line]
        self.assertEqual([line.rpartition("/")[2] for line in lines], [
            "artifact_detail.py:10 artifact_detail() db UPDATE", "cache_get.py:12 _cache_get() db DELETE"])


if __name__ == "__main__":
    unittest.main()
