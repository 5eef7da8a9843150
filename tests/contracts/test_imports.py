"""Who may import whom: by import-linter for our own packages, by reading the files for the heavy ones."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ROOTS = ("schemas", "spark_jobs", "scenes", "server")

# package -> the places that may import it
HOMES = {
    "pyspark": ("spark_jobs/synaptarium/jobs/",),
    "flask": ("server/synaptarium/server/",),
    "flask_socketio": ("server/synaptarium/server/",),
    "pymongo": ("spark_jobs/synaptarium/store/", "schemas/synaptarium/adapters/vs2n"),
    "bson": (
        "spark_jobs/synaptarium/store/",
        "schemas/synaptarium/adapters/vs2n",
        "schemas/synaptarium/schemas/",
    ),
    "pythreejs": ("scenes/synaptarium/scenes/notebook.py",),
}
SIMULATORS = {"nengo", "brian2", "nest", "pyNN", "neuron", "torch", "snntorch", "sklearn"}


def modules() -> Iterator[Path]:
    """Yield every Python file of the product."""
    for root in ROOTS:
        yield from sorted((REPOSITORY / root / "synaptarium").rglob("*.py"))


def imported(file: Path) -> set[str]:
    """Return the top-level packages that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", HOMES)
def test_package_is_imported_at_home_only(package: str) -> None:
    homes = tuple(str(REPOSITORY / home) for home in HOMES[package])

    strangers = [
        str(file) for file in modules() if package in imported(file) and not str(file).startswith(homes)
    ]

    assert not strangers


def test_simulators_are_imported_nowhere() -> None:
    found = {
        str(file): sorted(imported(file) & SIMULATORS) for file in modules() if imported(file) & SIMULATORS
    }

    assert not found


def test_every_subpackage_is_under_import_linter() -> None:
    linted = set(
        tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
    )

    there = {
        f"synaptarium.{file.parent.name}"
        for root in ROOTS
        for file in (REPOSITORY / root).glob("synaptarium/*/__init__.py")
    }

    assert there == linted


def test_import_linter_notices_a_step_back(tmp_path: Path) -> None:
    # a copy of the tree in which the lowest layer imports a high one
    for file in modules():
        copy = tmp_path / file.relative_to(REPOSITORY)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text())
    wrong = tmp_path / "schemas/synaptarium/schemas/errors.py"
    wrong.write_text(wrong.read_text() + "\nimport synaptarium.jobs.plan\n")
    program = (
        "import sys; from importlinter import cli; "
        f"sys.path[:] = {[str(tmp_path / root) for root in ROOTS]!r} + "
        f"[p for p in sys.path if 'site-packages' in p or not p.startswith({str(REPOSITORY)!r})]; "
        f"sys.exit(cli.lint_imports(config_filename={str(REPOSITORY / 'pyproject.toml')!r}, cache_dir=None))"
    )

    linted = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)

    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert "synaptarium.schemas is not allowed to import synaptarium.jobs" in linted.stdout
