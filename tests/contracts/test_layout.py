"""The source roots together make one namespace, and each file lies where its import name says."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ROOTS = ("schemas", "spark_jobs", "scenes", "server", "static")


@pytest.mark.parametrize("root", ROOTS)
def test_namespace_has_no_init_in_any_root(root: str) -> None:
    init = REPOSITORY / root / "synaptarium" / "__init__.py"

    assert not init.exists(), f"{init} would hide the other roots of the namespace"


@pytest.mark.parametrize("root", ROOTS[:-1])
def test_subpackages_have_an_init(root: str) -> None:
    folders = {file.parent for file in (REPOSITORY / root / "synaptarium").glob("*/**/*.py")}

    assert folders, f"no modules in {root}"
    for folder in folders:
        assert (folder / "__init__.py").is_file(), folder


def test_subpackages_have_different_names() -> None:
    names = [path.name for root in ROOTS for path in (REPOSITORY / root / "synaptarium").glob("*/")]
    names = [name for name in names if name != "__pycache__"]

    assert len(names) == len(set(names)), sorted(names)


def test_modules_have_telling_names() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    modules = [file for root in ROOTS for file in (REPOSITORY / root / "synaptarium").rglob("*.py")]

    assert not [file for file in modules if vague & set(file.stem.split("_"))]
