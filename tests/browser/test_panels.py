"""Panels and scene are one: what is clicked in a panel is selected in the scene and back, drags seek, panels are saved as files."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.library import Library
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser

Until = Callable[..., dict[str, Any]]
SPAN_US = 20_000_000


@pytest.fixture(scope="module")
def address(shelf: tuple[str, Library]) -> str:
    """Address of the view of 20 s: 16 neurons of which number 15 is dead and 14 silent from 5 s on."""
    url, library = shelf
    random = np.random.default_rng(4)
    times = np.sort(random.integers(0, SPAN_US, 6000))
    ids = random.integers(0, 14, 6000)
    early = np.arange(0, 5_000_000, 50_000)
    order = np.argsort(np.concatenate([times, early]), kind="stable")
    source = arrays_source(
        "panels",
        bin_us=1000,
        t_stop_us=SPAN_US,
        layers=[{"name": "eye", "neurons": 16, "shape": (4, 4)}],
        spikes={
            "eye": (
                np.concatenate([times, early])[order],
                np.concatenate([ids, np.full(len(early), 14)])[order],
            )
        },
        stimuli={
            "t_start": np.arange(20) * 1_000_000,
            "t_stop": np.arange(1, 21) * 1_000_000,
            "labels": [str(number % 4) for number in range(20)],
        },
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return f"{url}/view/{id}?t=1"


def open_module(page: Page, title: str) -> None:
    """Bring a module's tab to the front."""
    page.locator(".module-picker summary", has_text="modules").click()
    page.locator(".module-row button", has_text=title).click()


def panel(page: Page, id: str) -> Locator:
    return page.locator(f".dock [data-panel='{id}']")


def chosen(state: dict[str, Any]) -> list[int]:
    return [ref["neuron"] for ref in state["selection"]]


def test_neurons_are_selected_both_ways(page: Page, address: str, wait_until: Until) -> None:
    page.goto(address)
    page.evaluate("window.synaptarium.ready")
    open_module(page, "Neurons")
    bar = panel(page, "bars").locator(".bar-row").first
    bar.click()

    name = int(bar.locator(".bar-name").inner_text())
    wait_until(lambda state: chosen(state) == [name])
    expect(bar).to_have_class("bar-row selected")

    page.evaluate("window.synaptarium.select([3])")

    row = panel(page, "bars").locator(".bar-row", has=page.locator(".bar-name", has_text="3")).first
    expect(panel(page, "bars").locator(".bar-row.selected")).to_have_count(1)
    expect(row).to_be_visible()
    expect(panel(page, "bars").locator(".bar-row.selected .bar-name")).to_have_text("3")


def test_a_row_of_the_health_table_goes_to_its_time(page: Page, address: str, wait_until: Until) -> None:
    page.goto(address)
    page.evaluate("window.synaptarium.ready")
    open_module(page, "Training health")

    row = panel(page, "findings").locator("tr.link", has_text="silent").first
    row.click()

    state = wait_until(lambda state: chosen(state) == [14])
    # The end of the interval in which it spiked last.
    assert 4_900_000 <= state["t_us"] <= 5_300_000
    assert not state["playing"]
    expect(row).to_have_class("link selected")


def test_drags_seek_and_narrow_the_window(page: Page, address: str, wait_until: Until) -> None:
    page.goto(address)
    page.evaluate("window.synaptarium.ready")
    canvas = panel(page, "spikes").locator("canvas")
    expect(canvas).to_be_visible()
    box = canvas.bounding_box()
    assert box is not None
    y = box["y"] + 40
    subtitle = panel(page, "spikes").locator(".subtitle")
    whole = subtitle.inner_text()

    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, y, steps=4)
    page.mouse.up()
    state = wait_until(lambda state: state["t_us"] > 12_000_000)
    assert state["t_us"] < 18_000_000

    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")

    # About a fifth of the run, less the axis.
    expect(page.locator("select.window")).to_have_value("drawn")
    expect(subtitle).not_to_have_text(whole)
    start_s, stop_s = (float(part.split()[0]) for part in subtitle.inner_text().split(" to "))
    assert 2 < stop_s - start_s < 7

    canvas.dblclick()
    expect(subtitle).to_have_text(whole)


