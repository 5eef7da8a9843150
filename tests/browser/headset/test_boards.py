"""The page's panels as boards in the room, and the hand's ray as their pointer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .emulator import Headset

pytestmark = pytest.mark.browser

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
  // The governor may let boards be painted twice a second only.
  for (let last = -1; last !== synaptarium.xr().room.boards.general.painted; await rest(600)) last = synaptarium.xr().room.boards.general.painted;
  const pixels = () => board.getContext('2d').getImageData(0, 0, board.width, board.height).data;
  const parts = pixels();
  const before = synaptarium.xr().room.boards.general.painted;
  document.querySelector('.xr-board').firstElementChild.setAttribute('data-changed', '');
  await more(before + 1);
  return pixels().filter((sample, i) => Math.abs(sample - parts[i]) > 8).length;
}"""


def test_a_board_hovers_scrubs_and_zooms_its_chart(still: Headset) -> None:
    still.menu("board general")
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
    assert still.room()["boards"]["general"]["drag"] == "zoom"
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
    still.menu("board general")
    assert still.page.evaluate("document.querySelector('.xr-board')") is None


def test_a_brush_over_a_board_selects_what_it_surrounds(still: Headset) -> None:
    page = still.page
    page.evaluate("synaptarium.seek(7e6)")
    still.menu("board raster")
    still.hand("right", (-0.1, 1.6, -0.1))
    drawing = "document.querySelector('.xr-board [data-panel=\"raster.eye\"] canvas')"
    still.until(
        lambda room: page.evaluate(
            f"{drawing}?.getAttribute('aria-label')?.includes('spikes of 64') ?? false"
        )
    )
    still.until(lambda room: room["boards"]["raster"]["painted"] > 1)
    where = page.evaluate(
        f"""(() => {{ const board = document.querySelector('.xr-board').getBoundingClientRect(); const box = {drawing}.getBoundingClientRect();
        return {{ left: box.left - board.left, top: box.top - board.top, width: box.width, height: box.height }}; }})()"""
    )

    def at(across: float, down: float) -> list[float]:
        board = still.room()["boards"]["raster"]
        x, y = where["left"] + across * where["width"], where["top"] + down * where["height"]
        return still.on_pane(board, 2 * x, 60 + 2 * y)

    still.aim("right", still.on_pane(still.room()["boards"]["raster"], 1000 - 380 - 48, 30))
    still.click("right")
    assert still.room()["boards"]["raster"]["drag"] == "brush"
    still.aim("right", at(0.3, 0.3))
    still.press("right", "trigger", 1)
    still.aim("right", at(0.9, 0.6))
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.xr-board .neuron-brush')).display")
        == "block"
    )
    still.press("right", "trigger", 0)
    chosen = page.evaluate("synaptarium.state().selection")
    assert {one["layer"] for one in chosen} == {"eye"}
    ids = [one["neuron"] for one in chosen]
    # About the rows between three and six tenths from the top, and no others.
    assert 8 <= len(ids) < 40
    assert max(ids) - min(ids) < 32
    assert page.evaluate("synaptarium.state().t_us") == 7e6
    still.menu("board raster")


def test_a_board_is_pulled_close_resized_pinned_and_carried_along(still: Headset) -> None:
    still.menu("board general")
    still.hand("right", (0.3, 1.2, -0.2))

    def board() -> dict[str, Any]:
        found: dict[str, Any] = still.room()["boards"]["general"]
        return found

    def press(right_px: float) -> None:
        still.aim("right", still.on_pane(board(), 1000 - right_px, 30))
        still.click("right")

    opened = board()
    # It stands at arm's length, its face to the eyes.
    assert np.linalg.norm(np.subtract(opened["matrix"][12:15], (0, 1.7, 0))) == pytest.approx(0.85, abs=0.02)
    press(198 + 40)
    pulled = board()["matrix"]
    assert pulled[12:15] == pytest.approx([0, 1.5, -0.5], abs=1e-3)
    to_eyes = np.subtract((0, 1.6, 0), pulled[12:15])
    assert pulled[8:11] == pytest.approx(to_eyes / np.linalg.norm(to_eyes), abs=1e-3)
    press(144 + 24)
    assert board()["width_m"] == pytest.approx(0.7)
    assert opened["width_m"] == pytest.approx(0.5)
    # Pinned it stays where it is when the person jumps; else it comes along.
    for pinned in (True, False):
        assert board()["pinned"] is pinned
        before, stood = board()["matrix"], still.room()["person"]["position"]
        still.hand("left", (-0.3, 1.2, -0.2), (-0.2, 0, 0, 0.98))
        still.stick("left", 0, -1)
        still.until(lambda room: room["aiming"])
        still.stick("left", 0, 0)
        step = np.subtract(still.until(lambda room: not room["aiming"])["person"]["position"], stood)
        assert np.linalg.norm(step) > 0.3
        moved = np.subtract(board()["matrix"][12:15], before[12:15])
        assert moved == pytest.approx((0, 0, 0) if pinned else step, abs=1e-6)
        if pinned:
            still.page.evaluate("synaptarium.scene().stage.person.position.set(0, 0, 0)")
            still.frames(3)
            press(62 + 38)
    still.page.evaluate("synaptarium.scene().stage.person.position.set(0, 0, 0)")
    still.frames(3)
    press(8 + 24)
    assert still.room()["boards"] == {}
