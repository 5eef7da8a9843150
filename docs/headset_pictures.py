"""Take the headset's pictures of the gallery: `python docs/headset_pictures.py http://127.0.0.1:8765`.

A server shows the demo; the headset is emulated, and everything is drawn, however slow. Both eyes beside each other.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from pictures import CHROMIUM, FLAGS, settle
from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).parents[1]
GALLERY = REPOSITORY / "docs" / "gallery"
sys.path.insert(0, str(REPOSITORY / "tests" / "browser" / "headset"))
from emulator import Headset, look, wear  # noqa: E402  (beside the tests, as it is theirs)

SIZE_PX = {"width": 1920, "height": 960}
#: The middle of what a headset shows, where one looks: its whole view is 110 degrees wide, and a picture is small.
VIEW_RAD = math.radians(62)
#: Late in the demo, while a digit is shown and its row of the deep sheet answers.
TIME_S = 44.36
PLAIN = "localStorage.setItem('synaptarium.xr', JSON.stringify({ governed: false }))"


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
        page.evaluate(f"headset.fovy = {VIEW_RAD}")
        worn.enter(timeout_s=120)
        table(worn)
        boards(worn)
        browser.close()
    return 0


def table(worn: Headset) -> None:
    """The network on the table, a neuron of it pointed at."""
    worn.head((0, 1.6, 0.02), look((0, 1.6, 0), (-0.02, 1.36, -0.72)))
    worn.hand("left", (-0.26, 1.28, -0.42), look((0, 0, 0), (0.25, 0.1, -1)))
    worn.hand("right", (0.2, 1.24, -0.36))
    worn.aim("right", worn.place_of(400))
    worn.click("right")
    shoot(worn.page, worn, "headset-table")


def boards(worn: Headset) -> None:
    """Two boards beside the network, and the menu at the wrist."""
    for board in ("general", "raster"):
        worn.menu(f"board {board}")
    shoot(worn.page, worn, "headset-boards")


def shoot(page: Page, worn: Headset, name: str) -> None:
    """Write what both eyes see."""
    worn.frames(12)
    page.wait_for_timeout(1500)
    page.screenshot(path=GALLERY / f"{name}.jpg", quality=88)
    print(GALLERY / f"{name}.jpg")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].rstrip("/")))
