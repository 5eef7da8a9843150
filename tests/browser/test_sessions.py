"""A person records a session; it replays at another size and speed with the same poses and playhead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from synaptarium.adapters.arrays import arrays_source
from synaptarium.client import Client
from synaptarium.jobs.build import precompute
from synaptarium.schemas.session_state import moment_at, playhead_us
from synaptarium.schemas.sessions import ClockOp, NoteOp, PoseOp, ViewOp
from synaptarium.server.library import Library
from synaptarium.store import recordings
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser

SPAN_US = 20_000_000


def store_recording(library: Library, name: str) -> str:
    random = np.random.default_rng(5)
    n = 8000
    source = arrays_source(
        name,
        bin_us=1000,
        layers=[{"name": "eye", "neurons": 64, "shape": (8, 8)}, {"name": "brain", "neurons": 20}],
        spikes={"eye": (np.sort(random.integers(0, SPAN_US, n)), random.integers(0, 64, n))},
        t_stop_us=SPAN_US,
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return id


@pytest.fixture(scope="module")
def site(shelf: tuple[str, Library]) -> tuple[str, str, Library]:
    """Address of a server, id of its recording, and its library."""
    url, library = shelf
    return url, store_recording(library, "watched"), library


@pytest.fixture(scope="module")
def small_page(browser: Browser, site: tuple[str, str, Library], tour: str) -> Iterator[Page]:
    """Another person's window, of another size and shape, in which the tour replays."""
    context = browser.new_context(viewport={"width": 900, "height": 640}, reduced_motion="reduce")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{site[0]}/view/{site[1]}?session={tour}&at=0")
    page.evaluate("window.synaptarium.ready")
    yield page
    context.close()
    assert not errors


def session(page: Page) -> dict[str, Any]:
    return page.evaluate("window.synaptarium.session()")


def until(page: Page, holds: Callable[[dict[str, Any]], Any], timeout_s: float = 15.0) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(int(timeout_s / 0.03)):
        found = session(page)
        if holds(found):
            return found
        page.wait_for_timeout(30)
    raise AssertionError(found)


def seek(page: Page, at_ms: int) -> dict[str, Any]:
    """Bring the replay to a moment and let it stand there."""
    until(page, lambda state: state["replay"])
    page.evaluate("(at) => window.synaptarium.seekSession(at)", at_ms)
    return until(
        page, lambda state: state["replay"]["at_ms"] == at_ms and state["replay"]["status"] == "paused"
    )["replay"]


def record_tour(page: Page, url: str, recording: str) -> str:
    """Look at something for a few seconds and record it; returns the session's id."""
    page.goto(f"{url}/view/{recording}?t=2&speed=0.5")
    page.evaluate("window.synaptarium.ready")
    until(page, lambda found: found["role"] == "admin")
    page.keyboard.press("o")
    until(page, lambda found: found["recorder"]["state"] == "recording")
    box = page.get_by_label("The network in 3D").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(x + 12 * step, y + 4 * step)
        page.wait_for_timeout(25)
    page.mouse.up()
    page.keyboard.press("Space")
    page.wait_for_timeout(700)
    page.evaluate("window.synaptarium.select([3, 70])")
    page.keyboard.press("c")
    page.keyboard.press("n")
    page.get_by_label("Note", exact=True).fill("the eye is busy")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    page.keyboard.press("k")
    page.wait_for_timeout(200)
    recorder = session(page)["recorder"]
    page.keyboard.press("o")
    dialog = page.get_by_role("dialog", name="Session recorded")
    dialog.get_by_label("Name").fill("A tour of the eye")
    dialog.get_by_label("By").fill("Ada")
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog).to_be_hidden()
    assert recorder["frames"] > 0
    return str(recorder["session"])


@pytest.fixture(scope="module")
def tour(browser: Browser, site: tuple[str, str, Library]) -> str:
    """A session that a person recorded at 1280 x 720."""
    page = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    try:
        return record_tour(page, site[0], site[1])
    finally:
        page.close()


def test_what_was_done_is_in_the_log(site: tuple[str, str, Library], tour: str) -> None:
    client = Client(site[0])
    found = client.session(tour)
    operations = client.session_segment(tour).operations

    assert (found.name, found.author, found.state) == ("A tour of the eye", "Ada", "done")
    poses = [op for op in operations if isinstance(op, PoseOp)]
    clocks = [op for op in operations if isinstance(op, ClockOp)]
    views = [op for op in operations if isinstance(op, ViewOp)]
    assert len(poses) >= 4
    assert poses[0].position != poses[-1].position
    assert clocks[0].t_us == 2_000_000
    assert not clocks[0].playing
    started = next(op for op in clocks if op.playing)
    assert started.speed == 0.5
    assert 2_000_000 <= started.t_us < 2_300_000
    assert not clocks[-1].playing
    assert 2_400_000 < clocks[-1].t_us < 6_000_000
    assert any(getattr(op.changes, "colour", None) == "rate" for op in views)
    assert [note.text for note in found.notes] == ["the eye is busy"]
    assert found.duration_ms > 2000


