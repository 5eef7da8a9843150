"""A film by the command line, without a browser: what is looked for, what is refused, and with which words."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from synaptarium.schemas.errors import BrowserFailed, InvalidInput, MissingDependency
from synaptarium.server.browser import HeadlessBrowser, find_browser
from synaptarium.server.cli import parser
from synaptarium.server.commands.film import order_of
from synaptarium.server.film import FilmOrder


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a shell script that stands for a browser."""

    def write(name: str, text: str = "exit 1") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return write


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a browser: an empty PATH, an empty home."""
    for name in ("bin", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    monkeypatch.setattr("synaptarium.server.browser._MAC_APPS", ())
    return tmp_path


def asked(*arguments: str) -> FilmOrder:
    return order_of(parser().parse_args(["export", "digits", *arguments]))


def test_order_has_the_defaults_of_its_kind() -> None:
    video, gif = asked("--video", "a.mp4"), asked("--video", "a.GIF", "--size", "480x270")

    assert (video.of, video.format, video.width, video.height, video.fps, video.words) == (
        "view",
        "mp4",
        1280,
        720,
        30,
        True,
    )
    assert (gif.format, gif.width, gif.height, gif.fps) == ("gif", 480, 270, 20)
    assert asked("--video", "a.webm", "--session", "tour").of == "session"
    assert asked("--video", "a.webm", "--path", "--from", "2").from_s == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--video", "film.avi"], "does not tell what kind of film"),
        (["--video", "film"], "does not tell what kind of film"),
        (["--video", "a.mp4", "--size", "wide"], "'wide' is no size"),
        (["--video", "a.mp4", "--session", "s", "--path"], "not of both"),
        (["--video", "a.mp4", "--path", "--to", "3"], "a length of its own"),
        (["--video", "nowhere/a.mp4"], "There is no folder"),
    ],
)
def test_wrong_order_is_refused_before_a_browser_is_started(arguments: list[str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        asked(*arguments)


def test_browser_is_the_first_of_path_then_playwrights_newest(
    bare: Path, program: Callable[..., Path]
) -> None:
    with pytest.raises(MissingDependency, match="no Chromium") as found:
        find_browser()
    assert "--browser" in found.value.hint and "SYNAPTARIUM_BROWSER" in found.value.hint

    program("home/.cache/ms-playwright/chromium-1100/chrome-linux/chrome")
    newest = program("home/.cache/ms-playwright/chromium-1200/chrome-linux64/chrome")
    assert find_browser() == newest
    on_path = program("bin/google-chrome")
    assert find_browser() == on_path
    assert find_browser(str(newest)) == newest
    with pytest.raises(InvalidInput, match="is no program"):
        find_browser(str(bare / "nothing"))


def test_browser_that_ends_at_once_is_told_with_its_last_words(program: Callable[..., Path]) -> None:
    path = program("chromium", "echo 'cannot open the display' >&2; exit 3")

    with (
        pytest.raises(BrowserFailed, match=r"ended by itself\. Its last words: cannot open the display"),
        HeadlessBrowser(path, width=100, height=100),
    ):
        pass


def test_browser_without_its_sandbox_is_tried_where_none_is_allowed(
    program: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    tries = tmp_path / "tries"
    path = program(
        "chromium",
        f'case "$*" in *--no-sandbox*) echo without >> {tries}; exit 1;; esac; '
        f"echo with >> {tries}; echo 'No usable sandbox!' >&2; exit 1",
    )

    with pytest.raises(BrowserFailed), HeadlessBrowser(path, width=100, height=100):
        pass
    assert tries.read_text().split() == ["with", "without"]
