"""The home page: an empty installation, recordings in every state, and precomputing that is watched and cancelled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import psutil
import pytest
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.schemas.recording import Header, Layer, Source
from synaptarium.server.library import Library
from synaptarium.store import jobs, recordings
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser


@pytest.fixture
def large(shelf: tuple[str, Library]) -> Iterator[str]:
    """A recording of 4 M spikes that was not precomputed: that takes seconds."""
    _, library = shelf
    random = np.random.default_rng(1)
    n = 4_000_000
    source = arrays_source(
        "large",
        bin_us=1000,
        layers=[{"name": "all", "neurons": 2000, "shape": (40, 50)}],
        spikes={"all": (np.sort(random.integers(0, 120_000_000, n)), random.integers(0, 2000, n))},
    )
    id = import_source(library.store, source).id
    yield id
    if any(recording.id == id for recording in recordings.all_recordings(library.store)):
        recordings.delete(library.store, id)


def progress_of(page: Page, id: str) -> int | None:
    """Return the percentage that the card's progress bar says; None where there is no bar."""
    found: str | None = page.evaluate(
        "id => document.querySelector(`[data-recording='${id}'] [role=progressbar]`)?.getAttribute('aria-valuenow')",
        id,
    )
    return None if found is None else int(found)


def test_an_empty_installation_says_what_to_do(page: Page, shelf: tuple[str, Library]) -> None:
    url, _ = shelf
    page.goto(url)
    expect(page.get_by_role("heading", name="No recordings yet")).to_be_visible()
    expect(page.locator("main")).to_contain_text("synaptarium demo")
    expect(page.locator("main")).to_contain_text("synaptarium import")


def held_job(id: str) -> psutil.Process:
    """Return the process of a job that has just been started, held where it is."""
    deadline = time.monotonic() + 20
    while True:
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if "precompute" in child.cmdline() and id in child.cmdline():
                    child.suspend()
                    return child
        assert time.monotonic() < deadline, "no job was started"
        time.sleep(0.005)


def test_precomputing_shows_progress_and_is_cancelled(
    page: Page, shelf: tuple[str, Library], large: str
) -> None:
    url, library = shelf
    page.goto(url)
    card = page.locator(f"[data-recording={large}]")
    expect(card).to_contain_text("not precomputed")
    expect(card.get_by_role("link", name="Open")).to_have_count(0)
    card.get_by_role("button", name="Precompute").click()
    job = held_job(large)

    bar = card.get_by_role("progressbar", name="Precomputing")
    expect(bar).to_be_visible(timeout=10_000)
    assert progress_of(page, large) == 0
    card.get_by_role("button", name="Cancel").click()
    page.wait_for_timeout(300)
    job.resume()
    expect(card).to_contain_text("not precomputed", timeout=15_000)
    expect(bar).to_have_count(0)
    assert recordings.get(library.store, large).build is None

    # The next try ends.
    card.get_by_role("button", name="Precompute").click()
    expect(card.get_by_role("link", name="Open").first).to_be_visible(timeout=60_000)
    assert recordings.get(library.store, large).build is not None


def test_a_killed_job_is_told_and_can_be_started_again(
    page: Page, shelf: tuple[str, Library], large: str
) -> None:
    url, _ = shelf
    page.goto(url)
    card = page.locator(f"[data-recording={large}]")
    card.get_by_role("button", name="Precompute").click()
    held_job(large).kill()
    expect(card.get_by_role("alert")).to_contain_text("tart it again", timeout=10_000)
    card.get_by_role("button", name="Precompute").click()
    expect(card.get_by_role("link", name="Open").first).to_be_visible(timeout=60_000)


def hold_midway(library: Library, id: str) -> psutil.Process:
    """Wait until a job has done a part of its work, and hold its process there."""
    job = held_job(id)
    num = recordings.get(library.store, id).num
    for _ in range(2000):
        job.resume()
        time.sleep(0.01)
        job.suspend()
        latest = jobs.latest(library.store, num)
        if latest and latest.state == "running" and 0 < latest.done < latest.total:
            return job
    raise AssertionError(f"no progress was seen: {jobs.latest(library.store, num)}")


