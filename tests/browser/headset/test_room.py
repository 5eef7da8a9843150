"""The network in a headset: entered, held, scaled, walked in, pointed at and scrubbed, with controllers and with hands."""

from __future__ import annotations

import math

import numpy as np
import pytest

from .emulator import Headset

pytestmark = pytest.mark.browser


def test_the_table_stands_before_the_eyes(still: Headset) -> None:
    state = still.state()
    network = still.room()["network"]
    assert network["position"][1] == pytest.approx(1.33, abs=0.05)
    assert 0.001 < network["scale"] < 0.1
    assert "left" in state["room"]["models"]["left"]
    assert "right" in state["room"]["models"]["right"]


def test_the_trigger_selects_the_neuron_that_the_ray_meets(still: Headset) -> None:
    neuron = 27  # of the eye, in its middle
    place = still.page.evaluate("(id) => synaptarium.scene().placeOf(id)", neuron)
    in_room = still.page.evaluate(
        "(p) => synaptarium.scene().stage.network.position.clone().set(...p).applyMatrix4(synaptarium.scene().stage.network.matrixWorld).toArray()",
        place,
    )
    still.aim("right", in_room)
    still.until(lambda room: room["pointed"] == "eye 27")
    still.click("right")
    assert still.page.evaluate("synaptarium.state().selection") == [{"layer": "eye", "neuron": neuron}]
    still.aim("right", (0.3, 4.0, -0.5))
    still.click("right")
    assert still.page.evaluate("synaptarium.state().selection") == []


def test_one_hand_carries_and_two_hands_scale(still: Headset) -> None:
    still.hand("right", (0.1, 1.3, -0.3))
    before = still.room()["network"]
    still.press("right", "squeeze")
    still.hand("right", (0.3, 1.4, -0.3))
    moved = still.room()["network"]
    assert np.subtract(moved["position"], before["position"]) == pytest.approx([0.2, 0.1, 0], abs=1e-3)
    still.hand("left", (-0.1, 1.4, -0.3))
    still.press("left", "squeeze")
    still.hand("left", (-0.5, 1.4, -0.3))
    scaled = still.room()
    assert scaled["holds"] == {"left": True, "right": True}
    assert scaled["network"]["scale"] / moved["scale"] == pytest.approx(2, rel=0.01)
    still.press("left", "squeeze", 0)
    still.press("right", "squeeze", 0)
    assert still.room()["holds"] == {"left": False, "right": False}


def test_the_stick_jumps_to_a_place_on_the_floor_and_turns_in_steps(still: Headset) -> None:
    still.hand("left", (-0.3, 1.2, -0.2), (-0.2, 0, 0, 0.98))
    still.stick("left", 0, -1)
    goal = still.until(lambda room: room["aiming"])["goal"]
    assert goal[1] == pytest.approx(0, abs=1e-3)
    still.stick("left", 0, 0)
    room = still.until(lambda room: not room["aiming"])
    assert [room["eyes"][0], room["eyes"][2]] == pytest.approx([goal[0], goal[2]], abs=0.05)
    still.stick("left", 1, 0)
    still.stick("left", 0, 0)
    turned = still.room()["person"]["rotation"]
    assert 2 * math.asin(abs(turned[1])) == pytest.approx(math.pi / 6, abs=1e-3)
    still.stick("left", -1, 0)
    still.stick("left", 0, 0)
    still.page.evaluate("synaptarium.scene().stage.person.position.set(0, 0, 0)")


def test_the_stick_of_the_pointing_hand_scrubs_and_plays(still: Headset) -> None:
    still.aim("right", (0.3, 4.0, -0.5))
    before = still.page.evaluate("synaptarium.state().t_us")
    still.stick("right", 1, 0)
    still.page.wait_for_timeout(200)
    still.stick("right", 0, 0)
    assert still.page.evaluate("synaptarium.state().t_us") > before + 50_000
    still.click("right", "thumbstick")
    assert still.page.evaluate("synaptarium.state().playing")
    still.click("right", "thumbstick")
    assert not still.page.evaluate("synaptarium.state().playing")


def test_the_time_in_the_room_is_pressed_to_seek(still: Headset) -> None:
    time = still.room()["time"]
    still.aim("right", still.on_pane(time, 28 + 0.75 * 944, 99))
    still.click("right")
    assert still.page.evaluate("synaptarium.state().t_us") == pytest.approx(15e6, abs=0.3e6)


def test_the_menu_changes_colour_speed_and_where_the_network_stands(still: Headset) -> None:
    still.menu("colour")
    assert still.page.evaluate("synaptarium.state().colour") == "rate"
    still.menu("slower")
    assert still.page.evaluate("synaptarium.state().speed") < 0.5
    small = still.room()["network"]["scale"]
    still.menu("inside")
    room = still.room()
    assert room["placement"] == "inside"
    assert room["network"]["scale"] > 3 * small
    still.page.evaluate("synaptarium.setView({ colour: 'spikes' }); synaptarium.setSpeed(0.5)")


def test_hands_pinch_to_pick_and_to_carry(still: Headset) -> None:
    still.page.evaluate("headset.primaryInputMode = 'hand'")
    still.until(lambda room: room["right"]["kind"] == "hand")
    still.hand("right", (0.1, 1.3, -0.25), kind="hands")
    still.pinch("right", 0)
    place = still.page.evaluate(
        "synaptarium.scene().stage.network.position.clone().set(...synaptarium.scene().placeOf(27)).applyMatrix4(synaptarium.scene().stage.network.matrixWorld).toArray()"
    )
    still.aim("right", place, kind="hands")
    still.until(lambda room: room["pointed"] == "eye 27")
    still.pinch("right", 1)
    assert still.room()["right"]["pinch"] > 0.9
    still.pinch("right", 0)
    assert still.page.evaluate("synaptarium.state().selection") == [{"layer": "eye", "neuron": 27}]
    before = still.room()["network"]["position"]
    still.pinch("right", 1)
    still.hand("right", (0.1, 1.3, -0.19), kind="hands")
    still.hand("right", (0.2, 1.3, -0.19), kind="hands")
    assert still.room()["holds"]["right"]
    still.pinch("right", 0)
    assert np.linalg.norm(np.subtract(still.room()["network"]["position"], before)) > 0.05
    still.page.evaluate("headset.primaryInputMode = 'controller'")
    still.until(lambda room: room["right"]["kind"] == "controller")


def test_leaving_gives_the_page_back_and_ar_shows_the_real_room(still: Headset) -> None:
    page = still.page
    still.leave()
    canvas = page.evaluate(
        "(() => { const c = document.querySelector('.scene-host > canvas'); return [c.width, c.height, c.clientWidth, c.clientHeight]; })()"
    )
    assert canvas[:2] == canvas[2:]
    assert page.evaluate("synaptarium.project(0)") is not None
    still.enter("Enter AR")
    assert still.room()["passthrough"]
    still.leave()
