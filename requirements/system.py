"""Check that mongod starts, and with `chromium` that a browser is there; as root on Debian, install what is missing.

`python requirements/system.py [chromium]`, run by the Makefile with the virtual environment's Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
APT = {"DEBIAN_FRONTEND": "noninteractive"}


def mongod() -> str | None:
    """Return the mongod that a private MongoDB would be started from."""
    from_package = Path(sysconfig.get_path("purelib")) / "fiftyone" / "db" / "bin" / "mongod"
    return shutil.which("mongod") or (str(from_package) if from_package.is_file() else None)


def starts(program: str | None) -> bool:
    """Tell whether a program is there and finds its libraries."""
    return program is not None and subprocess.run([program, "--version"], capture_output=True).returncode == 0


def install(*packages: str) -> bool:
    """Install Debian packages where this user may; tell whether it was tried and went well."""
    if not shutil.which("apt-get"):
        return False
    as_root: list[str] = []
    if os.geteuid() != 0:
        as_root = ["sudo", "-n"]
        if not shutil.which("sudo") or subprocess.run([*as_root, "true"], capture_output=True).returncode:
            return False
    print(f"   installing {' '.join(packages)} with apt-get", flush=True)
    for step in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(
            [*as_root, "apt-get", *step], env=os.environ | APT, capture_output=True, text=True
        )
        if done.returncode:
            print(done.stdout[-2000:] + done.stderr[-2000:], file=sys.stderr)
            return False
    return True


def main(wanted: list[str]) -> int:
    """Return 0 when all is there, or 1 after saying what is missing."""
    missing: list[str] = []
    own_server = "SYNAPTARIUM_MONGO_URI" in os.environ
    if not own_server and not starts(mongod()) and not (install("libcurl4") and starts(mongod())):
        missing.append(
            f"mongod ({mongod() or 'not found'}) does not start. Try `mongod --version` to see why (on Debian it "
            "needs the package libcurl4), install MongoDB, or set SYNAPTARIUM_MONGO_URI to a server of yours."
        )
    if "chromium" in wanted and not any(shutil.which(name) for name in BROWSERS):
        # fonts come as a recommended package only, and without any the page's text is not drawn
        if not install("chromium", "fonts-dejavu-core"):
            missing.append(
                "The browser tests need Chromium, which was not found. On Debian: "
                "sudo apt-get install chromium fonts-dejavu-core"
            )
    for message in missing:
        print(message, file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
