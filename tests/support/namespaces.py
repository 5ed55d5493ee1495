"""Namespaces of a test's own, which ordinary users may create as well."""

import os
import subprocess


def unshare(*kinds):
    """The command that runs another in new namespaces, such as "--mount" or "--net"."""
    command = ["unshare", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")), *kinds]
    # In a change root, the root is no mount whose propagation could be changed. The caller makes private what it covers.
    if "--mount" in kinds and subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        command += ["--propagation", "unchanged"]
    return command
