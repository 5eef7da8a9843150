"""A shared session across desk and headset: each sees where the other is, looks and points."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from .emulator import Headset

pytestmark = pytest.mark.browser

#: Heads, hands and the ends of rays as the scene draws them: place (network coordinates), size and colour of each.
BODIES = """(() => {
  const { bodies } = synaptarium.scene().people;
  const matrix = bodies.matrixWorld.clone();
  return Array.from({ length: bodies.count }, (_, i) => {
    bodies.getMatrixAt(i, matrix);
    const e = matrix.elements;
    return { place: [e[12], e[13], e[14]], size: Math.hypot(e[0], e[1], e[2]), colour: [...bodies.instanceColor.array.slice(3 * i, 3 * i + 3)] };
  });
})()"""
#: From and to of the first ray that is drawn: in a headset a long thin body.
RAY = """(() => {
  const { bodies } = synaptarium.scene().people;
  const matrix = bodies.matrixWorld.clone();
  for (let i = 0; i < bodies.count; i++) {
    bodies.getMatrixAt(i, matrix);
    const e = matrix.elements;
    if (Math.hypot(e[8], e[9], e[10]) < 5 * Math.hypot(e[0], e[1], e[2])) continue;
    return [...[0, 1, 2].map(k => e[12 + k] - e[8 + k]), ...[0, 1, 2].map(k => e[12 + k] + e[8 + k])];
  }
  return null;
})()"""
#: The colour that the left eye sees at a place of the network, read right after the picture was drawn.
SEEN = """(place) => new Promise((done) => headset.activeSession.requestAnimationFrame(() => {
  const { stage } = synaptarium.scene();
  const [eye] = stage.renderer.xr.getCamera().cameras;
  const clip = stage.network.position.clone().set(...place).applyMatrix4(stage.network.matrixWorld).applyMatrix4(eye.matrixWorldInverse).applyMatrix4(eye.projectionMatrix);
  const { x, y, z, w } = eye.viewport;
  const at = [Math.round(x + (clip.x + 1) / 2 * z), Math.round(y + (clip.y + 1) / 2 * w)];
  const pixel = new Uint8Array(4);
  const gl = stage.renderer.getContext();
  gl.readPixels(...at, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
  done({ at, pixel: [...pixel], inside: Math.abs(clip.x) < 1 && Math.abs(clip.y) < 1 });
}))"""


class Two(NamedTuple):
    """Ada, who presents at a desk, and who follows her in a headset."""

    ada: Page
    worn: Headset


def until(page: Page, holds: Callable[[Any], Any]) -> Any:
    deadline = time.monotonic() + 15
    while True:
        found = page.evaluate("window.synaptarium.session().shared")
        if found and holds(found):
            return found
        assert time.monotonic() < deadline, str(found)
        page.wait_for_timeout(30)


def drawn(page: Page, expression: str, holds: Callable[[Any], Any]) -> Any:
    deadline = time.monotonic() + 15
    while True:
        found = page.evaluate(expression)
        if found is not None and holds(found):
            return found
        assert time.monotonic() < deadline, str(found)
        page.wait_for_timeout(30)


@pytest.fixture(scope="module")
def two(browser: Browser, headset: Headset) -> Iterator[Two]:
    """Both in one session, the headset worn."""
    context = browser.new_context(viewport={"width": 800, "height": 500}, reduced_motion="reduce")
    ada = context.new_page()
    ada.add_init_script(
        "localStorage.setItem('synaptarium.name', 'Ada'); localStorage.setItem('synaptarium.colour', '#f0b35a')"
    )
    ada.goto(headset.address)
    ada.evaluate("window.synaptarium.ready")
    ada.keyboard.press("e")
    ada.get_by_role("button", name="Begin").click()
    room = until(ada, lambda found: found["presents"])["room"]
    ada.keyboard.press("Escape")
    if headset.state()["inside"]:
        headset.leave()
    headset.page.goto(f"{headset.address}&shared={room}&as=viewer")
    headset.page.evaluate("window.synaptarium.ready")
    until(headset.page, lambda found: found["state"] == "live" and len(found["people"]) == 2)
    headset.enter()
    headset.rest()
    yield Two(ada, headset)
    headset.leave()
    headset.open()
    context.close()


def test_who_presents_at_a_desk_is_seen_in_the_headset(two: Two) -> None:
    ada, worn = two
    # Above the middle of the network, looking down at it: before the eyes of who wears the headset.
    bounds = ada.evaluate(
        "(() => { const box = synaptarium.scene().stage.bounds(); return { low: box.min.toArray(), high: box.max.toArray() }; })()"
    )
    middle = [(low + high) / 2 for low, high in zip(bounds["low"], bounds["high"], strict=True)]
    place = [middle[0], bounds["high"][1] + 12, middle[2] + 1]
    ada.evaluate("([position, target]) => synaptarium.scene().place({ position, target })", [place, middle])
    place = ada.evaluate("synaptarium.scene().pose().position")
    told = until(
        worn.page,
        lambda found: found["avatars"] and math.dist(found["avatars"][0]["head"]["position"], place) < 0.01,
    )
    assert [avatar["name"] for avatar in told["avatars"]] == ["Ada"]

    bodies = drawn(worn.page, BODIES, lambda found: found and math.dist(found[0]["place"], place) < 0.5)

    network = worn.room()["network"]
    # A ball of some centimetres in the room, as orange as Ada chose, where her camera is.
    assert 0.005 < bodies[0]["size"] * network["scale"] < 0.08
    seen = worn.page.evaluate(SEEN, bodies[0]["place"])
    red, green, blue, _ = seen["pixel"]
    assert seen["inside"]
    assert red > green > blue, seen
    assert red > 90, seen
    assert worn.room()["draw_calls"] <= 20

    # Her cursor's ray ends where she points, here as there.
    box = ada.get_by_label("The network in 3D").bounding_box()
    assert box
    ada.mouse.move(box["x"] + box["width"] / 2 + 20, box["y"] + box["height"] / 2)
    told = until(worn.page, lambda found: found["avatars"][0]["rays"])
    end = told["avatars"][0]["rays"][0]["end"]
    ray = drawn(worn.page, RAY, lambda found: found and math.dist(found[3:], end) < 0.5)
    assert ray[:3] == pytest.approx(place, abs=0.01)
    assert all(
        low - 40 < value < high + 40
        for low, value, high in zip(bounds["low"], end, bounds["high"], strict=True)
    )
    # What she selects is marked with its synapses, and with her and her ray in sight no more is drawn than a headset bears.
    ada.evaluate("synaptarium.select([27])")
    until(worn.page, lambda found: worn.page.evaluate("synaptarium.state().selection.length") == 1)
    worn.frames(3)
    assert worn.room()["draw_calls"] <= 20
    ada.evaluate("synaptarium.select([])")
    ada.mouse.move(1, 1)


def test_head_and_hands_in_a_headset_are_seen_at_the_desk(two: Two) -> None:
    ada, worn = two
    worn.head((0.1, 1.5, 0.2))
    worn.hand("left", (-0.2, 1.3, -0.3))
    worn.aim("right", worn.place_of(27))
    worn.frames(12)
    presence = worn.until(lambda room: room["pointed"] == "eye 27" and room["presence"]["right"]["points"])[
        "presence"
    ]

    def near(found: dict[str, Any]) -> bool:
        avatar = next(iter(found["avatars"]), None)
        return avatar is not None and len(avatar["hands"]) == 2 and bool(avatar["rays"])

    told = until(ada, near)
    avatar = told["avatars"][0]
    unit = presence["scale"]
    assert avatar["scale"] == pytest.approx(unit, rel=1e-4)
    assert math.dist(avatar["head"]["position"], presence["head"]["position"]) < 0.01 * unit
    hands = [presence["left"]["position"], presence["right"]["position"]]
    for hand, expected in zip(avatar["hands"], hands, strict=True):
        assert math.dist(hand["position"], expected) < 0.01 * unit
    # A metre of the room is as many scene units as the network is small: the head is 1.5 m from the floor's height there.
    assert math.dist(*hands) == pytest.approx(
        unit * math.dist(worn.room()["left"]["place"], worn.room()["right"]["place"]), rel=0.02
    )

    bodies = drawn(
        ada,
        BODIES,
        lambda found: (
            len(found) >= 4 and math.dist(found[0]["place"], avatar["head"]["position"]) < 0.05 * unit
        ),
    )
    places = [body["place"] for body in bodies]
    # As large as a head, but over a table-top no larger than lets the network be seen.
    assert 0.03 * unit < bodies[0]["size"] < 0.12 * unit
    for expected in hands:
        assert min(math.dist(place, expected) for place in places) < 0.02 * unit
    # The ray of the right hand ends at the neuron.
    neuron = ada.evaluate("synaptarium.scene().placeOf(27)")
    assert min(math.dist(place, neuron) for place in places) < 0.05 * unit


def test_notes_of_the_others_are_captions_in_the_headset(two: Two) -> None:
    ada, worn = two
    assert not worn.room()["caption"]["visible"]
    ada.locator(".scene-host canvas").focus()
    ada.keyboard.press("n")
    ada.keyboard.type("Look at the eye")
    ada.keyboard.press("Enter")
    caption = worn.until(lambda room: room["caption"]["visible"])["caption"]
    # Before the eyes, a little below where they look.
    eyes = worn.room()["eyes"]
    away = [there - here for there, here in zip(caption["matrix"][12:15], eyes, strict=True)]
    assert -0.6 < away[1] < 0
    assert away[2] < -0.5