def test_it_replays_in_another_window_as_it_was(
    small_page: Page, site: tuple[str, str, Library], tour: str
) -> None:
    url, recording, _ = site
    client = Client(url)
    found = client.session(tour)
    note_ms = found.notes[0].at_ms

    for at_ms in (300, 700, note_ms + 50, found.duration_ms - 10):
        seek(small_page, at_ms)
        small_page.wait_for_timeout(60)
        page_state = small_page.evaluate("window.synaptarium.state()")
        shown = session(small_page)["replay"]
        wanted = moment_at(client.session_segment(tour, at_ms), recording, found.notes, at_ms)
        assert page_state["t_us"] == pytest.approx(wanted.view.t_us, abs=1)
        assert page_state["colour"] == wanted.view.colour
        assert [(one["layer"], one["neuron"]) for one in page_state["selection"]] == [
            (one.layer, one.neuron) for one in wanted.view.selection
        ]
        assert wanted.view.camera
        # The page's own pose is told in hundredths.
        np.testing.assert_allclose(shown["pose"]["position"], wanted.view.camera.position, atol=0.02)
        np.testing.assert_allclose(shown["pose"]["target"], wanted.view.camera.target, atol=0.02)
        assert shown["notes"] == [note.text for note in wanted.notes]
    expect(small_page.locator(".session-caption").first).to_contain_text("the eye is busy")


@pytest.mark.parametrize("speed", ["1", "2"])
def test_a_running_replay_keeps_the_playhead_on_the_formula(
    small_page: Page, site: tuple[str, str, Library], tour: str, speed: str
) -> None:
    clocks = [op for op in Client(site[0]).session_segment(tour).operations if isinstance(op, ClockOp)]
    seek(small_page, next(op.at_ms for op in clocks if op.playing) - 200)
    small_page.get_by_label("Speed of the replay").select_option(speed)
    small_page.get_by_role("button", name="Play the session").click()
    samples = small_page.evaluate(
        """async () => {
          const samples = [];
          for (;;) {
            const { replay } = window.synaptarium.session();
            if (replay.status === 'ended') return samples;
            if (replay.status === 'playing' && replay.moment.playing) samples.push([replay.at_ms, replay.t_us, replay.moment.clock]);
            await new Promise((next) => requestAnimationFrame(next));
          }
        }"""
    )

    assert len(samples) >= 3
    off = [
        abs(t_us - playhead_us(ClockOp(**{k: v for k, v in clock.items() if k != "op"}), at_ms))
        for at_ms, t_us, clock in samples
    ]
    # The scene's clock may take its turn between ours and the sample: one frame at most.
    assert np.median(off) <= 60_000 * float(speed), off
    end = session(small_page)["replay"]
    assert end["at_ms"] == end["end_ms"]


def test_one_may_look_around_and_ride_along_again(
    small_page: Page, site: tuple[str, str, Library], tour: str
) -> None:
    seek(small_page, 1000)
    box = small_page.get_by_label("The network in 3D").bounding_box()
    assert box
    small_page.mouse.move(box["x"] + 200, box["y"] + 150)
    small_page.mouse.down()
    small_page.mouse.move(box["x"] + 320, box["y"] + 190, steps=5)
    small_page.mouse.up()
    free = until(small_page, lambda state: not state["replay"]["ride"])["replay"]
    wanted = free["moment"]["camera"]["position"]
    assert not np.allclose(session(small_page)["replay"]["pose"]["position"], wanted, atol=0.5)

    small_page.keyboard.press("v")
    small_page.wait_for_timeout(250)

    back = session(small_page)["replay"]
    assert back["ride"]
    np.testing.assert_allclose(back["pose"]["position"], wanted, atol=0.02)
    small_page.keyboard.press("Escape")
    assert session(small_page)["replay"] is None
    expect(small_page.locator(".session-bar")).to_have_count(0)


