"""Moving through the scene and cutting it open: clipping planes, flight, rule, minimap, the camera's path."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from synaptarium.adapters.arrays import ArraySource, arrays_source

pytestmark = pytest.mark.browser
Rest = Callable[..., dict[str, Any]]
UNCUT = "clip: [0, 1, 0, 1, 0, 1]"


@pytest.fixture(scope="module")
def opened(viewed: Callable[[ArraySource], str], browser: Browser) -> Iterator[Page]:
    """Two sheets, one behind the other; the first fires all the time, and each of its neurons drives one of the second."""
    times = np.repeat(np.arange(0, 1_000_000, 10_000), 64)
    synapses = np.arange(64)
    source = arrays_source(
        "moving",
        bin_us=1000,
        layers=[{"name": "front", "shape": (8, 8)}, {"name": "back", "shape": (8, 8)}],
        spikes={"front": (times, np.tile(synapses, 100))},
        projections=[
            {"source": "front", "target": "back", "name": "f->b", "pre": synapses, "post": synapses}
        ],
        weights={"f->b": ([0], np.ones((1, 64)))},
        t_stop_us=1_000_000,
    )
    context = browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{viewed(source)}?t=0.5")
    page.evaluate("window.synaptarium.ready")
    while page.evaluate("window.synaptarium.state().synapsesDrawn") < 64:
        page.wait_for_timeout(30)
    yield page
    context.close()


@pytest.fixture
def page(opened: Page) -> Page:
    """The one page of this file, with the view as it opens."""
    opened.keyboard.press("Escape")
    opened.evaluate(
        f"window.synaptarium.setView({{{UNCUT}, selection: [], rule: null, minimap: 'off', bookmarks: [], synapses: 3000}})"
    )
    opened.evaluate("window.synaptarium.scene().home()")
    return opened


#: Sum of the light on the whole picture's columns, left to right; and around a place.
COLUMNS = """() => {
  const scene = window.synaptarium.scene(), [w, h] = window.synaptarium.state().scene.size;
  const bytes = scene.readPixels(0, 0, w, h);
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return [w, h, btoa(text)];
}"""


def picture(page: Page) -> np.ndarray:
    """The picture's brightest channel, (height, width), first row at the top."""
    width, height, text = page.evaluate(COLUMNS)
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
    return pixels[::-1, :, :3].max(axis=2).astype(int)


def light(shot: np.ndarray, place: dict[str, float], reach: int = 3) -> int:
    x, y = round(place["x"]), round(place["y"])
    return int(shot[y - reach : y + reach + 1, x - reach : x + reach + 1].max())


def project(page: Page, neuron: int) -> dict[str, float]:
    found: dict[str, float] = page.evaluate(f"window.synaptarium.project({neuron})")
    return found


def test_clipping_takes_neurons_and_synapses_away_at_the_plane(page: Page, rest: Rest) -> None:
    rest()
    front, back = project(page, 9), project(page, 64 + 9)
    late = {axis: (front[axis] * 0.25 + back[axis] * 0.75) for axis in ("x", "y")}
    early = {axis: (front[axis] * 0.8 + back[axis] * 0.2) for axis in ("x", "y")}
    whole = picture(page)
    assert page.evaluate(f"window.synaptarium.scene().pick({front['x']}, {front['y']})") == 9
    page.evaluate("window.synaptarium.setView({clip: [0.5, 1, 0, 1, 0, 1]})")
    rest()
    cut = picture(page)
    assert light(whole, front) > 200 > 80 > light(cut, front)  # the room and a pane's glass are left
    assert abs(light(cut, back) - light(whole, back)) < 12  # a pane of glass lies before it
    page.evaluate("window.synaptarium.setView({synapses: 0})")
    rest()
    bare = picture(page)
    page.evaluate("window.synaptarium.setView({synapses: 3000})")
    assert light(cut, early, 1) == light(
        bare, early, 1
    )  # the line is cut at the plane, not where its neurons lie
    assert light(cut, late, 1) > light(bare, late, 1) + 15
    assert page.evaluate(f"window.synaptarium.scene().pick({front['x']}, {front['y']})") != 9
    assert page.evaluate(f"window.synaptarium.scene().pick({back['x']}, {back['y']})") == 64 + 9
    assert "front" not in page.evaluate("window.synaptarium.state().scene.labels")
    box = page.locator(".scene-host").bounding_box()
    assert box is not None
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 12, box["y"] + 12)  # beside the splitter
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 12, box["y"] + box["height"] - 12, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    selected = page.evaluate("window.synaptarium.state().selection")
    assert {ref["layer"] for ref in selected} == {"back"}
    page.keyboard.press("Escape")
    for _ in range(5):  # the selection cleared and made, the synapses, and the plane
        page.keyboard.press("Control+z")
    assert page.evaluate("window.synaptarium.scene().context.view.get('clip')") == [0, 1, 0, 1, 0, 1]


def test_sliders_move_the_planes_and_are_kept_in_the_address(page: Page, rest: Rest) -> None:
    page.get_by_role("button", name="Look", exact=True).click()
    slider = page.get_by_role("slider", name="From above")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "5 %")
    page.keyboard.press("Escape")
    rest(written=True)
    assert "clip=0,1,0,0.95,0,1" in page.url


