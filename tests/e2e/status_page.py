#!/usr/bin/env python3
"""The status page in a real browser, of a real exporter on a real primary and its streaming replica.

Usage: SCIDEX_EXPORTER=build/release/bin/scidex_pg_exporter status_page.py
"""

import json
import pathlib
import signal
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import browser  # noqa: E402
import exporter  # noqa: E402
import replicated  # noqa: E402
import servers  # noqa: E402

REPLICA = "Reads go to the replica"
FALLTHROUGH = "Reads fall through to the primary"
# Set in a page after it was loaded: a page that is loaded again loses it.
MARK = "window.loadedOnce = true"
# The user returns to the tab.
COME_BACK = "document.dispatchEvent(new Event('visibilitychange'))"


class StatusPage(replicated.ReplicatedTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.driver = browser.start(cls.addClassCleanup)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="scidex-e2e-")
        self.addCleanup(folder.cleanup)
        config = pathlib.Path(folder.name, "exporter.yaml")
        config.write_text(json.dumps({  # JSON is YAML
            "primary": {"dsn": self.primary.dsn}, "replica": {"dsn": self.replica.dsn},
            # With this timeout a replica that responds is fit, even on a busy machine.
            "probe": {"timeout": "1m"}}))
        self.exporter = exporter.Exporter(self.addCleanup, config.parent, f"--config.file={config}")
        self.exporter.start()
        self.driver.get_log("browser")  # removes what an earlier test left

    def open(self):
        self.driver.get(self.exporter.url)
        self.driver.execute_script(MARK)

    def text(self, element):
        """The visible text: "" if the element is hidden."""
        return self.driver.execute_script("const element = document.getElementById(arguments[0]);"
                                          "return element.checkVisibility() ? element.innerText : ''", element)

    def poll(self, what, attempt):
        return servers.poll(what, attempt, self.exporter.log)

    def poll_text(self, element, wanted):
        self.poll(f"“{wanted}”", lambda: self.text(element) == wanted)

    def assert_clean(self):
        """No errors, no violations of the policy, and no requests to other hosts."""
        self.assertEqual(self.driver.get_log("browser"), [])
        fetched = self.driver.execute_script(
            "return performance.getEntries().filter(e => ['navigation', 'resource'].includes(e.entryType))"
            ".map(e => e.name)")
        self.assertIn(self.exporter.url + "api/v1/pools", fetched)
        self.assertEqual([url for url in fetched if not url.startswith(self.exporter.url)], [])

    def test_it_follows_the_route_without_being_loaded_again(self):
        self.addCleanup(self.replica.start)
        self.open()
        self.assertEqual(self.text("headline"), REPLICA)
        self.assertEqual(self.text("ro-server"), "answers, in recovery")
        self.assertEqual(self.driver.title, "replica – scidex_pg_exporter")
        color = "return getComputedStyle(document.getElementById('state')).backgroundColor"
        before = self.driver.execute_script(color)
        self.replica.stop()
        self.poll_text("headline", FALLTHROUGH)
        self.assertEqual(self.text("route"), "primary_fallthrough")
        self.assertEqual(self.driver.title, "primary_fallthrough – scidex_pg_exporter")
        self.assertNotEqual(self.driver.execute_script(color), before)
        # A row in a table that was hidden before.
        self.assertIn("replica → primary_fallthrough", self.text("transitions"))
        self.poll("end of the replica's connections", lambda: self.bar("ro")["idle"] == 0)
        self.assertGreater(self.bar("ro_fallthrough")["idle"], 0)
        self.assertTrue(self.driver.execute_script("return window.loadedOnce"))
        self.assert_clean()

    def bar(self, role):
        """The width of each part of the bar on the screen."""
        return self.driver.execute_script(
            "return Object.fromEntries([...document.querySelectorAll(`#${arguments[0]} .bar rect`)]"
            ".map(rect => [rect.className.baseVal, rect.getBoundingClientRect().width]))", role)

    def test_a_bar_is_as_wide_as_the_connections_are_many(self):
        self.open()
        self.poll("two idle connections of the primary", lambda: self.text("primary-idle") == "2")
        bar = self.bar("primary")
        self.assertGreater(bar["free"], 300)
        self.assertAlmostEqual(bar["idle"] / bar["free"], 0.2, delta=0.01)

    def test_it_says_when_the_exporter_does_not_answer_and_recovers(self):
        self.open()
        self.poll("first renewal", lambda: self.text("live"))
        self.assertEqual(self.text("stale"), "")
        self.exporter.stop()
        self.poll("stale banner", lambda: self.text("stale"))
        self.assertIn("The exporter does not answer.", self.text("stale"))
        self.assertIn(self.text("at"), self.text("stale"))
        self.assertRegex(self.text("stale-age"), r"^\d+ s$")
        self.assertEqual(self.text("live"), "")
        self.exporter.start()
        self.poll("recovery", lambda: not self.text("stale"))
        self.assertTrue(self.driver.execute_script("return window.loadedOnce"))

    def test_it_sends_one_request_at_a_time_and_times_out(self):
        self.open()
        self.poll("first renewal", lambda: self.text("live"))
        self.driver.execute_script(
            "window.asking = window.most = 0; const plain = fetch; window.fetch = async (...args) => {"
            "  window.most = Math.max(window.most, ++window.asking);"
            "  try { return await plain(...args); } finally { --window.asking; } }")
        self.exporter.process.send_signal(signal.SIGSTOP)  # connects succeed, but get no response
        for _ in range(3):
            self.come_back_to_the_tab()
        self.poll("stale banner", lambda: self.text("stale"))
        self.assertIn("timed out", self.text("stale-why"))
        self.exporter.process.send_signal(signal.SIGCONT)
        self.come_back_to_the_tab()
        self.poll("recovery", lambda: not self.text("stale"))
        self.assertEqual(self.driver.execute_script("return window.most"), 1)

    def test_it_sends_no_requests_while_the_page_is_hidden(self):
        self.open()
        self.poll("first renewal", lambda: self.text("live"))
        self.driver.execute_script(
            "window.asked = window.looks = 0;"
            "const plain = fetch; window.fetch = (...args) => (++window.asked, plain(...args));"
            "Object.defineProperty(document, 'hidden', {get: () => (++window.looks, true), configurable: true})")
        self.poll("check whether the page is hidden", lambda: self.driver.execute_script("return window.looks") > 0)
        self.assertEqual(self.driver.execute_script("return window.asked"), 0)
        # In a single script, because the next refresh would send a request too.
        asked = self.driver.execute_script(f"delete document.hidden; {COME_BACK}; return window.asked")
        self.assertEqual(asked, 1)

    def come_back_to_the_tab(self):
        self.driver.execute_script(COME_BACK)

    def test_without_javascript_the_values_are_there(self):
        self.addCleanup(browser.devtools, self.driver, "Emulation.setScriptExecutionDisabled", value=False)
        browser.devtools(self.driver, "Emulation.setScriptExecutionDisabled", value=True)
        self.driver.get(self.exporter.url)
        # Selenium's own text of an element omits what is shown because scripts are off.
        shown = self.driver.find_element("tag name", "main").get_property("innerText")
        for part in (REPLICA, "answers, in recovery", "in use", "by a setting of each session"):
            self.assertIn(part, shown)
        header = self.driver.find_element("tag name", "header").get_property("innerText")
        self.assertIn("; reload for newer numbers", header)
        self.assertEqual(self.text("stale"), "")

    def test_a_phone_does_not_scroll_sideways(self):
        self.addCleanup(browser.devtools, self.driver, "Emulation.clearDeviceMetricsOverride")
        browser.devtools(self.driver, "Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2,
                         mobile=True)
        self.open()
        self.poll("first renewal", lambda: self.text("live"))
        width = self.driver.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        self.assertEqual(width, [360, 360])


if __name__ == "__main__":
    unittest.main()
