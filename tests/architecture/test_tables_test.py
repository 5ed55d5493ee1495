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
TABLE = "# Title\n\n| what | tests |\n|---|---|\n"


class TestTables(unittest.TestCase):
    def findings(self, readme):
        with tempfile.TemporaryDirectory() as folder:
            tests = pathlib.Path(folder, "tests")
            (tests / "unit").mkdir(parents=True)
            (tests / "unit/a_test.cc").write_text(SOURCE)
            (tests / "unit/README.md").write_text(readme)
            return list(test_tables.check(tests))

    def test_a_table_whose_tests_exist_has_no_finding(self):
        self.assertEqual(self.findings(TABLE + "| one | `Plain.Works` `Fixture.WorksToo` |\n"
                                               "| two `x` | `Each.WorksForAll` |\n"), [])

    def test_a_test_that_does_not_exist(self):
        for name in ("Plain.Broken", "Gone.WorksNoMore", "Works", "Plain"):
            with self.subTest(name):
                self.assertEqual(self.findings(TABLE + f"| one | `Plain.Works` `{name}` |\n"),
                                 [f"unit/README.md:5: there is no test {name}"])

    def test_a_row_without_a_test(self):
        self.assertEqual(self.findings(TABLE + "| one | `Plain.Works` |\n| two | later |\n"),
                         ["unit/README.md:6: no test for: two"])

    def test_a_file_without_a_table(self):
        self.assertEqual(self.findings("# Title\n\n| what | where |\n|---|---|\n| a | b |\n"),
                         ["unit/README.md:1: no table of tests"])


if __name__ == "__main__":
    unittest.main()