def test_the_rule_measures_between_neurons_and_tells_the_layers(page: Page, rest: Rest) -> None:
    page.evaluate("window.synaptarium.select([0, 64 + 63])")
    page.keyboard.press("x")
    rest(written=True)
    ends = page.evaluate("[0, 127].map(id => window.synaptarium.scene().placeOf(id))")
    measured = page.evaluate("window.synaptarium.state().scene.rule")
    assert measured == {
        "distance": pytest.approx(math.dist(*ends), rel=1e-6), "unit": "units", "layers_apart": 1
    }  # fmt: skip
    expect(page.locator(".scene-rule-label")).to_contain_text("1 layer apart")
    assert "rule=front:0;back:63" in page.url
    page.keyboard.press("Control+z")
    expect(page.locator(".scene-rule-label")).to_be_hidden()
    # By hand: two clicks, on a neuron and beside everything.
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    box = page.locator(".scene-host").bounding_box()
    assert box is not None
    place = project(page, 0)
    page.mouse.click(box["x"] + place["x"], box["y"] + place["y"])
    page.mouse.click(box["x"] + 300, box["y"] + box["height"] - 60)
    rule = page.evaluate("window.synaptarium.scene().context.view.get('rule')")
    assert rule[0] == {"neuron": 0}
    assert len(rule[1]["place"]) == 3
    assert page.evaluate("window.synaptarium.state().selection") == []


#: Where the camera looks, to three digits.
LOOK = """(({ position, target }) => {
  const way = target.map((x, axis) => x - position[axis]), length = Math.hypot(...way);
  return way.map((x) => (x / length).toFixed(3)).join();
})(window.synaptarium.scene().pose())"""
PLACE = "window.synaptarium.scene().pose().position.join()"


def held(page: Page, key: str, what: str) -> None:
    """Hold a key until something about the camera has changed."""
    before = page.evaluate(what)
    page.keyboard.down(key)
    while page.evaluate(what) == before:
        page.wait_for_timeout(30)
    page.keyboard.up(key)


def test_flight_moves_ahead_turns_and_leaves(page: Page, rest: Rest) -> None:
    rest()
    before = page.evaluate("window.synaptarium.scene().pose()")
    time_us = page.evaluate("window.synaptarium.state().t_us")
    page.keyboard.press("z")
    held(page, "w", PLACE)
    ahead = page.evaluate("window.synaptarium.scene().pose()")
    moved = np.subtract(ahead["position"], before["position"])
    look = np.subtract(before["target"], before["position"])
    cosine = moved @ look / np.linalg.norm(moved) / np.linalg.norm(look)
    assert cosine > 0.99  # places are told to a hundredth
    held(page, "ArrowRight", LOOK)
    turned = np.subtract(
        *(page.evaluate("window.synaptarium.scene().pose()")[key] for key in ("target", "position"))
    )
    assert np.cross(look, turned)[1] < 0  # to the right, seen from above
    page.mouse.move(700, 400)
    page.mouse.wheel(0, -100)
    expect(page.get_by_role("group", name="Flight")).to_contain_text("speed 1.3x")
    page.keyboard.press("Escape")
    expect(page.get_by_role("group", name="Flight")).to_be_hidden()
    state = rest()
    assert state["t_us"] == time_us  # the arrows turned the head, not the time
    assert not state["scene"]["flying"]
    assert state["camera"]["position"] != before["position"]


def test_a_click_on_the_minimap_flies_to_the_layer(page: Page, rest: Rest) -> None:
    page.keyboard.press("m")
    rest()
    canvas = page.locator(".scene-minimap canvas")
    box = canvas.bounding_box()
    assert box is not None
    # Layers stand in a row from left to right: the second one is the only one right of the middle.
    shot = page.evaluate("""() => {
      const canvas = document.querySelector('.scene-minimap canvas');
      const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const columns = new Set();
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 250 && data[i] < 250) columns.add((i / 4) % width);
      return [...columns].sort((a, b) => a - b).map((x) => x / width);
    }""")
    assert shot[0] < 0.5 < shot[-1]
    page.mouse.click(box["x"] + shot[-1] * box["width"] - 1, box["y"] + box["height"] / 2)
    state = rest()
    middle = np.mean([page.evaluate(f"window.synaptarium.scene().placeOf({id})") for id in (64, 127)], axis=0)
    assert math.dist(state["camera"]["target"], middle) < 0.2 * math.dist(state["camera"]["position"], middle)
    canvas.focus()
    page.keyboard.press("ArrowLeft")
    assert rest()["camera"]["target"][0] < state["camera"]["target"][0] - 0.1


def test_the_path_plays_from_place_to_place(page: Page, rest: Rest) -> None:
    cameras = [
        {"position": [-40, 10, 50], "target": [0, 0, 0]},
        {"position": [60, 20, 40], "target": [2, 0, 0]},
    ]
    bookmarks = [{"name": f"Place {i}", "camera": camera} for i, camera in enumerate(cameras)]
    page.evaluate(f"window.synaptarium.setView({{bookmarks: {json.dumps(bookmarks)}}})")
    page.get_by_label("Duration of the path, seconds").fill("1")
    page.get_by_label("Duration of the path, seconds").press("Enter")
    page.get_by_label("Place on the path").fill("0.5")
    half = page.evaluate("window.synaptarium.scene().pose()")
    assert cameras[0]["position"][0] < half["position"][0] < cameras[1]["position"][0]
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("a")
    page.get_by_role("button", name="Stop the path").wait_for()
    page.get_by_role("button", name="Play the path").wait_for()
    assert rest(written=True)["camera"] == cameras[1]
    assert "path=1" in page.url
    page.get_by_role("button", name="Place 1 earlier on the path").click()
    order = page.evaluate("window.synaptarium.scene().context.view.get('bookmarks').map(({name}) => name)")
    assert order == ["Place 1", "Place 0"]
