"""A video shows, frame by frame, exactly what the screen shows at those times; a GIF too; cancelling saves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from synaptarium.schemas.session_messages import SessionChange
from synaptarium.schemas.sessions import ClockOp, NoteOp, PoseOp
from synaptarium.server.library import Library
from synaptarium.store import recordings, sessions

from .films import STEP_US, STEPS, decoded, screen

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def watched(browser: Browser, shelf: tuple[str, Library], columns: str) -> Iterator[Page]:
    """A page that shows the columns."""
    page = browser.new_page(viewport={"width": 640, "height": 480}, reduced_motion="reduce")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{shelf[0]}/view/{columns}?t=0&speed=0.1&synapses=0")
    page.evaluate("window.synaptarium.ready")
    yield page
    page.close()
    assert not errors


@pytest.fixture(scope="module")
def screens(watched: Page) -> list[np.ndarray]:
    """What is on the screen at each tenth of a second, at the films' speed."""
    watched.evaluate("window.synaptarium.setSpeed(2.5)")
    found = [screen(watched, n * STEP_US) for n in range(STEPS)]
    watched.evaluate("window.synaptarium.setSpeed(0.1)")
    return found


def size_of(page: Page) -> tuple[int, int]:
    """The scene's size on the screen, pixels."""
    width, height = page.evaluate("window.synaptarium.state().scene.size")
    return width, height


def dialog_of(page: Page, **settings: str) -> Any:
    if not page.get_by_role("dialog", name="Video").is_visible():
        page.get_by_role("button", name="Export", exact=True).click()
        page.get_by_role("button", name="Make a video or GIF").click()
    dialog = page.get_by_role("dialog", name="Video")
    dialog.get_by_label("Format").select_option(settings.pop("format"))
    dialog.get_by_label("Frames a second").select_option(settings.pop("fps"))
    dialog.get_by_label("Size", exact=True).select_option("own")
    for label, value in settings.items():
        dialog.get_by_label(label.replace("_", " ")).fill(value)
    for label, pixels in zip(("Width, pixels", "Height, pixels"), size_of(page), strict=True):
        dialog.get_by_label(label).fill(str(pixels))
    dialog.get_by_label("Names, time and notes").set_checked(False)
    return dialog


def made(page: Page, dialog: Any, path: Path) -> bytes:
    with page.expect_download(timeout=60_000) as waiting:
        dialog.get_by_role("button", name="Make the film").click()
    waiting.value.save_as(path)
    expect(dialog.get_by_role("status")).to_contain_text("Saved")
    return path.read_bytes()


@pytest.mark.parametrize(("format", "kind"), [("mp4", "video/mp4"), ("webm", "video/webm")])
def test_each_frame_of_a_video_is_the_screen_at_its_time(
    watched: Page, browser: Browser, screens: list[np.ndarray], tmp_path: Path, format: str, kind: str
) -> None:
    dialog = dialog_of(watched, format=format, fps="25", From="0", To="1.2", Speed="2.5")
    expect(dialog.get_by_role("status")).to_contain_text("12 frames")
    film = made(watched, dialog, tmp_path / f"film.{format}")
    dialog.get_by_role("button", name="Close").first.click()

    found = decoded(browser, film, kind, [(n + 0.5) / 25 for n in range(12)])

    assert (found["width"], found["height"]) == size_of(watched)
    assert found["duration"] == pytest.approx(12 / 25, abs=0.001)
    for n, frame in enumerate(found["frames"]):
        off = [float(np.abs(frame - other).mean()) for other in screens]
        # A column lights up every tenth of a second: no other time looks like this one.
        assert off[n] < 1.5 and off[n] < 0.6 * min(off[:n] + off[n + 1 :]), (n, off)


def test_gif_has_its_frames_and_its_pace(watched: Page, tmp_path: Path) -> None:
    dialog = dialog_of(watched, format="gif", fps="20", From="0", To="0.1", Speed="0.2")
    data = made(watched, dialog, tmp_path / "film.gif")
    dialog.get_by_role("button", name="Close").first.click()

    assert data[:6] == b"GIF89a" and b"NETSCAPE2.0" in data
    assert (int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")) == size_of(watched)
    delays = [
        int.from_bytes(data[at + 4 : at + 6], "little")
        for at in range(len(data))
        if data[at : at + 3] == b"\x21\xf9\x04"
    ]
    assert delays == [5] * 10


def test_cancelled_film_saves_nothing_and_leaves_the_view(watched: Page) -> None:
    watched.evaluate("window.synaptarium.seek(300000)")
    dialog = dialog_of(watched, format="webm", fps="60", From="0", To="1.2", Speed="0.001")
    downloads: list[Any] = []
    watched.on("download", lambda download: downloads.append(download))

    dialog.get_by_role("button", name="Make the film").click()
    expect(dialog.get_by_role("status")).to_contain_text("Frame ")
    dialog.get_by_role("button", name="Cancel").click()

    expect(dialog.get_by_role("status")).to_contain_text("Cancelled")
    dialog.get_by_label("To, seconds").fill("-1")
    expect(dialog.get_by_role("status")).to_contain_text("The end lies before the start.")
    expect(dialog.get_by_role("button", name="Make the film")).to_be_disabled()
    dialog.get_by_role("button", name="Close").first.click()
    assert not downloads
    state = watched.evaluate("window.synaptarium.state()")
    assert (state["t_us"], state["speed"]) == (300_000, 0.1)


def test_film_of_a_session_moves_the_camera_as_it_was(
    watched: Page, browser: Browser, shelf: tuple[str, Library], columns: str, tmp_path: Path
) -> None:
    store = shelf[1].store
    made_session = sessions.create(store, recordings.get(store, columns), name="a turn")
    places = [(0.0, 0.0, 60.0), (40.0, 0.0, 45.0)]
    operations = [
        ClockOp(at_ms=0, t_us=0, speed=0.5, playing=True),
        *(PoseOp(at_ms=400 * n, position=place, target=(0.0, 0.0, 0.0)) for n, place in enumerate(places)),
    ]
    sessions.append(store, made_session.id, 0, 800, operations)
    sessions.note(store, made_session.id, NoteOp(at_ms=100, id="n", text="look here", author="Ada"))
    sessions.change(store, made_session.id, SessionChange(state="done", duration_ms=800))
    watched.goto(f"{shelf[0]}/view/{columns}?session={made_session.id}&at=0")
    watched.evaluate("window.synaptarium.ready")
    expect(watched.get_by_role("region", name="Replayed session")).to_be_visible()

    dialog = dialog_of(watched, format="webm", fps="25", Speed="1")
    expect(dialog.get_by_role("status")).to_contain_text("20 frames")
    film = made(watched, dialog, tmp_path / "session.webm")
    dialog.get_by_role("button", name="Close").first.click()
    found = decoded(browser, film, "video/webm", [0.1, 0.7])

    assert found["duration"] == pytest.approx(0.8, abs=0.001)
    first, last = found["frames"]
    watched.keyboard.press("Escape")
    for place, t_us, frame, other in ((places[0], 50_000, first, last), (places[1], 350_000, last, first)):
        watched.evaluate(
            "(position) => window.synaptarium.scene().place({ position, target: [0, 0, 0] })", list(place)
        )
        seen = screen(watched, t_us)
        assert np.abs(frame - seen).mean() < 0.5 * np.abs(other - seen).mean()
