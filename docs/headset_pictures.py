"""Take the headset's pictures of the gallery: `python docs/headset_pictures.py http://127.0.0.1:8765`.

A server shows the demo; the headset is emulated, and everything is drawn, however slow. Both eyes beside each other.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from pictures import CHROMIUM, FLAGS, settle
from playwright.sync_api import sync_playwright

REPOSITORY = Path(__file__).parents[1]
GALLERY = REPOSITORY / "docs" / "gallery"
sys.path.insert(0, str(REPOSITORY / "tests" / "browser" / "headset"))
from emulator import Headset, look, wear  # noqa: E402  (beside the tests, as it is theirs)

SIZE_PX = {"width": 1920, "height": 960}
#: So much of what a headset shows, where one looks: its whole view is 110 degrees wide, and a picture is small.
TABLE_RAD, BOARDS_RAD = math.radians(70), math.radians(90)
#: Late in the demo, while a digit is shown and its row of the deep sheet answers.
TIME_S = 44.36
#: Of the hidden sheet; the input has 64.
NEURON = 64 + 254
EYES = (0, 1.6, 0)
LEANING = (0, 1.58, -0.08)
PLAIN = "localStorage.setItem('synaptarium.xr', JSON.stringify({ governed: false, still: false }))"


def main(address: str) -> int:
    """Write the pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport=SIZE_PX, reduced_motion="reduce")
        wear(context)
        context.add_init_script(PLAIN)
        page = context.new_page()
        page.set_default_timeout(120_000)
        worn = Headset(page, f"{address}/view/digits?t={TIME_S}&speed=0.02")
        worn.open()
        settle(page)
        worn.enter(timeout_s=120)
        page.evaluate(f"synaptarium.select([{NEURON}])")
        boards(worn)
        table(worn)
        browser.close()
    return 0


def boards(worn: Headset) -> None:
    """Two boards beside the network, and the menu at the wrist."""
    worn.head(EYES)
    worn.page.evaluate(f"headset.fovy = {BOARDS_RAD}")
    for board, dx in (("general", -0.1), ("raster", 0.1)):
        worn.menu(f"board {board}")
        carry(worn, board, (dx, 0.05, -0.03))
    worn.head(EYES, look(EYES, (0, 1.46, -0.72)))
    worn.open_menu()
    worn.hand("left", (0.38, 1.07, -0.56), look((0, 0, 0), (1, -2, -1)))
    worn.hand("right", (0.12, 1.16, -0.34))
    worn.aim("right", worn.on_pane(worn.room()["boards"]["general"], 620, 430))
    shoot(worn, "headset-boards")


def table(worn: Headset) -> None:
    """The network on the table, a neuron of it pointed at and selected."""
    worn.close_menu()
    worn.head(EYES)
    for board in ("general", "raster"):
        worn.menu(f"board {board}")
    worn.page.evaluate(f"headset.fovy = {TABLE_RAD}")
    carry(worn, "legend", (0.31, 0.21, 0.0))
    worn.head(LEANING, look(LEANING, (-0.02, 1.38, -0.72)))
    worn.hand("left", (-0.9, 0.6, 0.3))
    worn.hand("right", (0.21, 1.3, -0.45))
    worn.aim("right", worn.place_of(NEURON))
    worn.click("right")
    shoot(worn, "headset-table")


def carry(worn: Headset, name: str, step: tuple[float, float, float]) -> None:
    """Take a board or the legend and put it down elsewhere."""
    place = (0.2, 1.3, -0.2)
    room = worn.room()
    worn.hand("right", place)
    worn.aim("right", worn.on_pane(room["boards"].get(name) or room[name], 60, 30))
    worn.press("right", "squeeze")
    turn = worn.page.evaluate("(({ x, y, z, w }) => [x, y, z, w])(headset.controllers.right.quaternion)")
    worn.hand("right", [at + by for at, by in zip(place, step, strict=True)], turn)
    worn.press("right", "squeeze", 0)


def shoot(worn: Headset, name: str) -> None:
    """Write what both eyes see."""
    worn.page.wait_for_timeout(3000)  # boards fetch and draw, names come
    worn.page.screenshot(path=GALLERY / f"{name}.jpg", quality=86)
    print(GALLERY / f"{name}.jpg")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].rstrip("/")))
