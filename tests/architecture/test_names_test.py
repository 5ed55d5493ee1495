"""A test name is reported if it is too long, in each language of the tests, and only then."""

import pathlib
import tempfile
import unittest

import test_names

FITS, TOO_LONG = "x" * 60, "x" * 61
MACROS = ("TEST", "TEST_F", "TEST_P", "TYPED_TEST")


class TestNames(unittest.TestCase):
    def findings(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            tests = pathlib.Path(folder, "tests")
            (tests / name).parent.mkdir(parents=True)
            (tests / name).write_text(text)
            return list(test_names.check(tests))

    def assert_limits(self, name, text, line=1):
        """text % a test's name: 60 letters pass, 61 do not."""
        self.assertEqual(self.findings(name, text % FITS), [])
        self.assertEqual(self.findings(name, text % TOO_LONG),
                         [f"tests/{name}:{line}: a test name has 61 letters, more than 60: {TOO_LONG}"])

    def test_each_macro_of_googletest(self):
        for macro in MACROS:
            with self.subTest(macro):
                self.assert_limits("unit/a_test.cc", f"{macro}(Suite, %s) {{}}\n")

    def test_a_macro_on_two_lines(self):
        self.assert_limits("a_test.cc", "\nTEST(Suite,\n     %s) {}\n", 3)

    def test_a_method_of_python(self):
        self.assert_limits("e2e/a.py", "class A:\n    def test_%s(self):\n", 2)
        self.assert_limits("e2e/a.py", "class A:\n    async def test_%s(self):\n", 2)

    def test_a_title_of_node(self):
        for quote in "'\"`":
            with self.subTest(quote):
                self.assert_limits("a_test.ts", f"test({quote}%s{quote}, () => {{\n")

    def test_placeholders_of_a_title_do_not_count(self):
        self.assertEqual(self.findings("a_test.ts", "test(`${a.name}" + FITS + "${b}`, () => {\n"), [])

    def test_other_functions_and_files_may_have_long_names(self):
        self.assertEqual(self.findings("a.py", f"def {TOO_LONG}(self):\n"), [])
        self.assertEqual(self.findings("a_test.cc", f"// TEST(Suite, {TOO_LONG}) {{}}\n"), [])
        self.assertEqual(self.findings("a.md", f"TEST(Suite, {TOO_LONG}) {{}}\n"), [])
        self.assertEqual(self.findings("node_modules/a.ts", f"test('{TOO_LONG}', () => {{\n"), [])


if __name__ == "__main__":
    unittest.main()