def test_progress_is_what_the_job_has_done(page: Page, shelf: tuple[str, Library], large: str) -> None:
    url, library = shelf
    page.goto(url)
    card = page.locator(f"[data-recording={large}]")
    card.get_by_role("button", name="Precompute").click()
    job = hold_midway(library, large)
    latest = jobs.latest(library.store, recordings.get(library.store, large).num)
    assert latest is not None
    percent = round(100 * latest.done / latest.total)
    expect(card).to_contain_text(f"{percent} %")
    expect(card).to_contain_text("events/s")
    assert progress_of(page, large) == percent

    job.resume()
    expect(card.get_by_role("link", name="Open").first).to_be_visible(timeout=60_000)
    expect(card.get_by_role("progressbar")).to_have_count(0)


def test_an_unfinished_import_offers_nothing_to_open(page: Page, shelf: tuple[str, Library]) -> None:
    url, library = shelf
    header = Header(
        name="half",
        bin_us=1000,
        t_start_us=0,
        t_stop_us=1_000_000,
        layers=(Layer(name="eye", neurons=10, shape=(10,), offset=0),),
        source=Source(format="arrays"),
    )
    half, importer = recordings.create(library.store, header, id="half"), jobs.new_owner()
    jobs.claim(library.store, half.num, 0, importer)
    page.goto(url)
    card = page.locator("[data-recording=half]")
    expect(card).to_contain_text("importing")
    expect(card.get_by_role("link", name="Open")).to_have_count(0)
    expect(card.get_by_role("button", name="Precompute")).to_have_count(0)
    jobs.release(
        library.store, half.num, 0, importer
    )  # as of an importer that was killed: nobody works on it
    expect(card).to_contain_text("import interrupted")
    expect(card).to_contain_text(
        "Run the same `synaptarium import` again: it goes on from what is stored. Or delete it."
    )
    recordings.set_status(library.store, "half", "failed")
    expect(card).to_contain_text("import failed")
    # With the keyboard alone: to the card's last button, and out of the question again.
    card.get_by_role("button", name="Delete half").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Delete half?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(card).to_be_visible()


def test_modules_are_chosen_before_a_recording_is_opened(page: Page, shelf: tuple[str, Library]) -> None:
    url, library = shelf
    source = arrays_source(
        "odd: name/✓",
        bin_us=1000,
        layers=[{"name": "all", "neurons": 4}],
        spikes={"all": (np.array([0, 5_000]), np.array([0, 3]))},
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    page.goto(url)
    card = page.locator(f"[data-recording='{id}']")

    card.get_by_role("button", name="Modules").click()
    names = card.get_by_role("checkbox", checked=True).evaluate_all("boxes => boxes.map(box => box.name)")
    for name in names:
        card.locator(f"input[name='{name}']").uncheck()
    card.get_by_label("Raster").check()
    card.get_by_label("Training health").check()

    expect(card.get_by_role("button", name="Modules (2)")).to_be_visible()
    page.reload()
    card.get_by_role("link", name="Open").click()
    expect(page.locator(".dv-default-tab")).to_have_text(["Raster", "Training health"])
    # Changed in the viewer, and there they stay as they are left.
    page.get_by_text("modules", exact=True).click()
    page.get_by_label("Tab of Raster").uncheck()
    expect(page.locator(".dv-default-tab")).to_have_text(["Training health"])
    page.goto(url)
    card.get_by_role("button", name="Modules (2)").click()
    card.get_by_role("button", name="As it was left").click()
    card.get_by_role("link", name="Open").click()
    expect(page.locator(".dv-default-tab")).to_have_text(["Training health"])
    page.goto(url)
    page.goto(f"{url}/view/{id}#modules=raster,health,general,raster")  # the link's order, not the list's
    expect(page.locator(".dv-default-tab")).to_have_text(["Raster", "Training health", "Network activity"])
    expect(page.locator(".dv-active-tab .dv-default-tab")).to_have_text("Raster")
    recordings.delete(library.store, id)
