"""Setting up: what a machine has is used, what it lacks is brought, and what is wrong is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def program(folder: Path, name: str, prints: str) -> None:
    """Put a program into a folder that prints a version, as Java to stderr."""
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{prints}' >&2\n")
    file.chmod(0o755)


def needed(path: Path) -> list[str]:
    """Return the names of the lock files that a machine with these programs needs."""
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "requirements/needed.py"), "dev"],
        env=environment | {"PATH": str(path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line).stem for line in done.stdout.splitlines()]


def test_bare_machine_gets_everything(tmp_path: Path) -> None:
    assert needed(tmp_path) == ["run", "mongod", "java", "node", "dev"]


def test_programs_of_the_machine_are_used(tmp_path: Path) -> None:
    program(tmp_path, "mongod", "db version v8.0.4")
    program(tmp_path, "java", 'openjdk version "17.0.15" 2025-04-15')
    program(tmp_path, "node", "v20.19.0")
    program(tmp_path, "npm", "11.0.0")

    assert needed(tmp_path) == ["run", "dev"]


@pytest.mark.parametrize("version", ['openjdk version "11.0.2"', 'java version "1.8.0_392"', "no Java here"])
def test_old_java_is_not_used(tmp_path: Path, version: str) -> None:
    program(tmp_path, "java", version)

    assert "java" in needed(tmp_path)


@pytest.mark.parametrize(("node", "npm"), [("v18.20.4", "11.0.0"), ("v20.19.0", "10.8.2")])
def test_old_node_is_not_used(tmp_path: Path, node: str, npm: str) -> None:
    program(tmp_path, "node", node)
    program(tmp_path, "npm", npm)

    assert "node" in needed(tmp_path)


def test_lock_files_exist_for_all_that_may_be_needed(tmp_path: Path) -> None:
    assert all((REPOSITORY / "requirements" / f"{name}.lock").is_file() for name in needed(tmp_path))


def test_locking_keeps_the_pins_of_what_this_machine_has_by_itself(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    shutil.copytree(REPOSITORY / "requirements", tmp_path / "requirements")

    subprocess.run([sys.executable, str(tmp_path / "requirements/lock.py")], check=True)

    for name in ("mongod", "java", "node"):
        ours, made = (
            (folder / "requirements" / f"{name}.lock").read_text() for folder in (REPOSITORY, tmp_path)
        )
        assert [line.partition("==")[0] for line in made.splitlines()] == [
            line.partition("==")[0] for line in ours.splitlines()
        ]


def test_old_python_is_told_which_one_to_name(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)

    made = subprocess.run(
        ["make", "demo", f"PYTHON={old}"], cwd=tmp_path, env=clean_make(), capture_output=True, text=True
    )

    assert made.returncode != 0
    assert "needs Python 3.11 or newer" in made.stderr
    assert "Python 3.9.2" in made.stderr
    assert "make demo PYTHON=" in made.stderr
    assert not (tmp_path / ".venv").exists()


def test_failing_front_end_shows_why(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "hatch_build.py", tmp_path)
    (tmp_path / "static").mkdir()
    scripts = {"check": "true", "build": "echo the scene is upside down; exit 3"}
    package = {"name": "broken", "version": "1.0.0", "scripts": scripts}
    (tmp_path / "static/package.json").write_text(json.dumps(package))
    lock = {"name": "broken", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {}}}
    (tmp_path / "static/package-lock.json").write_text(json.dumps(lock))

    built = subprocess.run([sys.executable, "hatch_build.py"], cwd=tmp_path, capture_output=True, text=True)

    assert built.returncode != 0
    assert "npm run build failed (exit code 3)" in built.stderr
    assert "the scene is upside down" in built.stderr
    assert "SYNAPTARIUM_SKIP_FRONTEND=1" in built.stderr


def clean_make() -> dict[str, str]:
    """Return the environment without what an outer make hands down."""
    return {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
