"""Recordings at the edges of what is allowed: the page opens each, shows what was recorded, and stays quiet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.library import Library
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser

Until = Callable[..., dict[str, Any]]
SECOND = 1_000_000
#: Where the corners of the panes are seen, pixels of the scene.
PANE_CORNERS = """() => {
  const { network, rig, surface } = window.synaptarium.scene();
  const corners = network.sheets.edges.getAttribute('corner');
  const corner = network.table.middle.clone();
  return Array.from({ length: corners.count }, (_, i) => {
    corner.fromBufferAttribute(corners, i).project(rig.camera);
    return [(corner.x * 0.5 + 0.5) * surface.width, (0.5 - corner.y * 0.5) * surface.height];
  });
}"""


def put(library: Library, source: Any) -> str:
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return id


def open_view(page: Page, url: str, id: str, query: str = "t=0") -> None:
    page.goto(f"{url}/view/{id}?{query}")
    page.evaluate("window.synaptarium.ready")


def spikes_at(page: Page, wait_until: Until, t_us: float) -> list[int]:
    page.evaluate("t => window.synaptarium.seek(t)", t_us)
    wait_until(lambda found: found["frameLoaded"])
    found: list[int] = page.evaluate("window.synaptarium.spikesNow()")
    return found


@pytest.mark.parametrize(
    "name",
    [
        "a.b.c",
        "$where",
        "in/out",
        "couche d'entrée",
        "層 一",
        "🧠",
        "<b>bold</b> & 'quoted\"",
        "..",
        "%2F?#",
        "x" * 120,
    ],
)
def test_any_name_of_a_layer_is_shown_and_found(
    page: Page, shelf: tuple[str, Library], wait_until: Until, name: str
) -> None:
    url, library = shelf
    source = arrays_source(
        "named",
        bin_us=1000,
        layers=[{"name": name, "neurons": 9, "shape": (3, 3)}, {"name": "b", "neurons": 4}],
        spikes={name: ([0, SECOND // 2, SECOND], [1, 5, 8]), "b": ([SECOND // 2], [3])},
        projections=[{"source": name, "target": "b", "pre": [0, 5], "post": [1, 2]}],
        weights={f"{name} -> b": {"times": [0, 0], "synapses": [0, 1], "values": [0.5, -0.25]}},
    )
    id = put(library, source)
    open_view(page, url, id)
    assert spikes_at(page, wait_until, SECOND // 2) == [5, 9 + 3]
    expect(page.locator(".layer-row").first).to_contain_text(name)
    wait_until(lambda found: found["synapsesDrawn"] == 2)
    page.evaluate("window.synaptarium.select([5])")
    expect(page.get_by_test_id("detail")).to_contain_text(f"{name} 5")
    expect(page.get_by_test_id("detail")).to_contain_text("−0.25")
    expect(page.locator("[data-panel=spikes] canvas")).to_be_visible()
    page.goto(url)
    expect(page.locator(f"[data-recording='{id}']")).to_contain_text(name)
    picture = page.locator(f"[data-recording='{id}'] img")
    expect(picture).not_to_have_class("picture absent")
    assert picture.evaluate(
        "image => image.complete && image.naturalWidth > 0 || image.decode().then(() => true)"
    )


def test_one_neuron_alone(page: Page, shelf: tuple[str, Library], wait_until: Until) -> None:
    url, library = shelf
    source = arrays_source(
        "one",
        bin_us=1000,
        layers=[{"name": "alone", "neurons": 1}],
        spikes={"alone": ([1000, 500_000, 999_000], [0, 0, 0])},
    )
    id = put(library, source)
    open_view(page, url, id)
    assert spikes_at(page, wait_until, 500_000) == [0]
    assert spikes_at(page, wait_until, 501_000) == []
    page.wait_for_timeout(800)
    at = page.evaluate("window.synaptarium.project(0)")
    box = page.locator(".scene-host").bounding_box()
    assert at and box
    assert 0 < at["x"] < box["width"] and 0 < at["y"] < box["height"]
    # The pane around it, which is nearly twice as wide as the room of one neuron, stands within the window too.
    corners = np.array(page.evaluate(PANE_CORNERS))
    assert corners.min() > 20
    assert (corners.max(axis=0) < [box["width"] - 20, box["height"] - 10]).all()
    page.mouse.click(box["x"] + at["x"], box["y"] + at["y"])
    assert wait_until(lambda found: bool(found["selection"]))["selection"] == [
        {"layer": "alone", "neuron": 0}
    ]
    # Without projections nothing is said of synapses, without stimuli nothing of labels.
    assert page.locator(".scene-legend").inner_text().count("ynapse") == 0
    expect(page.locator(".stimulus")).to_be_hidden()
    expect(page.locator(".label-now")).to_be_empty()


def test_a_silent_recording_plays_to_its_end(
    page: Page, shelf: tuple[str, Library], wait_until: Until
) -> None:
    url, library = shelf
    source = arrays_source(
        "silent", bin_us=1000, layers=[{"name": "quiet", "neurons": 16}], t_stop_us=2 * SECOND
    )
    id = put(library, source)
    open_view(page, url, id, "t=0&speed=0.9")
    assert spikes_at(page, wait_until, SECOND) == []
    page.evaluate("window.synaptarium.play()")
    found = wait_until(lambda found: found["status"] == "ended")
    assert found["t_us"] == 2 * SECOND - 1
    assert found["drawnSpikes"] == 0
    expect(page.locator(".toast")).to_have_count(0)


def test_one_frame_only(page: Page, shelf: tuple[str, Library], wait_until: Until) -> None:
    url, library = shelf
    source = arrays_source(
        "instant",
        bin_us=1000,
        layers=[{"name": "eye", "neurons": 4}],
        spikes={"eye": ([0, 0], [1, 3])},
        t_stop_us=1000,
    )
    id = put(library, source)
    open_view(page, url, id)
    assert spikes_at(page, wait_until, 0) == [1, 3]
    page.keyboard.press(".")
    assert page.evaluate("window.synaptarium.state().t_us") < 1000
    page.keyboard.press("Space")
    wait_until(lambda found: found["status"] == "ended")
    page.keyboard.press("r")
    page.keyboard.press("Space")
    wait_until(lambda found: found["playing"])
    page.wait_for_timeout(300)
    expect(page.locator(".toast")).to_have_count(0)


def test_a_million_neurons_beside_one_alone(
    page: Page, shelf: tuple[str, Library], wait_until: Until
) -> None:
    url, library = shelf
    random = np.random.default_rng(11)
    n, n_frames = 1_000_000, 40
    ids = [np.sort(random.choice(n, n // 100, replace=False)) for _ in range(n_frames)]
    source = arrays_source(
        "million",
        bin_us=1000,
        layers=[
            {"name": "sheet", "neurons": n, "shape": (1000, 1000)},
            {"name": "<the one> №1 / %", "neurons": 1},
        ],
        spikes={
            "sheet": (np.repeat(np.arange(n_frames) * 1000, n // 100), np.concatenate(ids)),
            "<the one> №1 / %": ([25_000], [0]),
        },
        t_stop_us=n_frames * 1000,
    )
    id = put(library, source)
    open_view(page, url, id, "t=0&speed=0.01")
    for frame in (0, 25, 39, 3):
        alone = [n] if frame == 25 else []
        assert spikes_at(page, wait_until, frame * 1000 + 500) == ids[frame].tolist() + alone
    labels = wait_until(lambda found: len(found["scene"]["labels"]) == 2, timeout_s=30)["scene"]["labels"]
    assert sorted(labels) == ["<the one> №1 / %", "sheet"]

    neuron = int(ids[3][5000])
    page.wait_for_timeout(1500)
    at = page.evaluate("neuron => window.synaptarium.project(neuron)", neuron)
    box = page.locator(".scene-host").bounding_box()
    assert at and box
    page.mouse.click(box["x"] + at["x"], box["y"] + at["y"])
    [selected] = wait_until(lambda found: bool(found["selection"]), timeout_s=30)["selection"]
    # Neurons lie closer than pixels here: a neighbour within two rows is as good.
    assert abs(selected["neuron"] // 1000 - neuron // 1000) <= 2
    assert abs(selected["neuron"] % 1000 - neuron % 1000) <= 4
    page.evaluate("neuron => window.synaptarium.select([neuron])", neuron)
    expect(page.get_by_test_id("detail")).to_contain_text(f"sheet {neuron}")

    # At a coarser level the counts of groups come first.
    page.goto(f"{url}/view/{id}?t=0.02&speed=2")
    page.evaluate("window.synaptarium.ready")
    wait_until(lambda found: found["level"] == 1 and found["frameLoaded"], timeout_s=30)
    asked = page.workers[0].evaluate(
        "performance.getEntriesByType('resource').map(entry => entry.name.split('/chunks/')[1]).filter(Boolean)"
    )
    groups = [at for at, address in enumerate(asked) if address.startswith("1/1/")]
    exact = [at for at, address in enumerate(asked) if address.startswith("0/1/")]
    assert groups and exact
    assert max(groups) < min(exact)
    sheet = np.unique(np.concatenate(ids[16:32])).tolist()
    assert page.evaluate("window.synaptarium.spikesNow()") == [*sheet, n]