def test_trim_note_fork_and_delete_by_hand_and_key(
    page: Page, site: tuple[str, str, Library], tour: str
) -> None:
    url, recording, _ = site
    client = Client(url)
    page.goto(f"{url}/view/{recording}?session={tour}&at=0.5")
    page.evaluate("window.synaptarium.ready")
    until(page, lambda state: state["replay"] and state["replay"]["status"] == "paused")
    until(page, lambda state: state["role"] == "admin")

    page.keyboard.press("i")
    until(page, lambda state: state["replay"]["start_ms"] == 500)
    assert client.session(tour).trim == (500, client.session(tour).duration_ms)
    page.get_by_label("Trim the end").focus()
    page.keyboard.press("PageDown")
    trimmed = until(page, lambda state: state["replay"]["end_ms"] < client.session(tour).duration_ms)
    assert client.session(tour).trim == (500, trimmed["replay"]["end_ms"])
    page.get_by_role("button", name="Untrim").click()
    until(page, lambda state: state["replay"]["start_ms"] == 0)
    assert client.session(tour).trim is None

    page.locator(".session-track").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    until(page, lambda state: state["replay"]["at_ms"] == 1000)
    page.get_by_role("button", name="Leave a note here").click()
    page.get_by_label("Note", exact=True).fill("added later")
    page.keyboard.press("Enter")
    until(page, lambda state: "added later" in state["replay"]["notes"])
    assert client.session(tour).notes[0].at_ms == 1000

    page.locator(".stage").click(position={"x": 5, "y": 5}, trial=True)
    page.keyboard.press("Control+Enter")
    recorder = until(page, lambda state: state["recorder"]["state"] == "recording")["recorder"]
    assert recorder["elapsed_ms"] >= 1000
    page.wait_for_timeout(400)
    page.keyboard.press("o")
    dialog = page.get_by_role("dialog", name="Session recorded")
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog).to_be_hidden()
    forked = client.session(recorder["session"])
    assert forked.forked_from and (forked.forked_from.session, forked.forked_from.at_ms) == (tour, 1000)
    assert forked.duration_ms > 1300

    page.keyboard.press("s")
    row = page.locator(f'[data-session="{recorder["session"]}"]')
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete this session?").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    assert recorder["session"] not in [one.id for one in client.sessions()]


def test_a_session_that_is_gone_or_of_another_recording_is_told(
    page: Page, site: tuple[str, str, Library]
) -> None:
    url, recording, library = site
    page.goto(f"{url}/view/{recording}?session=nowhere")
    page.evaluate("window.synaptarium.ready")
    expect(page.locator(".toast")).to_contain_text("There is no session 'nowhere'.")

    other = store_recording(library, "passing")
    client = Client(url)
    from synaptarium.store import sessions

    made = sessions.create(library.store, recordings.get(library.store, other), name="Of the other")
    sessions.append(
        library.store, made.id, 0, 900, [ClockOp(at_ms=0, t_us=1_000_000, speed=1, playing=False)]
    )
    client.note(made.id, NoteOp(at_ms=10, id="n", text="hello"))
    precompute(library.store, other, engine="local")
    page.goto(f"{url}/view/{recording}?session={made.id}")
    page.wait_for_url(f"**/view/{other}?*session={made.id}*")
    page.evaluate("window.synaptarium.ready")
    until(page, lambda state: state["replay"])
    client.delete(other)
    assert client.session(made.id).fit == "missing"
    page.goto(f"{url}/view/{recording}")
    page.evaluate("window.synaptarium.ready")
    page.keyboard.press("s")
    row = page.locator(f'[data-session="{made.id}"]')
    expect(row).to_contain_text("was deleted")
    assert row.get_by_role("button", name="Of the other", exact=True).is_disabled()


def test_an_outage_while_recording_loses_nothing(page: Page, site: tuple[str, str, Library]) -> None:
    url, recording, _ = site
    page.goto(f"{url}/view/{recording}?t=1")
    page.evaluate("window.synaptarium.ready")
    until(page, lambda found: found["role"] == "admin")
    page.keyboard.press("o")
    id = until(page, lambda found: found["recorder"]["state"] == "recording")["recorder"]["session"]
    page.route("**/log", lambda route: route.abort())
    page.evaluate("window.synaptarium.seek(3e6)")
    until(page, lambda found: not found["recorder"]["saved"])
    expect(page.locator(".toast[data-tone=error]")).to_contain_text("cannot be saved")
    page.evaluate("window.synaptarium.seek(5e6)")
    page.unroute("**/log")
    until(page, lambda found: found["recorder"]["saved"])
    page.keyboard.press("o")
    page.get_by_role("dialog").get_by_role("button", name="Keep").click()

    clocks = [op for op in Client(url).session_segment(id).operations if isinstance(op, ClockOp)]
    assert [op.t_us for op in clocks][-2:] == [3_000_000, 5_000_000]


def test_a_file_is_brought_in_and_a_bad_one_is_told(
    page: Page, site: tuple[str, str, Library], tour: str
) -> None:
    url, recording, _ = site
    file = Client(url).export_session(tour)
    page.goto(f"{url}/view/{recording}")
    page.evaluate("window.synaptarium.ready")
    until(page, lambda found: found["role"] == "admin")
    page.keyboard.press("s")
    field = page.locator(".sessions input[type=file]")
    field.set_input_files({"name": "t.jsonl", "mimeType": "application/x-ndjson", "buffer": file})
    expect(page.locator(".session-say")).to_contain_text('Imported "A tour of the eye"')
    field.set_input_files(
        {"name": "t.jsonl", "mimeType": "text/plain", "buffer": json.dumps({"a": 1}).encode()}
    )
    expect(page.locator(".session-say")).to_contain_text("is no session")
