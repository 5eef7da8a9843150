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
    assert network["position"][1] == pytest.approx(1.38, abs=0.05)
    assert 0.001 < network["scale"] < 0.1
    assert "left" in state["room"]["models"]["left"]
    assert "right" in state["room"]["models"]["right"]
    # Letters are so high in the view: as much as in a book at arm's length (0.3 degrees) and more, as headsets are coarse.
    room = still.room()
    letters_px = {"time": 38, "legend": 23}
    panes = [(room[name], px) for name, px in letters_px.items()] + [(room["labels"][0], 29)]
    for pane, px in panes:
        away_m = math.dist(pane["matrix"][12:15], room["eyes"])
        assert away_m < 1.1
        assert math.degrees(px / pane["height_px"] * pane["height_m"] / away_m) > 0.6


def test_the_trigger_selects_the_neuron_that_the_ray_meets(still: Headset) -> None:
    neuron = 27  # of the eye, in its middle
    still.aim("right", still.place_of(neuron))
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
    # To the right by 30 degrees, about the head: the eyes stay where they are. Held aside it does not turn on.
    still.stick("left", 1, 0)
    still.frames(4)
    still.stick("left", 0, 0)
    turned = still.room()
    assert turned["person"]["rotation"] == pytest.approx(
        [0, math.sin(-math.pi / 12), 0, math.cos(math.pi / 12)], abs=1e-6
    )
    assert turned["eyes"] == pytest.approx(room["eyes"], abs=1e-6)
    still.stick("left", -1, 0)
    still.stick("left", 0, 0)
    back = still.room()["person"]
    assert back["rotation"] == pytest.approx([0, 0, 0, 1], abs=1e-6)
    assert back["position"] == pytest.approx(room["person"]["position"], abs=1e-6)


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


def test_the_bar_of_the_menu_is_dragged_to_scrub(still: Headset) -> None:
    room = still.open_menu()
    bar = room["menu"]["bar"]

    def at(part: float) -> list[float]:
        return still.on_pane(room["menu"], bar["x"] + part * bar["width"], bar["y"] + 30)

    still.aim("right", at(0.25))
    still.press("right", "trigger", 1)
    assert still.page.evaluate("synaptarium.state().t_us") == pytest.approx(5e6, abs=0.2e6)
    still.aim("right", at(0.6))
    assert still.page.evaluate("synaptarium.state().t_us") == pytest.approx(12e6, abs=0.2e6)
    still.press("right", "trigger", 0)
    still.aim("right", at(0.9))
    assert still.page.evaluate("synaptarium.state().t_us") == pytest.approx(12e6, abs=0.2e6)
    still.close_menu()
    still.menu("play")
    assert still.page.evaluate("synaptarium.state().playing")
    still.menu("play")
    assert not still.page.evaluate("synaptarium.state().playing")


def test_a_layers_name_selects_it_and_the_menu_shows_receptive_fields(still: Headset) -> None:
    rows = still.page.evaluate("synaptarium.scene().stage.rows().map(({ name }) => name)")
    label = still.room()["labels"][rows.index("brain")]
    still.aim("right", still.on_pane(label, 124, 20))
    still.click("right")
    assert still.page.evaluate("synaptarium.state().selection.map(({ layer }) => layer)") == ["brain"] * 20
    still.menu("fields")
    assert still.page.evaluate("synaptarium.state().colour") == "reconstruction"
    still.menu("fields")
    assert still.page.evaluate("synaptarium.state().colour") == "spikes"


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
    still.aim("right", still.place_of(27), kind="hands")
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
    # Both hands pinch and part: twice as far apart, twice as large, and turned as the line between them turns.
    still.hand("left", (-0.2, 1.3, -0.19), kind="hands")
    still.pinch("left", 0)
    still.pinch("left", 1)
    still.hand("left", (-0.2, 1.3, -0.25), kind="hands")
    held = still.until(lambda room: room["holds"] == {"left": True, "right": True})
    assert np.linalg.norm(np.subtract(held["network"]["position"], before)) > 0.05
    apart = np.subtract(held["right"]["place"], held["left"]["place"])
    still.hand("left", (-0.4, 1.3, -0.5), kind="hands")
    still.hand("right", (0.4, 1.3, 0.1), kind="hands")
    scaled = still.room()
    now = np.subtract(scaled["right"]["place"], scaled["left"]["place"])
    factor = np.linalg.norm(now) / np.linalg.norm(apart)
    assert factor > 1.8
    assert scaled["network"]["scale"] / held["network"]["scale"] == pytest.approx(factor, rel=1e-3)
    turn = math.acos(np.dot(now, apart) / (np.linalg.norm(now) * np.linalg.norm(apart)))
    assert turn > 0.3
    between = abs(np.dot(scaled["network"]["rotation"], held["network"]["rotation"]))
    assert 2 * math.acos(min(1, between)) == pytest.approx(turn, abs=1e-3)
    still.pinch("left", 0)
    still.pinch("right", 0)
    assert still.room()["holds"] == {"left": False, "right": False}
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
