"""Every kind of panel selects in the scene and marks what is selected there; jumps are walked back; arrangements are kept."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Locator, Page, expect

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.library import Library
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser

Until = Callable[..., dict[str, Any]]
SECOND = 1_000_000


@pytest.fixture(scope="module")
def address(shelf: tuple[str, Library]) -> str:
    """10 s: each neuron of ``in`` drives its own one of ``out`` 3 ms later."""
    url, library = shelf
    t = np.arange(0, 10 * SECOND, 50_000)
    ids = t // 50_000 % 9
    source = arrays_source(
        "brushing",
        bin_us=1000,
        t_stop_us=10 * SECOND,
        layers=[{"name": "in", "shape": (3, 3)}, {"name": "out", "neurons": 9}],
        projections=[
            {
                "name": "in/out",
                "source": "in",
                "target": "out",
                "pre": np.arange(9),
                "post": np.arange(9),
                "delays_ms": np.full(9, 2.0),
            }
        ],
        spikes={"in": (t, ids), "out": (t + 3000, ids)},
        weights={"in/out": (np.zeros(9), np.linspace(0.2, 1, 9), np.arange(9))},
        stimuli={
            "t_start": np.arange(10) * SECOND,
            "t_stop": np.arange(1, 11) * SECOND,
            "labels": [str(number % 3) for number in range(10)],
        },
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return f"{url}/view/{id}?t=5.049"


def opened(page: Page, address: str, title: str) -> None:
    page.goto(address)
    page.evaluate("window.synaptarium.ready")
    shown(page, title)


def shown(page: Page, title: str) -> None:
    page.locator(".module-picker summary", has_text="modules").click()
    page.locator(".module-row button", has_text=title).click()


def panel(page: Page, id: str) -> Locator:
    return page.locator(f".dock [data-panel='{id}']")


def chosen(state: dict[str, Any]) -> list[tuple[str, int]]:
    return [(ref["layer"], ref["neuron"]) for ref in state["selection"]]


def test_diagram_treemap_polar_and_picker_brush_both_ways(
    page: Page, address: str, wait_until: Until
) -> None:
    opened(page, address, "Network activity")
    canvas = panel(page, "diagram").locator("canvas")
    canvas.scroll_into_view_if_needed()
    expect(canvas).to_be_visible()
    width = canvas.evaluate("canvas => canvas.clientWidth")
    canvas.click(position={"x": width * 0.3, "y": 20})
    wait_until(lambda state: chosen(state) == [("in", number) for number in range(9)])

    panel(page, "stimuli").locator("button.treemap-box", has_text="2").click()
    wait_until(lambda state: state["t_us"] == 2 * SECOND)

    shown(page, "Neurons")
    page.evaluate("window.synaptarium.select([])")
    picker = page.locator(".neuron-picker:visible")
    picker.locator("select").select_option("out")
    picker.locator("input").fill("4")
    picker.locator("input").press("Enter")
    wait_until(lambda state: chosen(state) == [("out", 4)])
    picker.locator("input").fill("7")
    picker.get_by_role("button", name="Add this neuron").click()
    wait_until(lambda state: chosen(state) == [("out", 4), ("out", 7)])

    polar = panel(page, "class.out.4").locator("canvas")
    expect(polar).to_have_class("polar-chart selected")
    polar.click()
    wait_until(lambda state: chosen(state) == [("out", 4)])
    expect(panel(page, "class.out.7")).to_have_count(0)

    # The scene selects; the chips and the names of the lines follow.
    page.evaluate("window.synaptarium.select([9 + 2, 9 + 3])")
    expect(picker.locator(".neuron-chip")).to_have_text(["out 2 ×", "out 3 ×"])
    expect(panel(page, "activity").locator("button.line-name[aria-pressed=true]")).to_have_count(2)
    picker.locator(".neuron-chip").first.click()
    wait_until(lambda state: chosen(state) == [("out", 3)])


def test_the_walk_back_is_lit_and_goes_forward_again(page: Page, address: str, wait_until: Until) -> None:
    opened(page, address, "Causes of a spike")
    expect(panel(page, "causes").locator(".panel-empty")).to_contain_text("Select a neuron")
    page.evaluate("window.synaptarium.select([9 + 1])")
    page.evaluate("window.synaptarium.seek(5_060_000)")

    row = panel(page, "causes").locator("tr.link").first
    expect(row).to_contain_text("in")
    assert "Causes of the spike of out 1" in panel(page, "causes").locator("h3").inner_text()
    page.wait_for_timeout(200)
    assert page.evaluate("window.synaptarium.state().lit") == [{"neuron": 1, "strength": 1}]
    row.click()
    before = wait_until(lambda state: chosen(state) == [("in", 1)])
    expect(panel(page, "causes").locator(".panel-empty")).to_contain_text("the walk back ends here")

    page.keyboard.press("Backspace")
    wait_until(lambda state: chosen(state) == [("out", 1)] and state["t_us"] == 5_060_000)
    page.get_by_role("button", name="Forward again").click()
    wait_until(lambda state: chosen(state) == [("in", 1)] and state["t_us"] == before["t_us"])

    shown(page, "Network activity")
    wait_until(lambda state: state["lit"] == [])


def test_arrangements_are_kept_and_files_agree(page: Page, address: str) -> None:
    opened(page, address, "Neurons")
    page.locator(".module [name=layer]:visible").select_option("in")
    expect(panel(page, "bars").locator(".subtitle")).to_contain_text("in")
    layouts = page.locator(".module-picker", has=page.locator("summary", has_text="layouts"))
    layouts.locator("summary").click()
    layouts.get_by_label("Name of this layout").fill("mine")
    layouts.get_by_role("button", name="Save").click()
    expect(layouts.get_by_role("button", name="mine", exact=True)).to_be_visible()

    page.reload()
    page.evaluate("window.synaptarium.ready")
    shown(page, "Raster")
    layouts.locator("summary").click()
    layouts.get_by_role("button", name="mine", exact=True).click()
    expect(page.locator(".module [name=layer]:visible")).to_have_value("in")

    bars = panel(page, "bars")
    saved: dict[str, bytes] = {}
    for ending in ("csv", "parquet"):
        bars.locator(".export-menu summary").click()
        with page.expect_download() as waiting:
            bars.locator(f"[data-export={ending}]").click()
        saved[ending] = waiting.value.path().read_bytes()
    table = pq.read_table(io.BytesIO(saved["parquet"]))
    lines = [line for line in saved["csv"].decode().splitlines() if not line.startswith("#")]
    rows = list(csv.reader(lines))
    assert rows[0] == table.column_names
    assert [row[1] for row in rows[1:]] == [f"{value:g}" for value in table.column(1).to_pylist()]

    layouts.locator("summary").click()
    layouts.get_by_role("button", name="Forget the layout mine").click()
    layouts.get_by_role("button", name="Undo").click()
    layouts.get_by_role("button", name="Forget the layout mine").click()
    assert page.evaluate("JSON.parse(localStorage.getItem('synaptarium.dock.layouts'))") == []


def test_the_class_that_is_on_is_outlined_among_the_inputs(page: Page, address: str) -> None:
    opened(page, address, "Network activity")
    box = page.locator("[data-panel='stimuli'] .treemap-box[aria-current]")

    expect(box).to_have_count(1)
    expect(box).to_contain_text("2")  # the sixth second shows class 5 % 3
    page.evaluate("window.synaptarium.seek(6_500_000)")
    expect(box).to_contain_text("0")


def test_thirty_thousand_selected_neurons_fit_a_request(page: Page, shelf: tuple[str, Library]) -> None:
    url, library = shelf
    t = np.arange(0, SECOND, 100)
    source = arrays_source(
        "many selected",
        bin_us=1000,
        t_stop_us=SECOND,
        layers=[{"name": "n", "neurons": 60_000}],
        spikes={"n": (t, t // 100 * 6)},
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    opened(page, f"{url}/view/{id}?t=0.5", "Neurons")
    with page.expect_request(
        lambda request: "/modules/neuron" in request.url and "~" in (request.post_data or "")
    ) as asked:
        page.evaluate("window.synaptarium.select(Array.from({ length: 30_000 }, (_, i) => 2 * i))")

    assert len(asked.value.post_data or "") < 12_000
    expect(page.locator("[data-panel='activity'] .accounting")).to_contain_text(
        "You see 6 of 30,000 selected neurons"
    )
