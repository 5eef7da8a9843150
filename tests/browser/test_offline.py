"""A part of a recording as one HTML file, opened from the disk with the network off; and made from the export menu."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.library import Library
from synaptarium.server.offline import page as offline
from synaptarium.store.importing import import_source

pytestmark = pytest.mark.browser
Until = Callable[..., dict[str, Any]]

#: The brightest of the three colours in the 5 x 5 pixels around a neuron.
GLOW = """(neuron) => {
  const { x, y } = window.synaptarium.project(neuron);
  const [, high] = window.synaptarium.state().scene.size;
  const scale = devicePixelRatio;
  return Math.max(...window.synaptarium.scene().readPixels(Math.round(x * scale) - 2, Math.round((high - y) * scale) - 2, 5, 5).filter((_, i) => i % 4 < 3));
}"""


@pytest.fixture(scope="module")
def served(shelf: tuple[str, Library]) -> str:
    """A recording of 4 s: neuron 3 of the eye spikes at 0.5 s, neuron 14 at 1.5 s; weights change at 1.4 s and 3 s."""
    url, library = shelf
    weights = np.stack([np.full(36 * 4, 0.1), np.linspace(-1, 1, 36 * 4), np.ones(36 * 4)])
    source = arrays_source(
        "taken away",
        bin_us=1000,
        layers=[{"name": "eye", "shape": (6, 6)}, {"name": "out", "neurons": 4}],
        projections=[{"source": "eye", "target": "out", "name": "eye->out"}],
        spikes={"eye": ([500_000, 1_500_000], [3, 14])},
        weights={"eye->out": ([0, 1_400_000, 3_000_000], weights)},
        stimuli={
            "t_start": [0, 1_000_000, 3_000_000],
            "t_stop": [900_000, 1_900_000, 3_900_000],
            "labels": ["a", "b", "c"],
            "images": [0, 1, 1],
        },
        images=np.stack([np.zeros((4, 4)), np.full((4, 4), 255)]).astype(np.uint8),
        t_stop_us=4_000_000,
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return f"{url}/api/recordings/{id}"


@pytest.fixture(scope="module")
def saved(served: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The part from 1 s to 2 s, as a file."""
    body = {"t_start_us": 1_000_000, "t_stop_us": 2_000_000, "view": "t=1.2&select=out:1"}
    answer = requests.post(f"{served}/offline", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    path = tmp_path_factory.mktemp("saved") / "taken away.html"
    path.write_bytes(answer.content)
    return path.as_uri()


def opened(page: Page, address: str, wait_until: Until) -> dict[str, Any]:
    page.context.set_offline(True)
    page.goto(address)
    page.evaluate("window.synaptarium.ready")
    return wait_until(lambda state: state["frameLoaded"] and state["framesDrawn"] > 0)


def test_file_shows_the_part_with_the_network_off(page: Page, saved: str, wait_until: Until) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    state = opened(page, saved, wait_until)

    assert (state["t_start_us"], state["t_stop_us"], state["t_us"]) == (1_000_000, 2_000_000, 1_200_000)
    assert state["label"] == "b"
    assert state["selection"] == [{"layer": "out", "neuron": 1}]
    dark = page.evaluate(GLOW, 14)
    page.evaluate("window.synaptarium.seek(1500500)")
    wait_until(lambda state: state["spikesInLastFrame"] == 1)
    assert page.evaluate("window.synaptarium.spikesNow()") == [14]
    assert page.evaluate(GLOW, 14) > dark + 60
    assert page.evaluate(GLOW, 3) < dark + 30
    expect(page.get_by_test_id("stimulus").locator("img")).to_have_js_property("naturalWidth", 4)
    assert {url.split(":")[0] for url in asked} <= {"file", "blob", "data"}
    assert state["chunks"]["held"] > 0 and state["chunks"]["http"] == state["chunks"]["stream"] == 0


def test_file_plays_scrubs_and_holds_the_weights(page: Page, saved: str, wait_until: Until) -> None:
    opened(page, saved, wait_until)

    page.evaluate("window.synaptarium.setSpeed(0.5); window.synaptarium.play()")
    wait_until(lambda state: state["t_us"] > 1_350_000 and state["status"] == "playing")
    page.evaluate("window.synaptarium.pause()")
    for t_us, first, last in ((1_300_000, 0.1, 0.1), (1_900_000, -1.0, 1.0)):
        page.evaluate(f"window.synaptarium.seek({t_us})")
        wait_until(lambda state: state["frameLoaded"])
        found = page.evaluate("window.synaptarium.valuesNow('weights', 'eye->out')")
        assert [found[0], found[-1]] == pytest.approx([first, last], abs=2e-3)
    curve = page.get_by_role("slider", name="Playhead")
    box = curve.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    assert wait_until(lambda state: state["frameLoaded"])["t_us"] == pytest.approx(1_250_000, abs=20_000)


def test_file_has_the_layouts_and_colours_and_says_what_it_lacks(
    page: Page, saved: str, wait_until: Until
) -> None:
    opened(page, f"{saved}#t=1.5&colour=rate&layout=rings", wait_until)

    assert page.evaluate("window.synaptarium.state().colour") == "rate"
    before = page.evaluate("window.synaptarium.project(0)")
    page.evaluate("window.synaptarium.setView({ layout: 'sheets' })")
    wait_until(
        lambda state: (
            not state["scene"]["layout_moving"] and page.evaluate("window.synaptarium.project(0)") != before
        )
    )
    legend = page.locator(".scene-legend")
    page.evaluate("window.synaptarium.setView({ colour: 'selectivity' })")
    expect(legend).to_contain_text("elective")
    page.evaluate("window.synaptarium.setView({ colour: 'reconstruction', selection: [37] })")
    expect(legend).to_contain_text("A saved page cannot show this")
    assert "Analyses" in (page.locator(".badge.saved").get_attribute("title") or "")
    assert page.get_by_role("button", name="Panels").count() == 0
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("button", name="Save PNG")).to_be_visible()
    assert page.get_by_role("link", name="Points (GLB)").count() == 0


def test_export_menu_tells_the_size_and_saves(
    page: Page, served: str, wait_until: Until, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page.goto(served.replace("/api/recordings/", "/view/") + "?t=2.2")
    page.evaluate("window.synaptarium.ready")
    page.get_by_role("button", name="Export").click()
    told = page.get_by_test_id("offline-size")
    expect(told).to_contain_text("4 s, at most")

    page.get_by_label("From, seconds").fill("2")
    page.get_by_label("To, seconds").fill("3")
    expect(told).to_contain_text("1 s, at most")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save HTML").click()
    download.value.save_as(tmp_path / "menu.html")
    monkeypatch.setattr(offline, "MOST_BYTES", 1_000_000)
    page.get_by_label("To, seconds").fill("4")
    expect(told).to_contain_text("1.0 MB is the most. Choose a shorter part.")
    expect(page.get_by_role("button", name="Save HTML")).to_be_disabled()

    state = opened(page, (tmp_path / "menu.html").as_uri(), wait_until)
    assert (state["t_start_us"], state["t_stop_us"], state["t_us"]) == (2_000_000, 3_000_000, 2_200_000)
