"""`synaptarium export --video`: a real browser that nobody looks at makes the film, and its frames are the screen's."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from synaptarium.schemas.session_messages import SessionChange
from synaptarium.schemas.sessions import ClockOp, NoteOp, PointerOp, PoseOp
from synaptarium.server.cli import main
from synaptarium.server.library import Library
from synaptarium.store import recordings, sessions

from .films import STEP_US, STEPS, decoded, screen

pytestmark = pytest.mark.browser

WIDTH, HEIGHT, BAR = 480, 360, 34


@pytest.fixture(scope="module")
def watched(browser: Browser, shelf: tuple[str, Library], columns: str) -> Iterator[Page]:
    """A page of the film's size that shows the same."""
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT + BAR}, reduced_motion="reduce")
    page.goto(f"{shelf[0]}/embed/{columns}?t=0&speed=2.5&synapses=0")
    page.evaluate("window.synaptarium.ready")
    yield page
    page.close()


@pytest.fixture
def export(
    shelf: tuple[str, Library],
    columns: str,
    chromium: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Run the command; gives the film's bytes and what the command told."""

    def run(name: str, *arguments: str) -> tuple[bytes, dict[str, Any]]:
        file = tmp_path / name
        size = f"{WIDTH}x{HEIGHT}"
        data = str(shelf[1].data)
        command = ["export", columns, "--data", data, "--browser", chromium, "--video", str(file)]
        assert main([*command, "--size", size, "--fps", "25", "--json", *arguments]) == 0
        assert [path.name for path in tmp_path.iterdir()] == [name]
        (told,) = json.loads(capsys.readouterr().out)["files"]
        assert told["bytes"] == file.stat().st_size
        return file.read_bytes(), told

    return run


def test_each_frame_is_the_screen_at_its_time(watched: Page, browser: Browser, export: Any) -> None:
    film, told = export("film.webm", "--speed", "2.5", "--no-words", "--view", "synapses=0")

    assert (told["frames"], told["codec"]) == (12, "VP9")
    found = decoded(browser, film, "video/webm", [(n + 0.5) / 25 for n in range(12)])
    screens = [screen(watched, n * STEP_US) for n in range(STEPS)]
    assert (found["width"], found["height"]) == (WIDTH, HEIGHT)
    assert found["duration"] == pytest.approx(12 / 25, abs=0.001)
    for n, frame in enumerate(found["frames"]):
        off = [float(np.abs(frame - other).mean()) for other in screens]
        assert off[n] < 1.5 and off[n] < 0.6 * min(off[:n] + off[n + 1 :]), (n, off)


def test_session_has_its_camera_its_light_and_its_own_seconds(
    watched: Page, browser: Browser, shelf: tuple[str, Library], columns: str, export: Any
) -> None:
    store = shelf[1].store
    made = sessions.create(store, recordings.get(store, columns), name="a light", author="Ada")
    pose = watched.evaluate("window.synaptarium.scene().pose()")
    x, y, z = pose["position"]
    far = (x * 1.3, y * 1.3, z * 1.3)
    operations = [
        ClockOp(at_ms=0, t_us=0, speed=0.5, playing=True),
        PoseOp(at_ms=0, position=far, target=tuple(pose["target"])),
        PointerOp(at_ms=700, position=(0.0, 0.0, 0.0)),
    ]
    sessions.append(store, made.id, 0, 1000, operations)
    sessions.note(store, made.id, NoteOp(at_ms=500, id="n", text="look here", author="Ada"))
    sessions.change(store, made.id, SessionChange(state="done", duration_ms=1000))

    film, told = export("session.webm", "--session", made.id, "--from", "0.4", "--to", "1", "--speed", "0.5")

    assert (told["frames"], told["seconds"]) == (30, pytest.approx(1.2))
    found = decoded(browser, film, "video/webm", [0.1, 1.1])
    before, after = (frame.reshape(HEIGHT // 8, WIDTH // 8, 3) for frame in found["frames"])
    watched.evaluate(
        "(camera) => window.synaptarium.scene().place(camera)", {"position": far, "target": pose["target"]}
    )
    at = watched.evaluate("window.synaptarium.scene().projectPlace([0, 0, 0])")
    row, column = math.floor(at["y"] / 8), math.floor(at["x"] / 8)
    lit = after[row - 1 : row + 2, column - 1 : column + 2].max(axis=(0, 1))
    dark = before[row - 1 : row + 2, column - 1 : column + 2].max(axis=(0, 1))
    assert lit[1] > 120 and lit[1] > 1.3 * lit[0] and lit[1] > dark[1] + 60, (lit, dark)
    # The words of the note are there as well.
    assert np.abs(after[-6:] - before[-6:]).max() > 25


def test_camera_path_goes_through_the_kept_places(export: Any, capsys: pytest.CaptureFixture[str]) -> None:
    places = "near~0_0_40_0_0_0,far~0_0_90_0_0_0"
    film, told = export("path.gif", "--path", "--view", f"bookmarks={places}&path=0.2", "--fps", "10")

    assert film[:6] == b"GIF89a" and film.count(b"\x21\xf9\x04") == 2
    assert (told["frames"], told["codec"], told["seconds"]) == (2, "GIF", 0.2)


def test_order_that_the_page_refuses_leaves_no_file(
    shelf: tuple[str, Library],
    columns: str,
    chromium: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["export", columns, "--data", str(shelf[1].data), "--browser", chromium]
    assert main([*command, "--video", str(tmp_path / "film.mp4"), "--from", "1", "--to", "9"]) == 1

    assert "The run goes from 0 to 1.2 s; 1 to 9 s was asked for." in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
