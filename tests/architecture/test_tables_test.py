"""Each problem of a table of tests is found, and nothing else."""

import pathlib
import tempfile
import unittest

import test_tables

SOURCE = """\
TEST(Plain, Works) {}
TEST_F(Fixture, WorksToo) {
TEST_P(Each,
       WorksForAll) {}
// TEST(Gone, WorksNoMore) {}
"""
SCRIPT = """\
class Files(unittest.TestCase):
    def test_a_pipe(self):
        pass
"""
TABLE = "# Title\n\n| what | tests |\n|---|---|\n"


class TestTables(unittest.TestCase):
    def findings(self, readme, document=None):
        with tempfile.TemporaryDirectory() as folder:
            tests = pathlib.Path(folder, "tests")
            for name, text in (("unit/a_test.cc", SOURCE), ("unit/pool/b_test.cc", "TEST(Pool, Works) {}\n"),
                               ("integration/c_pgtest.cc", "TEST(Servers, Work) {}\n"), ("e2e/files.py", SCRIPT),
                               ("unit/README.md", readme)):
                (tests / name).parent.mkdir(parents=True, exist_ok=True)
                (tests / name).write_text(text)
            more = []
            if document is not None:
                more.append(pathlib.Path(folder, "document.md"))
                more[0].write_text(document)
            return list(test_tables.check(tests, more))

    def test_a_table_whose_tests_exist_has_no_finding(self):
        self.assertEqual(self.findings(TABLE + "| one | `Plain.Works` `Fixture.WorksToo` |\n"
                                               "| two `x` | `Each.WorksForAll` |\n"), [])

    def test_a_test_that_does_not_exist(self):
        for name in ("Plain.Broken", "Gone.WorksNoMore", "Works", "Plain"):
            with self.subTest(name):
                self.assertEqual(self.findings(TABLE + f"| one | `Plain.Works` `{name}` |\n"),
                                 [f"unit/README.md:5: there is no test {name}"])

    def test_programs_suites_and_scripts_are_names_too(self):
        for name in ("pool_test", "pool_test: Pool", "pool_test: Pool.Works", "c_pgtest", "c_pgtest: Servers.Work",
                     "e2e: files.py", "e2e: files.py: Files", "e2e: files.py: Files.test_a_pipe"):
            with self.subTest(name):
                self.assertEqual(self.findings(TABLE + f"| one | `{name}` |\n"), [])
        for name in ("http_test", "pool_test: Servers", "c_pgtest: Pool.Works", "e2e: file.py", "unit: files.py",
                     "e2e: files.py: Pipes", "e2e: files.py: Files.test_a_socket"):
            with self.subTest(name):
                self.assertEqual(self.findings(TABLE + f"| one | `{name}` |\n"),
                                 [f"unit/README.md:5: there is no test {name}"])

    def test_a_table_in_another_document(self):
        readme = TABLE + "| one | `Plain.Works` |\n"
        self.assertEqual(self.findings(readme, TABLE + "| one | `pool_test: Pool` |\n"), [])
        self.assertEqual(self.findings(readme, TABLE + "| one | `Plain.Broken` |\n"),
                         ["document.md:5: there is no test Plain.Broken"])

    def test_a_row_without_a_test(self):
        self.assertEqual(self.findings(TABLE + "| one | `Plain.Works` |\n| two | later |\n"),
                         ["unit/README.md:6: no test for: two"])

    def test_a_file_without_a_table(self):
        self.assertEqual(self.findings("# Title\n\n| what | where |\n|---|---|\n| a | b |\n"),
                         ["unit/README.md:1: no table of tests"])


if __name__ == "__main__":
    unittest.main()
