"""The network in a headset: entered, held, scaled, walked in, pointed at and scrubbed, with controllers and with hands."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.library import Library
from synaptarium.store.importing import import_source

from .emulator import Headset, wear

pytestmark = pytest.mark.browser

SPAN_US = 20_000_000


@pytest.fixture(scope="module")
def site(shelf: tuple[str, Library]) -> tuple[str, str]:
    """Address of a server and the id of its recording."""
    url, library = shelf
    random = np.random.default_rng(5)
    source = arrays_source(
        "watched",
        bin_us=1000,
        layers=[{"name": "eye", "neurons": 64, "shape": (8, 8)}, {"name": "brain", "neurons": 20}],
        spikes={"eye": (np.sort(random.integers(0, SPAN_US, 8000)), random.integers(0, 64, 8000))},
        t_stop_us=SPAN_US,
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return url, id


#: Every canvas that the page makes is kept: those of a board are nowhere in the document.
KEPT = """
window.canvases = [];
const make = document.createElement.bind(document);
document.createElement = (name, options) => {
  const made = make(name, options);
  if (name === 'canvas') window.canvases.push(made);
  return made;
};
"""
#: Samples of a board's pixels that are other (by more than rounding) after all of it was drawn anew than after it has played.
REPAINTED = """async () => {
  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  const board = window.canvases.filter((canvas) => canvas.width === 1000 && canvas.height === 760).at(-1);
  const { painted } = synaptarium.xr().room.boards.general;
  const more = async (n) => { for (let i = 0; i < 300 && synaptarium.xr().room.boards.general.painted < n; i++) await rest(10); };
  synaptarium.seek(7e6); // within the window that the panel shows
  synaptarium.play();
  await more(painted + 4);
  synaptarium.pause();
  await rest(250);
  const pixels = () => board.getContext('2d').getImageData(0, 0, board.width, board.height).data;
  const parts = pixels();
  const before = synaptarium.xr().room.boards.general.painted;
  document.querySelector('.xr-board').firstElementChild.setAttribute('data-changed', '');
  await more(before + 1);
  return pixels().filter((sample, i) => Math.abs(sample - parts[i]) > 8).length;
}"""


@pytest.fixture(scope="module")
def headset(browser: Browser, site: tuple[str, str]) -> Iterator[Headset]:
    """A page with a headset, in VR."""
    context = browser.new_context(viewport={"width": 1000, "height": 500}, reduced_motion="no-preference")
    wear(context)
    context.add_init_script(KEPT)
    page = context.new_page()
    errors: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2] if "//" in request.url else ""))
    page.goto(f"{site[0]}/view/{site[1]}?t=2&speed=0.5")
    page.evaluate("window.synaptarium.ready")
    worn = Headset(page)
    worn.enter()
    yield worn
    context.close()
    assert not errors
    assert {host.split(":")[0] for host in hosts} <= {"127.0.0.1", ""}


@pytest.fixture
def still(headset: Headset) -> Headset:
    """The headset as it was put on: nothing held, the network on the table, the hands at the sides."""
    headset.rest()
    headset.page.evaluate("synaptarium.pause(); synaptarium.seek(2e6); synaptarium.select([]);")
    return headset


def menu(headset: Headset, id: str) -> None:
    """Open the menu at the left wrist, press something in it with the right hand, and close it."""
    headset.hand("left", (-0.2, 1.3, -0.35))
    headset.click("left", "x-button")
    # It is there a moment before its buttons are drawn.
    room = headset.until(
        lambda room: room["menu"]["visible"] and any(button["id"] == id for button in room["menu"]["buttons"])
    )
    found = next(button for button in room["menu"]["buttons"] if button["id"] == id)
    headset.aim("right", headset.on_pane(room["menu"], found["x"], found["y"]))
    headset.click("right")
    headset.click("left", "x-button")
    headset.hand("left", (-0.3, 1.2, -0.2))
    headset.until(lambda room: not room["menu"]["visible"])


def test_the_table_stands_before_the_eyes_within_a_second(still: Headset) -> None:
    menu(still, "table")
    state = still.state()
    assert state["entered_ms"] < 1000
    network = still.room()["network"]
    assert network["position"][1] == pytest.approx(1.33, abs=0.05)
    assert 0.001 < network["scale"] < 0.1
    assert "left" in state["room"]["models"]["left"]
    assert "right" in state["room"]["models"]["right"]


def test_the_trigger_selects_the_neuron_that_the_ray_meets(still: Headset) -> None:
    menu(still, "table")
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
    menu(still, "table")
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
    menu(still, "table")
    time = still.room()["time"]
    still.aim("right", still.on_pane(time, 28 + 0.75 * 944, 99))
    still.click("right")
    assert still.page.evaluate("synaptarium.state().t_us") == pytest.approx(15e6, abs=0.3e6)


def test_the_menu_changes_colour_speed_and_where_the_network_stands(still: Headset) -> None:
    menu(still, "colour")
    assert still.page.evaluate("synaptarium.state().colour") == "rate"
    menu(still, "slower")
    assert still.page.evaluate("synaptarium.state().speed") < 0.5
    small = still.room()["network"]["scale"]
    menu(still, "inside")
    room = still.room()
    assert room["placement"] == "inside"
    assert room["network"]["scale"] > 3 * small
    menu(still, "table")
    still.page.evaluate("synaptarium.setView({ colour: 'spikes' }); synaptarium.setSpeed(0.5)")


def test_a_board_hovers_scrubs_and_zooms_its_chart(still: Headset) -> None:
    menu(still, "table")
    menu(still, "board general")
    still.hand("right", (-0.1, 1.6, -0.1))  # above the names of the layers
    chart = "document.querySelector('.xr-board [data-panel] canvas.over-time')"
    for _ in range(300):
        if still.page.evaluate(f"{chart} !== null && {chart}.clientHeight > 0"):
            break
        still.page.wait_for_timeout(30)
    where = still.page.evaluate(
        f"""(() => {{ const board = document.querySelector('.xr-board').getBoundingClientRect(); const box = {chart}.getBoundingClientRect();
        return {{ left: box.left - board.left, top: box.top - board.top, width: box.width, height: box.height }}; }})()"""
    )

    def at(part: float) -> list[float]:
        board = still.room()["boards"]["general"]
        x = where["left"] + 42 + part * (where["width"] - 50)
        return still.on_pane(board, 2 * x, 60 + 2 * (where["top"] + where["height"] / 2))

    still.page.evaluate(
        f"(() => {{ window.seen = []; for (const type of ['pointermove', 'pointerdown', 'click', 'wheel']) {chart}.addEventListener(type, (event) => window.seen.push(event.type)); }})()"
    )
    still.aim("right", at(0.5))
    still.until(lambda room: room["boards"]["general"]["painted"] > 0)
    assert "pointermove" in still.page.evaluate("window.seen")
    assert still.page.evaluate(f"{chart}.title").startswith(("00:09", "00:10"))
    still.click("right")
    assert still.page.evaluate("synaptarium.state().t_us") == pytest.approx(10e6, abs=0.5e6)
    assert {"pointerdown", "click"} <= set(still.page.evaluate("window.seen"))
    # The wheel turns with the stick while the ray is on the board.
    still.stick("right", 0, 1)
    still.frames(3)
    still.stick("right", 0, 0)
    assert "wheel" in still.page.evaluate("window.seen")
    still.page.evaluate("document.querySelector('.xr-board').scrollTop = 0")
    # With "zoom" on, a drag narrows the window of all panels.
    board = still.room()["boards"]["general"]
    still.aim("right", still.on_pane(board, 1000 - 284 - 45, 30))
    still.click("right")
    assert still.room()["boards"]["general"]["zooms"]
    still.aim("right", at(0.25))
    still.press("right", "trigger", 1)
    still.aim("right", at(0.4))
    still.aim("right", at(0.5))
    still.press("right", "trigger", 0)
    chosen = still.page.evaluate("document.querySelector('select.window').value")
    assert chosen == "drawn"
    # Its bar is a handle, and the network behind it stays.
    network = still.room()["network"]["position"]
    still.aim("right", still.on_pane(board, 100, 30))
    before = still.room()["boards"]["general"]["matrix"][12:15]
    still.press("right", "trigger", 1)
    still.hand("right", (0.3, 1.4, -0.2), (0, 0, 0, 1))
    still.press("right", "trigger", 0)
    assert np.linalg.norm(np.subtract(still.room()["boards"]["general"]["matrix"][12:15], before)) > 0.05
    assert still.room()["network"]["position"] == network
    assert still.room()["draw_calls"] <= 20
    # Where only the playhead moves the board is repainted there only: it looks as if all of it had been.
    assert still.page.evaluate(REPAINTED) == 0
    menu(still, "board general")
    assert still.page.evaluate("document.querySelector('.xr-board')") is None


def test_hands_pinch_to_pick_and_to_carry(still: Headset) -> None:
    menu(still, "table")
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


def test_nothing_piles_up_while_it_plays(still: Headset) -> None:
    seconds = float(os.environ.get("SYNAPTARIUM_SOAK_SECONDS", "4"))
    page = still.page
    menu(still, "table")
    menu(still, "board general")
    inspector = page.context.new_cdp_session(page)

    def heap() -> tuple[float, int, int]:
        inspector.send("HeapProfiler.collectGarbage")
        metrics = {
            entry["name"]: entry["value"] for entry in inspector.send("Performance.getMetrics")["metrics"]
        }
        memory = page.evaluate("synaptarium.state().scene")
        return metrics["JSHeapUsedSize"], memory["textures"], memory["geometries"]

    inspector.send("Performance.enable")
    page.evaluate("synaptarium.setLoop({ t_start_us: 2e6, t_stop_us: 4e6 }); synaptarium.play()")
    page.wait_for_timeout(1000 * seconds / 4)
    before = heap()
    page.wait_for_timeout(1000 * seconds / 2)
    after = heap()
    page.evaluate("synaptarium.pause(); synaptarium.setLoop(null)")
    menu(still, "board general")

    assert after[0] - before[0] < 1.5e6
    assert after[1:] == before[1:]


def test_leaving_gives_the_page_back_and_ar_shows_the_real_room(still: Headset) -> None:
    page: Page = still.page
    still.leave()
    canvas = page.evaluate(
        "(() => { const c = document.querySelector('.scene-host > canvas'); return [c.width, c.height, c.clientWidth, c.clientHeight]; })()"
    )
    assert canvas[:2] == canvas[2:]
    assert page.evaluate("synaptarium.project(0)") is not None
    still.enter("Enter AR")
    assert still.room()["passthrough"]
    still.leave()


def session(headset: Headset, holds: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Wait until something holds of sessions."""
    found: dict[str, Any] = {}
    for _ in range(500):
        found = headset.page.evaluate("synaptarium.session()")
        if holds(found):
            return found
        headset.page.wait_for_timeout(30)
    raise AssertionError(found)


