"""Each rule finds the violation that it is for, and nothing else."""

import pathlib
import tempfile
import unittest

import job_rules

HELP = """\
usage: ./dev JOB [ARGUMENT…]

  build [PRESET]  build everything: as run does
  test [--long] [ARG…]
                  run every test
  clean           remove what was built

Each job first installs what it needs.
"""
DEV = "job_build() {\n  ninja\n}\njob_test() { ctest; }\njob_clean() { rm -rf build; }\n"
CI = """#!/bin/sh
cd "$(dirname "$0")/.." && status=0
for job in build test clean; do
  said=$(./dev $job --short) || status=1
  [ $job != test ] || tests=$said
done
echo "$tests"
exit $status
"""


class JobRules(unittest.TestCase):
    def problems(self, help_text=HELP, dev=DEV, ci=CI):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder, "run")
            script.write_text(ci)
            script.chmod(0o755)
            return list(job_rules.problems(help_text, dev, script))

    def test_what_keeps_the_rules_has_no_problem(self):
        self.assertEqual(self.problems(), [])

    def test_a_job_that_is_listed_and_not_started(self):
        self.assertEqual(self.problems(help_text=HELP + "  fuzz SECONDS    look for inputs\n"),
                         [".ci/run does not start ./dev fuzz"])

    def test_a_job_that_is_named_and_not_started(self):
        for text in ("# ./dev clean\n", "echo ./dev clean\n", "clean() { ./dev clean; }\n"):
            with self.subTest(text):
                ci = CI.replace("build test clean", "build test").replace("echo", text + "echo")
                self.assertEqual(self.problems(ci=ci), [".ci/run does not start ./dev clean"])

    def test_a_job_that_is_not_listed(self):
        self.assertEqual(self.problems(dev=DEV + "job_secret() { :; }\n"), ["./dev help does not list the job secret"])

    def test_an_ignored_failure(self):
        self.assertEqual(self.problems(ci=CI.replace("status=1", "status=0")),
                         [f".ci/run succeeds where ./dev {job} fails" for job in ("build", "clean", "test")])

    def test_a_failing_status_without_a_failed_job(self):
        self.assertEqual(self.problems(ci=CI.replace("status=0", "status=1"))[0].split(":")[0],
                         ".ci/run fails where no job does")

    def test_a_failure_that_keeps_other_jobs_from_running(self):
        self.assertEqual(self.problems(ci=CI.replace("status=1", "{ status=1; [ $job = test ] || break; }")),
                         [".ci/run does not start every job where ./dev build fails",
                          "the last line of .ci/run is not that of the tests where ./dev build fails"])

    def test_a_last_line_that_is_not_that_of_the_tests(self):
        self.assertEqual(self.problems(ci=CI.replace("exit $status", "echo over; exit $status")),
                         [f"the last line of .ci/run is not that of the tests where ./dev {job} fails"
                          for job in ("build", "clean", "test")])


if __name__ == "__main__":
    unittest.main()
