"""The database goes away while the page plays, or a chunk is damaged: the page says so, and goes on by itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.sealing import seal
from synaptarium.server.library import Library, open_library
from synaptarium.store import recordings
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser

SPAN_S = 40
Until = Callable[..., dict[str, Any]]
StartServer = Callable[[Path], AbstractContextManager[tuple[str, psutil.Process]]]


@pytest.fixture(scope="module")
def busy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with 40 s of 1,000 neurons at 100 Hz: far more than is sent ahead of the playhead."""
    random = np.random.default_rng(3)
    n = 1000 * 100 * SPAN_S
    source = arrays_source(
        "busy",
        bin_us=1000,
        layers=[{"name": "all", "neurons": 1000, "shape": (25, 40)}],
        spikes={"all": (np.sort(random.integers(0, SPAN_S * 1_000_000, n)), random.integers(0, 1000, n))},
    )
    data = tmp_path_factory.mktemp("busy")
    with open_library(data, purpose="import") as library:
        import_source(library.store, source)
        precompute(library.store, "busy", engine="local")
    return data


def database_of(server: psutil.Process) -> psutil.Process:
    return next(child for child in server.children(recursive=True) if child.name() == "mongod")


def play(page: Page, url: str, wait_until: Until) -> dict[str, Any]:
    page.goto(f"{url}/view/busy?t=0&speed=0.9")
    page.evaluate("window.synaptarium.ready")
    page.evaluate("window.synaptarium.play()")
    return wait_until(lambda found: found["t_us"] > 1e6 and found["framesOverStream"] > 0)


def test_a_database_that_hangs_stops_new_frames_and_heals(
    page: Page, busy_folder: Path, server_process: StartServer, wait_until: Until
) -> None:
    with server_process(busy_folder) as (url, server):
        play(page, url, wait_until)
        database = database_of(server)
        page.evaluate("window.kept = true")
        database.send_signal(signal.SIGSTOP)
        try:
            page.wait_for_timeout(1000)  # what was read already is on its way
            arrived = page.evaluate("window.synaptarium.state()")
            page.evaluate("window.synaptarium.seek(30e6)")
            stopped = wait_until(lambda found: found["status"] == "unavailable", timeout_s=15)
            alert = page.locator(".toast", has_text="The database does not answer.")
            expect(alert).to_be_visible()
            page.wait_for_timeout(1500)
            later = page.evaluate("window.synaptarium.state()")
            assert later["t_us"] == stopped["t_us"] == 30e6
            assert later["framesOverStream"] == arrived["framesOverStream"], "new frames without a database"
        finally:
            database.send_signal(signal.SIGCONT)
        healed = wait_until(lambda found: found["t_us"] > 31e6, timeout_s=20)
        assert healed["status"] in ("playing", "buffering")
        assert healed["framesOverStream"] > later["framesOverStream"]
        expect(alert).to_have_count(0)
        assert page.evaluate("window.kept"), "the page was loaded again"


def test_a_database_that_is_killed_comes_back_and_play_goes_on(
    page: Page, busy_folder: Path, server_process: StartServer, wait_until: Until
) -> None:
    with server_process(busy_folder) as (url, server):
        play(page, url, wait_until)
        before = database_of(server)
        page.evaluate("window.kept = true")
        os.kill(before.pid, signal.SIGKILL)
        page.evaluate("window.synaptarium.seek(25e6)")
        healed = wait_until(lambda found: found["t_us"] > 27e6 and found["status"] == "playing", timeout_s=30)
        assert database_of(server).pid != before.pid
        assert healed["worker"]["corrupt"] == 0
        assert page.evaluate("window.kept"), "the page was loaded again"
        expect(page.locator(".toast")).to_have_count(0)


def test_a_server_that_is_started_again_is_found_by_the_page(
    page: Page, busy_folder: Path, server_process: StartServer, wait_until: Until
) -> None:
    with server_process(busy_folder) as (url, server):
        play(page, url, wait_until)
        server.send_signal(signal.SIGSTOP)
        try:
            page.evaluate("window.synaptarium.seek(35e6)")
            found = wait_until(lambda found: found["status"] in ("unavailable", "buffering"))
            page.wait_for_timeout(1000)
            assert page.evaluate("window.synaptarium.state()")["t_us"] == found["t_us"] == 35e6
        finally:
            server.send_signal(signal.SIGCONT)
        wait_until(lambda found: found["t_us"] > 36e6 and found["status"] == "playing")


@pytest.mark.parametrize("damage", ["a byte differs", "cut short", "sealed nonsense"])
def test_a_damaged_chunk_is_told_and_the_rest_plays(
    page: Page, shelf: tuple[str, Library], wait_until: Until, damage: str
) -> None:
    url, library = shelf
    name = f"damaged {damage}"
    random = np.random.default_rng(5)
    # 60 s in chunks of at most 16.4 s: four of them
    times, neurons = np.sort(random.integers(0, 60_000_000, 20_000)), random.integers(0, 64, 20_000)
    source = arrays_source(
        name,
        bin_us=1000,
        layers=[{"name": "eye", "neurons": 64, "shape": (8, 8)}],
        spikes={"eye": (times, neurons)},
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    recording = recordings.get(library.store, id)
    key = {"_id": ChunkKey(recording.num, recording.build or 0, 0, 0, 1, 0).pack()}
    stored = library.store.db.chunks.find_one(key)
    assert stored is not None
    if damage == "sealed nonsense":
        sealed = seal(b"no Arrow stream at all")
        change = {"payload": sealed.stored, "checksum": sealed.checksum}
    elif damage == "cut short":
        change = {"payload": stored["payload"][:-20]}
    else:
        change = {"payload": stored["payload"][:50] + b"\x00\x00" + stored["payload"][52:]}
    library.store.db.chunks.update_one(key, {"$set": change})

    page.goto(f"{url}/view/{id}?t=0")
    page.evaluate("window.synaptarium.ready")
    page.evaluate("window.synaptarium.seek(20e6)")
    expect(page.locator(".toast")).to_be_visible(timeout=5000)
    told = page.locator(".toast").inner_text()
    assert any(word in told for word in ("chunk", "checksum", "Arrow", "payload")), told

    page.evaluate("window.synaptarium.seek(45.0005e6)")
    wait_until(lambda found: found["frameLoaded"])
    expected = sorted({int(n) for t, n in zip(times, neurons, strict=True) if t // 1000 == 45_000})
    assert page.evaluate("window.synaptarium.spikesNow()") == expected
    # Play goes over the gap instead of waiting for what will not come.
    page.evaluate(
        "window.synaptarium.seek(15.5e6); window.synaptarium.setSpeed(0.9); window.synaptarium.play()"
    )
    deadline = time.monotonic() + 15
    while page.evaluate("window.synaptarium.state().t_us") < 17.5e6:
        assert time.monotonic() < deadline, page.evaluate("window.synaptarium.state()")
        page.wait_for_timeout(100)
