"""What may not stand in a file of the repository: machine paths, registry addresses, built or foreign things."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
# split, so that this file does not hold them itself
REGISTRIES = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "npmjs" + ".com",
    "deb." + "debian.org",
    "repo1." + "maven",
    "jfrog" + ".io",
)
MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:work|root|home|Users|mnt)/\w|[A-Z]:\\Users")
LARGEST_BYTES = 1_000_000


def tracked() -> list[Path]:
    """Return the files that git knows and that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True, text=True
    )
    return [path for name in listed.stdout.split("\0") if name and (path := REPOSITORY / name).is_file()]


def texts() -> dict[str, str]:
    """Return {name: content} of the tracked text files."""
    found: dict[str, str] = {}
    for path in tracked():
        raw = path.read_bytes()
        if b"\0" not in raw[:8192]:
            found[str(path.relative_to(REPOSITORY))] = raw.decode()
    return found


def test_no_file_names_a_registry() -> None:
    assert not [(name, host) for name, text in texts().items() for host in REGISTRIES if host in text]


def test_no_file_holds_a_machine_path() -> None:
    found = {name: match[0] for name, text in texts().items() if (match := MACHINE_PATH.search(text))}

    assert not found


def test_npm_lock_names_no_address() -> None:
    lock = json.loads((REPOSITORY / "static/package-lock.json").read_text())

    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_lock_files_hold_pins_only() -> None:
    pin = re.compile(r"[a-z0-9][a-z0-9-]*==[\w.+!]+( ; .+)?")
    for file in (REPOSITORY / "requirements").glob("*.lock"):
        wrong = [
            line
            for line in file.read_text().splitlines()
            if not line.startswith("#") and not pin.fullmatch(line)
        ]
        assert not wrong, file


def test_torch_is_in_no_lock_file() -> None:
    locks = "".join(file.read_text() for file in (REPOSITORY / "requirements").glob("*.lock"))

    assert "numpy==" in locks
    assert "torch" not in locks


def test_files_are_small_and_not_built() -> None:
    for path in tracked():
        name = str(path.relative_to(REPOSITORY))
        assert path.stat().st_size <= LARGEST_BYTES, name
        assert not name.startswith(("static/synaptarium/static/", "build/", "dist/")), name
        assert "node_modules" not in name, name
