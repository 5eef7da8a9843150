"""Whoever wears it, however they like it: either hand, standing or seated, jumping, flying or still; the rate is held."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from .emulator import Headset, look

pytestmark = pytest.mark.browser


def test_the_left_hand_points_and_the_right_one_moves(still: Headset) -> None:
    still.menu("left")
    try:
        room = still.open_menu("right", points="left")
        # The menu is at the right wrist now.
        assert math.dist(room["menu"]["matrix"][12:15], (0.2, 1.3, -0.35)) < 0.25
        still.close_menu(points="left")
        still.aim("left", still.place_of(27))
        still.until(lambda room: room["pointed"] == "eye 27")
        still.click("left")
        assert still.page.evaluate("synaptarium.state().selection") == [{"layer": "eye", "neuron": 27}]
        still.aim("left", (-0.3, 4.0, -0.5))
        before = still.page.evaluate("synaptarium.state().t_us")
        still.stick("left", -1, 0)
        still.page.wait_for_timeout(200)
        still.stick("left", 0, 0)
        assert still.page.evaluate("synaptarium.state().t_us") < before - 50_000
        assert still.room()["person"]["rotation"] == pytest.approx([0, 0, 0, 1], abs=1e-6)
        still.stick("right", -1, 0)
        still.stick("right", 0, 0)
        turned = still.room()["person"]["rotation"]
        assert turned == pytest.approx([0, math.sin(math.pi / 12), 0, math.cos(math.pi / 12)], abs=1e-6)
        still.stick("right", 1, 0)
        still.stick("right", 0, 0)
    finally:
        still.menu("right", points="left")
    assert still.state()["settings"]["hand"] == "right"


@pytest.fixture
def flying(still: Headset) -> Iterator[Headset]:
    """A person who flies, and stands again afterwards where they stood."""
    still.menu("fly")
    yield still
    still.rest()
    still.page.evaluate("synaptarium.scene().stage.person.position.set(0, 0, 0)")
    still.menu("teleport")


def test_flight_follows_the_ray_with_a_narrowed_view(flying: Headset) -> None:
    flying.hand("left", (-0.3, 1.2, -0.2), look((0, 0, 0), (1, 0.5, -1)))
    start = flying.room()
    assert start["narrowed"] == 0
    flying.stick("left", 0, -1)
    flown = flying.until(lambda room: room["narrowed"] == 1)
    way = np.subtract(flown["person"]["position"], start["person"]["position"])
    assert np.linalg.norm(way) > 0.1
    assert way / np.linalg.norm(way) == pytest.approx(start["left"]["direction"], abs=1e-3)
    assert not flown["aiming"]
    assert flown["person"]["rotation"] == start["person"]["rotation"]
    flying.stick("left", 0, 1)
    flying.until(lambda room: room["person"]["position"][1] < flown["person"]["position"][1])
    flying.stick("left", 0, 0)
    stood = flying.until(lambda room: room["narrowed"] == 0)
    flying.frames(5)
    assert flying.room()["person"]["position"] == stood["person"]["position"]
    # The network stays, the time and what is not pinned come along.
    assert stood["network"] == start["network"]


def test_keep_still_ends_flight_and_riding(flying: Headset) -> None:
    flying.menu("still")
    flying.hand("left", (-0.3, 1.2, -0.2), (-0.2, 0, 0, 0.98))
    before = flying.room()["person"]
    flying.stick("left", 0, -1)
    # The stick aims a jump instead: that moves nobody by itself.
    room = flying.until(lambda room: room["aiming"])
    flying.frames(5)
    assert flying.room()["person"] == before
    assert room["narrowed"] == 0
    flying.stick("left", 1, -1)
    flying.stick("left", 0, 0)
    flying.menu("still")
    assert not flying.state()["settings"]["still"]


def test_a_ray_alone_jumps_with_a_pinch(still: Headset) -> None:
    page = still.page
    still.open_menu("jump")
    page.evaluate("headset.primaryInputMode = 'hand'")
    still.hand("left", (-0.25, 1.3, -0.4), kind="hands")
    still.hand("right", (0.15, 1.3, -0.25), kind="hands")
    still.pinch("right", 0)
    room = still.until(lambda room: room["right"]["kind"] == "hand" and room["menu"]["visible"])
    found = next(button for button in room["menu"]["buttons"] if button["id"] == "jump")
    still.aim("right", still.on_pane(room["menu"], found["x"], found["y"]), kind="hands")
    still.pinch("right", 1)
    still.pinch("right", 0)
    still.hand("right", (0.3, 1.2, -0.2), look((0, 0, 0), (0.4, -0.3, -1)), kind="hands")
    goal = still.until(lambda room: room["aiming"])["goal"]
    assert goal[1] == pytest.approx(0, abs=1e-3)
    still.pinch("right", 1)
    jumped = still.until(lambda room: not room["aiming"])
    still.pinch("right", 0)
    assert [jumped["eyes"][0], jumped["eyes"][2]] == pytest.approx([goal[0], goal[2]], abs=0.1)
    assert jumped["holds"] == {"left": False, "right": False}
    assert page.evaluate("synaptarium.state().selection") == []
    page.evaluate(
        "headset.primaryInputMode = 'controller'; synaptarium.scene().stage.person.position.set(0, 0, 0)"
    )
    still.until(lambda room: room["right"]["kind"] == "controller")
    still.close_menu()


def test_seated_with_a_rate_that_cannot_be_held(desk: Headset) -> None:
    page = desk.page
    page.evaluate(
        """(() => {
            window.layer_options = [];
            const Layer = window.XRWebGLLayer;
            window.XRWebGLLayer = class extends Layer {
                constructor(session, context, options) {
                    super(session, context, options);
                    window.layer_options.push(options);
                }
            };
        })()"""
    )
    # Nothing in headless Chromium draws 120 pictures a second.
    room = desk.enter("Enter VR", "Seated", "120 Hz", "Fewer pixels")
    assert page.evaluate("window.layer_options.at(-1).framebufferScaleFactor") == 0.75
    # Seated, the eyes are at the height of somebody who sits, wherever the device is; the floor lies below.
    assert room["eyes"][1] == pytest.approx(1.2, abs=0.02)
    desk.hand("left", (-0.3, 1.2, -0.2), (-0.2, 0, 0, 0.98))
    desk.stick("left", 0, -1)
    assert desk.until(lambda room: room["aiming"])["goal"][1] == pytest.approx(0, abs=0.02)
    desk.stick("left", 1, -1)
    desk.stick("left", 0, 0)
    # Neurons may be left out first, synapses next; the words say what is seen: such small layers are drawn whole.
    seen = [{"points": 1.0, "synapses": 1.0}]
    while seen[-1]["synapses"] == 1:
        seen.append(desk.until(lambda room: room["ration"] != seen[-1])["ration"])
    assert [ration["points"] for ration in seen[-4:]] == pytest.approx([1 / 2, 1 / 3, 1 / 4, 1 / 4])
    assert {ration["panel_hz"] for ration in seen[1:]} == {10}
    assert {ration["resolution"] for ration in seen[1:]} == {1}
    assert desk.room()["governed"].startswith("To hold 120 Hz you see 50 % of the synapses")
    desk.leave()
    page.get_by_role("button", name="Headset").click()
    for choice in ("Standing", "Usual rate", "Usual pixels"):
        page.get_by_label(choice, exact=True).check()
    page.get_by_role("button", name="Headset").click()
