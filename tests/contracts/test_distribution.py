"""What an installed Synaptarium carries: the front end and the examples, and one namespace."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_bundle_is_found_as_package_data() -> None:
    page = files("synaptarium.static") / "index.html"

    assert page.is_file()
    assert "/assets/" in page.read_text()


def test_bundle_names_no_other_host() -> None:
    page = (files("synaptarium.static") / "index.html").read_text()

    assert "://" not in page.replace("http://www.w3.org", "")


def test_wheel_carries_bundle_and_examples(tmp_path: Path) -> None:
    # the bundle is there already, so the hook need not build it again
    environment = os.environ | {"SYNAPTARIUM_SKIP_FRONTEND": "1"}

    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert built.returncode == 0, built.stdout + built.stderr
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert "synaptarium/static/index.html" in names
    assert any(name.startswith("synaptarium/static/assets/") for name in names)
    assert "synaptarium/examples/digits.py" in names
    assert "synaptarium/schemas/errors.py" in names
    assert "synaptarium/server/cli.py" in names
    assert "synaptarium/__init__.py" not in names
    assert not [name for name in names if not name.startswith(("synaptarium/", "synaptarium-"))]
