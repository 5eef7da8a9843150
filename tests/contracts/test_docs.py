"""The documentation tells the truth: commands, targets, links, versions, docstrings."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
COMMANDS = (
    "demo",
    "import",
    "list",
    "info",
    "generate",
    "precompute",
    "serve",
    "delete",
    "session",
    "doctor",
    "open",
    "stats",
    "drop-chunks",
)
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
DOCUMENTED = ("schemas/synaptarium", "spark_jobs/synaptarium/kernels")
DRAWN = "errors.py"  # its module docstring draws the tree of classes


def public_nouns(file: Path) -> Iterator[tuple[str, str | None]]:
    """Yield (name, docstring) of a module's public functions and classes."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if isinstance(node, ast.FunctionDef) or file.name != DRAWN:
                yield node.name, ast.get_docstring(node)


def run(*command: str) -> str:
    """Return what a command prints; it must succeed."""
    done = subprocess.run([*command], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_readme_names_every_command() -> None:
    readme = (REPOSITORY / "README.md").read_text()

    assert not [command for command in COMMANDS if f"`synaptarium {command}" not in readme]


@pytest.mark.parametrize("command", COMMANDS)
def test_command_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from synaptarium.server.cli import main

    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    printed = capsys.readouterr().out
    assert ended.value.code == 0
    assert f"synaptarium {command}" in printed.partition("xample")[2], printed


def test_make_lists_every_target() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = re.findall(r"^([a-z]+):(?!=)", makefile, re.MULTILINE)

    listed = run("make")

    for target in ("demo", "test", "bench", "soak", "lint", "docs", "clean", "help", "dev", *targets):
        assert re.search(rf"make {target} +\S", listed), f"{target} has no comment beside it"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())

    local = [target for target in targets if "://" not in target]

    assert not [target for target in local if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_mentioned_files_exist(page: Path) -> None:
    if page.name == "CHANGELOG.md":  # tells of the past too
        return
    roots = "schemas|spark_jobs|scenes|server|static/src|tests|docs|examples|requirements"
    mentioned = re.findall(rf"`((?:{roots})/[\w./-]+\.(?:py|md|ts|lock|json))`", page.read_text())

    assert not [name for name in mentioned if not (REPOSITORY / name).exists()]


def test_versions_agree() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    package = (REPOSITORY / "static/package.json").read_text()

    newest = re.search(r"^## (\S+)", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert newest is not None
    assert newest[1] == version
    assert f'"version": "{version}"' in package


def test_public_functions_and_classes_have_docstrings() -> None:
    bare = [
        f"{file.relative_to(REPOSITORY)}: {name}"
        for folder in DOCUMENTED
        for file in sorted((REPOSITORY / folder).rglob("*.py"))
        for name, docstring in public_nouns(file)
        if not docstring
    ]

    assert not bare


def test_modules_have_docstrings() -> None:
    roots = ("schemas", "spark_jobs", "scenes", "server")
    files = [file for root in roots for file in (REPOSITORY / root / "synaptarium").rglob("*.py")]

    assert not [str(file) for file in files if not ast.get_docstring(ast.parse(file.read_text()))]