def replayed(headset: Headset, at_ms: int) -> dict[str, Any]:
    """Bring the replay to a moment and let it stand there."""
    headset.page.evaluate("(at) => synaptarium.seekSession(at)", at_ms)
    found = session(
        headset,
        lambda now: now["replay"]["at_ms"] == at_ms and now["replay"]["status"] in ("paused", "ended"),
    )
    return dict(found["replay"])


def test_what_was_recorded_at_a_desk_replays_in_a_headset(headset: Headset) -> None:
    page = headset.page
    session(headset, lambda now: now["role"] == "admin")
    page.locator(".scene-host canvas").focus()
    page.keyboard.press("o")
    session(headset, lambda now: now["recorder"]["state"] == "recording")
    box = page.locator(".scene-host canvas").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(8):
        page.mouse.move(x + 15 * step, y + 5 * step)
        page.wait_for_timeout(40)
    page.mouse.up()
    page.evaluate("synaptarium.seek(7e6)")
    page.wait_for_timeout(500)
    page.keyboard.press("o")
    dialog = page.get_by_role("dialog", name="Session recorded")
    dialog.get_by_role("button", name="Replay").click()
    session(headset, lambda now: now["replay"] and now["replay"]["status"] in ("playing", "ended"))

    headset.enter()
    before = headset.room()
    end_ms = session(headset, lambda now: now["replay"])["replay"]["end_ms"]
    at_end = replayed(headset, int(end_ms))
    at_start = replayed(headset, 100)

    assert at_start["presence"]["head"]["position"] != at_end["presence"]["head"]["position"]
    for moment in (at_start, at_end):
        assert moment["presence"]["head"]["position"] == moment["moment"]["camera"]["position"]
        assert not moment["presence"]["headset"]
    assert at_end["moment"]["t_us"] == pytest.approx(7e6, abs=1)
    assert at_start["t_us"] == pytest.approx(at_start["moment"]["t_us"], abs=1)
    # Nobody's head was moved, nor what stands around it.
    after = headset.room()
    assert after["eyes"] == before["eyes"]
    assert after["network"] == before["network"]

    # Riding along, the network comes to stand so that the eyes are where the camera was.
    menu(headset, "ride")
    replayed(headset, int(end_ms))
    camera = at_end["moment"]["camera"]
    headset.until(
        lambda room: room["presence"]["head"]["position"] == pytest.approx(camera["position"], abs=0.5)
    )
    assert headset.room()["eyes"] == pytest.approx(before["eyes"], abs=1e-6)
    headset.leave()
    page.keyboard.press("Escape")
    session(headset, lambda now: now["replay"] is None)