def test_the_raster_spans_the_window_and_selects_what_is_clicked(
    page: Page, address: str, wait_until: Until
) -> None:
    page.goto(address)
    page.evaluate("window.synaptarium.ready")
    open_module(page, "Raster")
    canvas = panel(page, "raster.eye").locator("canvas")
    expect(canvas).to_be_visible()
    box = canvas.bounding_box()
    assert box is not None

    # Late, where neuron 14 does not spike any more: the row that is clicked counts.
    page.mouse.click(box["x"] + box["width"] - 20, box["y"] + 4 + (box["height"] - 24) * (1.5 / 16))

    state = wait_until(lambda state: chosen(state) == [14])
    assert state["t_us"] > 18_000_000


def test_a_rectangle_in_the_raster_selects_the_neurons_that_spiked_in_it(
    page: Page, address: str, wait_until: Until
) -> None:
    page.goto(address)
    page.evaluate("window.synaptarium.ready")
    open_module(page, "Raster")
    canvas = panel(page, "raster.eye").locator("canvas")
    expect(canvas).to_be_visible()
    box = canvas.bounding_box()
    assert box is not None
    row = (box["height"] - 24) / 16
    bottom = box["y"] + box["height"] - 20
    before = page.evaluate("window.synaptarium.state().t_us")

    page.keyboard.down("Alt")
    page.mouse.move(box["x"] + 43, bottom - 5.9 * row)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 9, bottom - 3.1 * row, steps=4)
    expect(panel(page, "raster.eye").locator(".neuron-brush")).to_be_visible()
    page.mouse.up()
    page.keyboard.up("Alt")

    # Rows 3 to 5 lie inside, and the playhead stays where it was.
    state = wait_until(lambda state: chosen(state) == [3, 4, 5])
    assert state["t_us"] == before
    expect(panel(page, "raster.eye").locator(".neuron-brush")).to_be_hidden()


@pytest.mark.parametrize("module", ["Network activity", "Spike trains", "Raster"])
def test_panels_are_saved_as_files(page: Page, address: str, tmp_path: Path, module: str) -> None:
    page.goto(address)
    page.evaluate("window.synaptarium.ready")
    open_module(page, module)
    first = page.locator(".module:visible .panel").first
    expect(first.locator("canvas")).to_be_visible()
    saved: dict[str, bytes] = {}
    for ending in ("png", "svg", "csv"):
        first.locator(".export-menu summary").click()
        with page.expect_download() as download:
            first.locator(f"[data-export={ending}]").click()
        assert download.value.suggested_filename.endswith(f".{ending}")
        download.value.save_as(tmp_path / ending)
        saved[ending] = (tmp_path / ending).read_bytes()

    assert saved["png"][:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", saved["png"][16:20])[0] == 1440
    svg = saved["svg"].decode()
    assert svg.startswith("<svg") and "<path" in svg and "NaN" not in svg
    lines = [line for line in saved["csv"].decode().splitlines() if not line.startswith("#")]
    assert len(lines) > 10
    assert lines[0].count(",") == lines[1].count(",") >= 1


def test_every_module_draws_every_panel(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("window.synaptarium.ready")
    titles = page.evaluate(
        "async () => (await (await fetch('/api/modules')).json()).map((module) => module.title)"
    )
    for title in titles:
        open_module(page, title)
        expect(page.locator(".module:visible .panel").first).to_be_visible()
        texts = page.locator(".module:visible .panel-empty:visible").all_inner_texts()
        assert not [text for text in texts if "could not be drawn" in text or "cannot draw" in text], title
