"""Each rule finds the violation that it is for, in a small tree without any other, and nothing else."""

import pathlib
import tempfile
import unittest

import layer_rules

TABLE = """\
base|||spdlog
pool|base||
postgres|pool;base||libpq;pqxx
config|base|pool|yaml-cpp
app|config;postgres;pool;base||CLI
"""
RIGHT = {
    "base/log.h": "#pragma once\n#include <string>\n",
    "base/log.cc": '#include "base/log.h"\n\n#include <spdlog/spdlog.h>\n',
    "base/thread.cc": "#include <thread>\n\nstd::thread thread;\n",
    "pool/options.h": "#pragma once\n#include <chrono>\n",
    "pool/pool.h": '#pragma once\n#include "base/log.h"\n#include "pool/options.h"\n',
    "pool/pool.cc": '// On purpose.\n#include "pool/pool.h"\n\n#include <sys/socket.h>\n',
    "postgres/open.cc": '#include <libpq-fe.h>\n#include <libpq-events.h>\n#include <pqxx/pqxx>\n'
                        '#include "pool/pool.h"\n',
    "config/load.cc": '#include <yaml-cpp/yaml.h>\n#include "pool/options.h"\n',
    "app/version.h.in": "",
    "app/app.h": "#pragma once\n",
    "app/app.cc": '#include "app/app.h"\n\n#include <CLI/CLI.hpp>\n\n#include "version.h"\n',
    "main.cc": '#include "app/app.h"\n',
}


class LayerRules(unittest.TestCase):
    def findings(self, changes, table=TABLE):
        with tempfile.TemporaryDirectory() as folder:
            src = pathlib.Path(folder)
            for path, text in (RIGHT | changes).items():
                (src / path).parent.mkdir(parents=True, exist_ok=True)
                (src / path).write_text(text)
            return [str(finding) for finding in layer_rules.check(layer_rules.read_table(table), src)]

    def assert_finds(self, finding, changes, table=TABLE):
        self.assertEqual(self.findings(changes, table), [finding])

    def test_a_tree_that_keeps_the_rules_has_no_finding(self):
        self.assertEqual(self.findings({}), [])

    def test_an_include_of_a_layer_that_is_not_among_the_dependencies(self):
        self.assert_finds('pool/extra.cc:2: pool may not include config ("config/load.h")',
                          {"config/load.h": "", "config/load.cc": '#include "config/load.h"\n',
                           "pool/extra.cc": '\n#include "config/load.h"\n'})

    def test_a_dependency_of_a_dependency_is_not_a_dependency(self):
        table = TABLE.replace("postgres|pool;base|", "postgres|pool|")
        self.assert_finds('postgres/more.cc:1: postgres may not include base ("base/log.h")',
                          {"postgres/more.cc": '#include "base/log.h"\n'}, table)

    def test_more_than_the_options_of_a_layer_that_allows_only_these(self):
        self.assert_finds('config/more.cc:1: config may include pool/options.h alone, not "pool/pool.h"',
                          {"config/more.cc": '#include "pool/pool.h"\n'})

    def test_a_third_party_header_in_a_layer_that_does_not_declare_it(self):
        self.assert_finds("pool/query.cc:1: pool may not include the third-party header <libpq-fe.h>",
                          {"pool/query.cc": "#include <libpq-fe.h>\n"})

    def test_a_third_party_header_that_no_layer_declares(self):
        self.assert_finds("app/more.cc:1: app may not include the third-party header <boost/asio.hpp>",
                          {"app/more.cc": "  #  include <boost/asio.hpp>\n"})

    def test_spdlog_in_another_file_of_the_layer_that_declares_it(self):
        self.assert_finds("base/more.cc:1: <spdlog/fmt/fmt.h>: base/log.cc is the only user of spdlog",
                          {"base/more.cc": "#include <spdlog/fmt/fmt.h>\n"})

    def test_a_raw_thread_outside_base(self):
        for use in ("std::thread t;", "std::jthread t;", "auto f = std::async(g);", "pthread_create(a, b, c, d);"):
            with self.subTest(use):
                self.assertEqual(len(self.findings({"pool/more.cc": f"void F() {{\n  {use}\n}}\n"})), 1)

    def test_a_thread_in_a_comment_is_not_found(self):
        self.assertEqual(self.findings({"pool/more.cc": '// std::thread\nauto a = "std::thread"; /* std::async */\n'
                                                        "auto b = 1'000; std::this_thread::yield(); char c = '\"';\n"
                                                        "auto d = std::thread::hardware_concurrency();\n"}), [])

    def test_a_thread_behind_a_digit_separator_is_found(self):
        self.assertEqual(len(self.findings({"pool/more.cc": "auto a = 1'000; std::thread b; auto c = 2'000;\n"})), 1)

    def test_a_quoted_include_that_is_not_rooted_at_src(self):
        for header in ("options.h", "../pool/options.h", "pool/missing.h", "libpq-fe.h"):
            with self.subTest(header):
                self.assert_finds(f'pool/more.cc:1: "{header}" is not rooted at src/',
                                  {"pool/more.cc": f'#include "{header}"\n'})

    def test_a_generated_header_of_another_layer(self):
        self.assert_finds('pool/more.cc:1: "version.h" is not rooted at src/',
                          {"pool/more.cc": '#include "version.h"\n'})

    def test_a_header_of_ours_in_angle_brackets(self):
        self.assert_finds('pool/more.cc:1: <base/log.h> is our own: "base/log.h"',
                          {"pool/more.cc": "#include <base/log.h>\n"})

    def test_an_own_header_that_is_not_first_or_missing(self):
        for text in ('#include <string>\n#include "pool/pool.h"\n', "int a;\n"):
            with self.subTest(text):
                self.assert_finds("pool/pool.cc:1: its own header pool/pool.h must come first", {"pool/pool.cc": text})

    def test_main_that_goes_past_app(self):
        self.assert_finds('main.cc:1: main may use app alone, not "pool/pool.h"',
                          {"main.cc": '#include "pool/pool.h"\n'})

    def test_a_source_file_outside_every_layer(self):
        self.assert_finds("more.cc:1: a source file outside every layer", {"more.cc": ""})

    def test_a_folder_that_is_not_in_the_table(self):
        self.assert_finds("util:1: a folder that is no layer of the table", {"util/more.h": ""})

    def test_a_program_in_another_language_is_no_layer(self):
        self.assertEqual(self.findings({"audit/tool.py": "", "audit/names.toml": ""}), [])
        self.assert_finds("audit:1: a folder that is no layer of the table", {"audit/tool.py": "", "audit/more.h": ""})

    def test_a_layer_without_a_folder(self):
        self.assert_finds("CMakeLists.txt:1: the layer status has no folder", {}, TABLE + "status|base||\n")

    def test_a_layer_that_depends_on_one_that_does_not_exist(self):
        self.assert_finds("CMakeLists.txt:1: pool names the layer bse, which does not exist", {},
                          TABLE.replace("pool|base|", "pool|base;bse|"))

    def test_a_cycle_also_through_options(self):
        self.assert_finds("CMakeLists.txt:1: a cycle: pool -> config -> pool", {},
                          TABLE.replace("pool|base|", "pool|base;config|"))


if __name__ == "__main__":
    unittest.main()