def test_what_was_recorded_in_a_headset_replays_at_a_desk(headset: Headset, site: tuple[str, str]) -> None:
    page = headset.page
    headset.enter()
    menu(headset, "table")
    menu(headset, "record")
    session(headset, lambda now: now["recorder"]["state"] == "recording")
    headset.head((0.1, 1.6, 0.1))
    page.evaluate("synaptarium.seek(9e6)")
    for step in range(6):
        headset.head((0.1 + 0.04 * step, 1.6, 0.1))
        headset.hand("right", (0.2, 1.2 + 0.02 * step, -0.3))
        page.wait_for_timeout(120)
    page.wait_for_timeout(300)
    worn = headset.room()["presence"]
    headset.head((0, 1.6, 0))
    menu(headset, "record")
    session(headset, lambda now: now["recorder"]["state"] == "idle")
    headset.leave()
    newest = page.evaluate(
        "fetch('/api/sessions').then((answer) => answer.json()).then((all) => all.sort((a, b) => b.created_us - a.created_us)[0])"
    )
    log = page.evaluate(f"fetch('/api/sessions/{newest['id']}/export').then((answer) => answer.text())")
    poses = [op for op in map(json.loads, log.splitlines()) if op.get("op") == "pose" and "worn" in op]
    moved = min(poses, key=lambda op: math.dist(op["position"], worn["head"]["position"]))
    assert math.dist(moved["position"], worn["head"]["position"]) < 2e-3 * worn["scale"]
    assert math.dist(moved["worn"]["right"]["position"], worn["right"]["position"]) < 0.05 * worn["scale"]

    page.goto(f"{site[0]}/view/{site[1]}?session={newest['id']}&at=0")
    page.evaluate("window.synaptarium.ready")
    session(headset, lambda now: now["replay"])
    shown = replayed(headset, moved["at_ms"])
    assert shown["presence"]["headset"]
    assert shown["presence"]["head"]["position"] == pytest.approx(moved["position"], abs=1e-3)
    assert shown["presence"]["right"]["position"] == pytest.approx(
        moved["worn"]["right"]["position"], abs=1e-3
    )
    assert shown["pose"]["position"] == pytest.approx(moved["position"], abs=0.02)
    assert shown["t_us"] == pytest.approx(9e6, abs=1)
