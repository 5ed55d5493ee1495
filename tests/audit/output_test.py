#!/usr/bin/env python3
"""SARIF has the structure that SARIF 2.1.0 requires, by a schema of our own for the part of it that is written."""

import json
import pathlib
import tempfile
import unittest

import jsonschema
from package import CORPUS

from scidex_pg_audit import configuration
from scidex_pg_audit.audit import audit
from scidex_pg_audit.output import sarif, text
from scidex_pg_audit.source_files import Unreadable


def an_object(required, **properties):
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def array(items, **more):
    return {"type": "array", "items": items, **more}


TEXT = {"type": "string", "minLength": 1}
MESSAGE = an_object(["text"], text={"type": "string"})
LEVEL = {"enum": ["none", "note", "warning", "error"]}
POSITIVE = {"type": "integer", "minimum": 1}
LOCATION = an_object(
    [], message=MESSAGE, logicalLocations=array(an_object([], fullyQualifiedName=TEXT)),
    physicalLocation=an_object(
        ["artifactLocation"], artifactLocation=an_object(["uri"], uri={"type": "string", "pattern": r"^[\w./%~-]+$"}),
        region=an_object([], startLine=POSITIVE, startColumn=POSITIVE)))
RULE = an_object(["id"], id=TEXT, shortDescription=MESSAGE, defaultConfiguration=an_object([], level=LEVEL))
RESULT = an_object(
    ["message"], ruleId=TEXT, ruleIndex={"type": "integer", "minimum": 0}, level=LEVEL, message=MESSAGE,
    locations=array(LOCATION), partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    codeFlows=array(an_object(["threadFlows"], threadFlows=array(
        an_object(["locations"], locations=array(an_object([], location=LOCATION), minItems=1)), minItems=1))))
INVOCATION = an_object(["executionSuccessful"], executionSuccessful={"type": "boolean"},
                       toolExecutionNotifications=array(an_object(["message"], message=MESSAGE, level=LEVEL,
                                                                  locations=array(LOCATION))))
RUN = an_object(["tool"], tool=an_object(["driver"], driver=an_object(["name"], name=TEXT, rules=array(RULE))),
                columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]}, invocations=array(INVOCATION),
                results=array(RESULT))
SARIF = an_object(["version", "runs"], **{"$schema": TEXT}, version={"const": "2.1.0"}, runs=array(RUN))


class Output(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.report = audit([str(CORPUS / "incident")], configuration.load())
        cls.document = json.loads(sarif.document(cls.report.findings, [Unreadable("a b.py", 0, "does not parse")]))

    def test_sarif_has_the_structure_that_is_required(self):
        jsonschema.validate(self.document, SARIF, cls=jsonschema.Draft7Validator)

    def test_the_schema_refuses_what_sarif_does_not_have(self):
        for change in ({"version": "2.0.0"}, {"runs": [{}]}, {"extra": 1}):
            with self.subTest(change), self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate({**self.document, **change}, SARIF, cls=jsonschema.Draft7Validator)

    def test_each_result_points_to_its_rule_and_place(self):
        run = self.document["runs"][0]
        self.assertEqual(len(run["results"]), len(self.report.findings))
        for result, finding in zip(run["results"], self.report.findings):
            self.assertEqual(run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"], result["ruleId"])
            self.assertEqual(result["locations"][0]["physicalLocation"]["region"]["startLine"], finding.line)

    def test_the_column_is_counted_in_characters_from_1(self):
        for before, column in (("", 5), ("a = 1; ", 12), ("größe = 'ä'; ", 18)):
            with self.subTest(before):
                report = self.audited(f"def f():\n    {before}get_db_ro().execute('DELETE FROM t')\n")
                result = json.loads(sarif.document(report.findings, []))["runs"][0]["results"][0]
                self.assertEqual(result["locations"][0]["physicalLocation"]["region"]["startColumn"], column)

    def test_a_long_line_is_cut(self):
        report = self.audited(f"def f():\n    get_db_ro().execute('DELETE FROM {'t' * 500}')\n")
        self.assertLess(max(map(len, text.lines(report.findings))), 250)
        self.assertTrue(list(text.lines(report.findings))[-1].endswith("..."))

    def audited(self, source):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = pathlib.Path(folder.name) / "page.py"
        file.write_text(source, encoding="utf-8")
        return audit([str(file)], configuration.load())

    def test_alike_findings_have_fingerprints_of_their_own(self):
        marks = [result["partialFingerprints"]["scidexPgAudit/v1"] for result in self.document["runs"][0]["results"]]
        self.assertEqual(len(marks), len(set(marks)))

    def test_what_was_not_audited_is_in_the_document(self):
        notes = self.document["runs"][0]["invocations"][0]["toolExecutionNotifications"]
        self.assertEqual(notes[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a%20b.py")


if __name__ == "__main__":
    unittest.main()
