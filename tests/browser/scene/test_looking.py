"""Looking in the page: box and lasso, sets, places, search, undo of the camera, the whole view in the address."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import ArraySource, arrays_source

pytestmark = pytest.mark.browser
Until = Callable[..., dict[str, Any]]
Rest = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def address(viewed: Callable[[ArraySource], str]) -> str:
    """Two layers; neurons 0 to 9 of the first fire at 100 Hz, the rest never."""
    times = np.repeat(np.arange(0, 1_000_000, 10_000), 10)
    source = arrays_source(
        "looking",
        bin_us=1000,
        layers=[{"name": "eye", "shape": (8, 8)}, {"name": "brain, 2", "neurons": 20}],
        spikes={"eye": (times, np.tile(np.arange(10), 100))},
        t_stop_us=1_000_000,
    )
    return viewed(source)


#: A part of the picture as text: a quarter of a million numbers would take seconds on their way.
PIXELS = """() => {
  const bytes = window.synaptarium.scene().readPixels(200, 150, 300, 300);
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}"""


def opened(page: Page, address: str, rest: Rest, query: str = "t=0.5") -> dict[str, Any]:
    page.goto(f"{address}?{query}")
    page.evaluate("window.synaptarium.ready")
    rest()
    box: dict[str, Any] | None = page.locator(".scene-host").bounding_box()  # pyright: ignore
    assert box is not None
    return box


def drag(page: Page, box: dict[str, Any], points: list[tuple[float, float]], key: str) -> None:
    page.keyboard.down(key)
    page.mouse.move(box["x"] + points[0][0], box["y"] + points[0][1])
    page.mouse.down()
    for x, y in points[1:]:
        page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.up()
    page.keyboard.up(key)


def picture(page: Page) -> np.ndarray:
    return np.frombuffer(base64.b64decode(page.evaluate(PIXELS)), np.uint8).astype(int)


def places(page: Page, ids: list[int]) -> list[tuple[float, float]]:
    found = page.evaluate("ids => ids.map(id => window.synaptarium.project(id))", ids)
    return [(place["x"], place["y"]) for place in found]


def test_box_and_lasso_select_what_lies_inside(page: Page, address: str, rest: Rest) -> None:
    box = opened(page, address, rest)
    before = page.evaluate("JSON.stringify(window.synaptarium.state().camera)")
    eye = places(page, list(range(64)))
    x, y = [p[0] for p in eye], [p[1] for p in eye]
    around = [(min(x) - 6, min(y) - 6), (max(x) + 6, max(y) + 6)]
    expected = [
        index
        for index, (px, py) in enumerate(places(page, list(range(84))))
        if around[0][0] < px < around[1][0] and around[0][1] < py < around[1][1]
    ]
    drag(page, box, around, "Shift")
    selection = page.evaluate("window.synaptarium.state().selection")
    assert len(selection) == len(expected) >= 64
    centre = eye[27]
    drag(
        page,
        box,
        [(centre[0] + dx, centre[1] + dy) for dx, dy in [(-4, -4), (4, -4), (4, 4), (-4, 4)]],
        "Alt",
    )
    assert page.evaluate("window.synaptarium.state().selection") == [{"layer": "eye", "neuron": 27}]
    rest()
    assert page.evaluate("JSON.stringify(window.synaptarium.state().camera)") == before


def test_sets_and_places_are_kept_in_the_address(page: Page, address: str, rest: Rest) -> None:
    opened(page, address, rest, "t=0.5&select=eye:0-9")
    page.get_by_role("button", name="Keep the selection as a set").click()
    page.get_by_label("Name of the set").fill("loud, ones")
    page.get_by_label("Name of the set").press("Enter")
    page.get_by_role("button", name="Keep this place of the camera").click()
    page.evaluate("window.synaptarium.select([])")
    rest(written=True)
    url = page.url
    page.goto("about:blank")
    page.goto(url)
    page.evaluate("window.synaptarium.ready")
    page.get_by_title("Select its 10 neurons and fly there").click()
    assert len(page.evaluate("window.synaptarium.state().selection")) == 10
    expect(page.get_by_label("Name of the place")).to_have_value("Place 1")
    kept = page.evaluate("JSON.stringify(window.synaptarium.scene().context.view.get('bookmarks')[0].camera)")
    rest()
    page.get_by_title("Fly to Place 1").click()
    rest()
    assert page.evaluate("JSON.stringify(window.synaptarium.state().camera)") == kept


def test_search_finds_neurons_by_rate_and_says_what_is_wrong(
    page: Page, address: str, wait_until: Until, rest: Rest
) -> None:
    opened(page, address, rest)
    field = page.get_by_role("searchbox")
    field.fill("rate > 20")
    field.press("Enter")
    wait_until(lambda state: len(state["selection"]) == 10)
    field.fill("brain, 2: dead")
    field.press("Enter")
    wait_until(lambda state: len(state["selection"]) == 20)
    field.fill("brain, 2:20")
    field.press("Enter")
    note = page.locator(".search-note")
    expect(note).to_have_text("brain, 2 has neurons 0 to 19.")
    field.press("Escape")
    expect(note).to_be_hidden()
    # A note about what is not there goes with the focus; one about what was found with the next selection.
    page.keyboard.press("/")
    field.fill("nobody")
    field.press("Enter")
    expect(note).to_contain_text('No layer or set is named "nobody".')
    page.get_by_role("button", name="All keys").focus()
    expect(note).to_be_hidden()
    field.fill("rate > 20")
    field.press("Enter")
    expect(note).to_have_text("10 neurons")
    page.evaluate("window.synaptarium.select([])")
    expect(note).to_be_hidden()


def test_undo_brings_the_camera_back(page: Page, address: str, wait_until: Until, rest: Rest) -> None:
    opened(page, address, rest)
    page.wait_for_timeout(1600)  # what follows sooner counts as one change with what opening the page did
    home = page.evaluate("window.synaptarium.state().camera.position")
    page.keyboard.press("2")
    wait_until(lambda state: abs(state["camera"]["position"][0] - home[0]) > 5)
    rest()
    page.keyboard.press("Control+z")
    state = wait_until(lambda state: state["camera"]["position"] == home)
    page.keyboard.press("Control+y")
    wait_until(lambda state: abs(state["camera"]["position"][0] - home[0]) > 5)
    page.keyboard.press("Control+z")
    wait_until(lambda state: state["camera"]["position"] == home)
    # By keys around what it looks at, closer and aside; together one step, since they follow each other.
    for key in ("Control+ArrowRight", "Shift+ArrowUp", "Control+Shift+ArrowUp"):
        page.keyboard.press(key)
    camera = rest()["camera"]
    away = np.subtract(camera["position"], camera["target"])
    was = np.subtract(home, state["camera"]["target"])
    assert np.linalg.norm(away) == pytest.approx(0.87 * np.linalg.norm(was), rel=1e-3)
    assert np.arctan2(away[0], away[2]) - np.arctan2(was[0], was[2]) == pytest.approx(np.pi / 24, abs=1e-3)
    assert camera["target"][1] > state["camera"]["target"][1]
    assert state["selection"] == []


#: Where the corners of the network lie in the scene, and how large that is.
CORNERS = """() => {
  const scene = window.synaptarium.scene();
  return [[0, 7, 56, 63, 64, 83].map((id) => scene.projectPlace(scene.placeOf(id))), scene.debug().size];
}"""


def inside(page: Page) -> bool:
    corners, (wide, high) = page.evaluate(CORNERS)
    return all(0 < at["x"] < wide and 0 < at["y"] < high for at in corners)


def test_a_fitted_view_stays_fitted_when_the_window_changes(page: Page, address: str, rest: Rest) -> None:
    opened(page, address, rest)
    first = rest(written=True)["camera"]
    assert "camera" not in page.url  # home is home in any window
    page.set_viewport_size({"width": 1000, "height": 900})
    assert rest(written=True)["camera"] != first
    assert inside(page)
    assert "camera" not in page.url
    page.get_by_role("button", name="Layers panel").click()  # a pane that goes makes room
    rest()
    assert inside(page)
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_role("button", name="Layers panel").click()
    assert rest()["camera"] == first
    # A camera of the user's own stays where it is.
    page.mouse.move(600, 400)
    page.mouse.wheel(0, -300)
    own = rest(written=True)["camera"]
    assert own != first
    page.set_viewport_size({"width": 1000, "height": 900})
    assert rest()["camera"] == own
    assert "camera=" in page.url


def test_home_leaves_the_legend_free(page: Page, address: str, rest: Rest) -> None:
    opened(page, address, rest)
    corners, _ = page.evaluate(CORNERS)
    free = page.evaluate(
        """() => { const { offsetLeft, offsetTop } = document.querySelector('.scene-legend'); return [offsetLeft, offsetTop]; }"""
    )
    assert not any(at["x"] > free[0] and at["y"] > free[1] for at in corners)


def test_the_address_gives_the_same_picture(page: Page, address: str, rest: Rest) -> None:
    opened(
        page,
        address,
        rest,
        "t=0.5&layout=rings&colour=count&fan=0.4&size=1.5&select=eye:3-5&camera=-200,80,220,0,0,0",
    )
    shot = picture(page)
    assert len(np.unique(shot)) > 20  # the neurons are in it
    rest(written=True)
    page.reload()
    page.evaluate("window.synaptarium.ready")
    rest()
    assert np.abs(picture(page) - shot).max() <= 2
