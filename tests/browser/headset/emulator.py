"""A headset in real Chromium: Meta's emulator `iwer` in place of the browser's WebXR, moved and pressed from a test."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

IWER = Path(__file__).parents[3] / "static" / "node_modules" / "iwer" / "build" / "iwer.min.js"

#: The emulated device is there before the page asks for it.
SETUP = """
window.headset = new IWER.XRDevice(IWER.metaQuest3);
window.headset.installRuntime({ forceInstall: true });
window.headset.stereoEnabled = true;
"""

#: In a headset the page's own frames stand still, as in the browsers of headsets; the emulator's own go on.
HALTED = """
{
  const later = window.requestAnimationFrame.bind(window);
  const held = [];
  window.requestAnimationFrame = (run) => {
    const ofPage = (new Error().stack ?? '').split('\\n')[2]?.includes('/assets/');
    if (!ofPage || !window.headset.activeSession) return later(run);
    return held.push(run) && -held.length;
  };
  const release = () => {
    if (!window.headset.activeSession) for (const run of held.splice(0)) later(run);
    setTimeout(release, 50);
  };
  release();
}
"""

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

Place = Sequence[float]


class Headset:
    """The device that a page wears.

    Parameters
    ----------
    page : Page
        Of a context that `wear` has prepared.
    address : str
        Of the view that it shows.
    """

    def __init__(self, page: Page, address: str = "") -> None:
        self.page = page
        self.address = address
        #: Where the network stands on the table before eyes that have not moved.
        self.table: dict[str, Any] = {}

    def open(self) -> None:
        """Load the page anew."""
        self.page.goto(self.address)
        self.page.evaluate("window.synaptarium.ready")

    def state(self) -> dict[str, Any]:
        """Return what the page knows of the headset."""
        found: dict[str, Any] = self.page.evaluate("window.synaptarium.xr()")
        return found

    def room(self) -> dict[str, Any]:
        """Return what is where in the room."""
        found: dict[str, Any] = self.state()["room"]
        return found

    def until(self, holds: Callable[[dict[str, Any]], Any], timeout_s: float = 15.0) -> dict[str, Any]:
        """Wait until something holds in the room."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = self.room()
            if found and holds(found):
                return found
            assert time.monotonic() < deadline, found
            self.page.wait_for_timeout(30)

    def enter(self, mode: str = "Enter VR", *choices: str, timeout_s: float = 15.0) -> dict[str, Any]:
        """Enter by the page's button, with choices of its panel; returns when the network stands in the room."""
        self.page.get_by_role("button", name="Headset").click()
        for choice in choices:
            self.page.get_by_label(choice, exact=True).check()
        self.page.get_by_role("button", name=mode).click()
        return self.until(
            lambda room: (
                room["network"]["scale"] < 1 and "none" not in (room["left"]["kind"], room["right"]["kind"])
            ),
            timeout_s,
        )

    def leave(self) -> None:
        """Leave, as the headset's own button does."""
        self.page.evaluate("window.headset.activeSession.end()")
        for _ in range(200):
            if not self.state()["inside"]:
                return
            self.page.wait_for_timeout(20)
        raise AssertionError("still inside")

    def frames(self, n: int = 2) -> None:
        """Let so many pictures be drawn."""
        drawn = self.page.evaluate(
            """async (n) => {
                const drawn = () => window.synaptarium.scene().stats().frames_drawn;
                const goal = drawn() + n;
                for (let i = 0; i < 1500 && drawn() < goal; i++) await new Promise((done) => setTimeout(done, 4));
                return drawn() >= goal;
            }""",
            n,
        )
        assert drawn, "nothing is drawn"

    def head(self, position: Place, rotation: Place = (0, 0, 0, 1)) -> None:
        """Put the head somewhere, metres."""
        self.page.evaluate(
            "([p, q]) => { headset.position.set(...p); headset.quaternion.set(...q); }", [position, rotation]
        )
        self.frames()

    def hand(
        self, side: str, position: Place, rotation: Place = (0, 0, 0, 1), kind: str = "controllers"
    ) -> None:
        """Put a hand or a controller somewhere."""
        self.page.evaluate(
            "([kind, side, p, q]) => { const hand = headset[kind][side]; hand.position.set(...p); hand.quaternion.set(...q); }",
            [kind, side, position, rotation],
        )
        self.frames()

    def rest(self) -> None:
        """Let go of everything, hands at the sides, and stand where one came in."""
        self.page.evaluate(
            """for (const [side, x] of [['left', -0.3], ['right', 0.3]]) {
                const hand = headset.controllers[side];
                for (const button of ['trigger', 'squeeze', 'thumbstick']) hand.updateButtonValue(button, 0);
                hand.updateAxes('thumbstick', 0, 0);
                hand.position.set(x, 1.2, -0.2);
                hand.quaternion.set(0, 0, 0, 1);
            }
            headset.position.set(0, 1.6, 0);
            headset.quaternion.set(0, 0, 0, 1);"""
        )
        self.frames(8)

    def aim(self, side: str, at: Place, kind: str = "controllers") -> None:
        """Turn a hand so that its ray meets a place: its ray leaves it along -z, a little beside its middle."""
        for _ in range(2):
            origin, place = self.page.evaluate(
                "([kind, side]) => [synaptarium.xr().room[side].origin, ['x', 'y', 'z'].map((k) => headset[kind][side].position[k])]",
                [kind, side],
            )
            self.hand(side, place, look(origin, at), kind)

    def press(self, side: str, button: str, value: float = 1) -> None:
        """Press a button of a controller, or let it go (0)."""
        self.page.evaluate(
            "([side, button, value]) => headset.controllers[side].updateButtonValue(button, value)",
            [side, button, value],
        )
        self.frames()

    def click(self, side: str, button: str = "trigger") -> None:
        """Press and let go."""
        self.press(side, button, 1)
        self.press(side, button, 0)

    def stick(self, side: str, x: float, y: float) -> None:
        """Push a thumbstick; y is positive towards the person."""
        self.page.evaluate(
            "([side, x, y]) => headset.controllers[side].updateAxes('thumbstick', x, y)", [side, x, y]
        )
        self.frames()

    def pinch(self, side: str, value: float) -> None:
        """Close thumb and index finger (1), or open them (0)."""
        self.page.evaluate("([side, value]) => headset.hands[side].updatePinchValue(value)", [side, value])
        self.frames(3)

    def menu(self, id: str, points: str = "right") -> None:
        """Open the menu at a wrist, press something in it with the hand that points, and close it."""
        room = self.open_menu(id, points)
        found = next(button for button in room["menu"]["buttons"] if button["id"] == id)
        self.aim(points, self.on_pane(room["menu"], found["x"], found["y"]))
        self.click(points)
        # The menu changes its wrist with the hand that points.
        self.close_menu(id if id in ("left", "right") else points)

    def open_menu(self, id: str = "play", points: str = "right") -> dict[str, Any]:
        """Open the menu; returns the room when a button of it is drawn."""
        wrist, button, x = ("left", "x-button", -0.2) if points == "right" else ("right", "a-button", 0.2)
        self.hand(wrist, (x, 1.3, -0.35))
        self.click(wrist, button)
        return self.until(
            lambda room: room["menu"]["visible"] and any(item["id"] == id for item in room["menu"]["buttons"])
        )

    def close_menu(self, points: str = "right") -> None:
        """Close it again."""
        wrist, button, x = ("left", "x-button", -0.3) if points == "right" else ("right", "a-button", 0.3)
        if self.room()["menu"]["visible"]:
            self.click(wrist, button)
        self.hand(wrist, (x, 1.2, -0.2))
        self.until(lambda room: not room["menu"]["visible"])

    def place_of(self, neuron: int) -> list[float]:
        """Return where a neuron stands in the room."""
        found: list[float] = self.page.evaluate(
            """(neuron) => {
                const { network } = synaptarium.scene().stage;
                return network.position.clone().set(...synaptarium.scene().placeOf(neuron)).applyMatrix4(network.matrixWorld).toArray();
            }""",
            neuron,
        )
        return found

    def on_pane(self, pane: dict[str, Any], x_px: float, y_px: float) -> list[float]:
        """Return the place in the room of a pixel of a pane."""
        m = pane["matrix"]
        right = (x_px / pane["width_px"] - 0.5) * pane["width_m"]
        up = (0.5 - y_px / pane["height_px"]) * pane["height_m"]
        return [m[12 + i] + right * m[i] + up * m[4 + i] for i in range(3)]


def wear(context: BrowserContext) -> None:
    """Give every page of a context the emulated headset."""
    context.add_init_script(path=IWER)
    context.add_init_script(SETUP + HALTED)


def look(origin: Place, at: Place) -> list[float]:
    """Return the rotation that turns -z from a place towards another, upright."""
    x, y, z = (b - a for a, b in zip(origin, at, strict=True))
    yaw, pitch = math.atan2(-x, -z), math.atan2(y, math.hypot(x, z))
    a, b, c, d = math.sin(yaw / 2), math.cos(yaw / 2), math.sin(pitch / 2), math.cos(pitch / 2)
    return [b * c, a * d, -a * c, b * d]
