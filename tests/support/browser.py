"""Headless Chromium with its own profile; it is stopped in any case."""

import pathlib
import tempfile

from selenium import webdriver
from selenium.webdriver.chromium.remote_connection import ChromiumRemoteConnection

import servers

ARGUMENTS = ("--headless=new", "--window-size=1280,900", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-breakpad",
             # It ends with chromedriver, however that ends.
             "--remote-debugging-pipe")


def start(add_cleanup):
    folder = tempfile.TemporaryDirectory(prefix="scidex-browser-", ignore_cleanup_errors=True)
    add_cleanup(folder.cleanup)
    path = pathlib.Path(folder.name)
    port = servers.free_port()
    log = path / "chromedriver.log"
    servers.start(add_cleanup, ["chromedriver", f"--port={port}"], log)
    url = f"http://127.0.0.1:{port}"
    servers.poll("chromedriver", lambda: servers.fetch(f"{url}/status"), log)
    options = webdriver.ChromeOptions()
    for argument in (*ARGUMENTS, f"--user-data-dir={path}/profile"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    connection = ChromiumRemoteConnection(url, "goog", "chrome")
    driver = webdriver.Remote(command_executor=connection, options=options)
    add_cleanup(driver.quit)
    driver.set_page_load_timeout(servers.DEADLINE_SECONDS)
    driver.set_script_timeout(servers.DEADLINE_SECONDS)
    return driver


def devtools(driver, command, **parameters):
    """A command of the Chrome DevTools Protocol."""
    return driver.execute("executeCdpCommand", {"cmd": command, "params": parameters})["value"]
