"""Take the pictures of module-gallery.md: `python docs/module_pictures.py http://127.0.0.1:8765`.

A server shows the demo. Each picture is a few columns of panels as the dock shows them, side by side.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import NamedTuple

from pictures import CHROMIUM, FLAGS, settle
from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
BUILD = Path(__file__).parents[1] / "build"  # the same as PNG, to be looked at
SIZE_PX = {"width": 1400, "height": 4200}  # all panels of a tab at once
DOCK_PX = 400
COLUMN_PX = 1000  # at most so high
GAP_PX = 13
MOST_BYTES = 300_000
RECORDING, RUN_S = "digits", 45.0
#: Neurons of the hidden layer whose potentials are recorded, and one of the deep layer.
SELECTED = "hidden:204.212,deep:30"


class Column(NamedTuple):
    """A tab, its first panel that is shown (the first one where it is empty), and the window that is drawn, seconds."""

    tab: str
    first: str = ""
    window_s: tuple[float, float] | None = None


#: Picture: its columns.
PICTURES = {
    "module-general": (
        Column("Network activity"),
        Column("Network activity", "metrics"),
        Column("Network activity", "layers"),
        Column("Stimulus"),
    ),
    "module-neuron": (
        Column("Neurons"),
        Column("Neurons", "class.hidden.204"),
        Column("Neurons", "bars"),
        Column("Neurons", "frequency"),
    ),
    "module-synapse": (
        Column("Synapses"),
        Column("Synapses", "gallery.now"),
        Column("Synapses", "gallery.end"),
        Column("Synapses", "course.1.mean"),
    ),
    "module-trains": (
        Column("Raster", "", (19.5, 20.5)),
        Column("Spike trains"),
        Column("Firing rates"),
        Column("Correlation", "", (15.0, 25.0)),
    ),
    "module-learning": (
        Column("Training health"),
        Column("Classes"),
        Column("State space", "", (18.0, 22.0)),
        Column("LFP proxy", "", (19.0, 21.0)),
    ),
    "module-moments": (
        Column("Event search"),
        Column("Similar moments", "", (20.0, 20.15)),
        Column("Causes of a spike"),
    ),
}
PAGE = """<!doctype html><style>body {{ margin: 0; padding: 16px; display: flex; gap: 20px; align-items: flex-start;
background: #12161f; width: max-content }} img {{ display: block }}</style>{images}"""


def main(address: str, wanted: list[str]) -> int:
    """Write the pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=SIZE_PX, reduced_motion="reduce")
        page.goto(address)
        page.evaluate(f"localStorage.setItem('synaptarium--dock', '{DOCK_PX}')")
        for name in wanted or PICTURES:
            columns = PICTURES[name]
            shots = [
                taken(
                    page, address, column, follower.first if follower and follower.tab == column.tab else ""
                )
                for column, follower in zip(columns, (*columns[1:], None), strict=True)
            ]
            target = IMAGES / f"{name}.jpg"
            join(browser, shots, target)
            print(target, target.stat().st_size, flush=True)
        browser.close()
    return 0


def taken(page: Page, address: str, column: Column, until: str) -> bytes:
    """Return the picture of a column, up to a panel."""
    page.goto(f"{address}/view/{RECORDING}?t=20.02&select={SELECTED}")
    page.evaluate("window.synaptarium.ready")
    page.locator(".module-picker summary", has_text="modules").click()
    page.locator(".module-row button", has_text=column.tab).first.click()
    if column.window_s is not None:
        draw_window(page, *column.window_s)
    page.mouse.move(10, 10)
    settle(page)
    panels = page.locator(".dock .module:visible > .panel")
    boxes = [box for one in panels.all() if (box := one.bounding_box())]
    ids = [one.get_attribute("data-panel") for one in panels.all()]
    at = ids.index(column.first) if column.first else 0
    # The line above a panel, and the room below that, belong to the gap.
    top, left = boxes[at]["y"] + (GAP_PX if at else 0), boxes[at]["x"]
    stop = ids.index(until) if until in ids else len(ids)
    ends = [box["y"] + box["height"] for box in boxes[at:stop]]
    bottom = max([end for end in ends if end - top <= COLUMN_PX], default=top + COLUMN_PX)
    return page.screenshot(clip={"x": left, "y": top, "width": boxes[at]["width"], "height": bottom - top})


def draw_window(page: Page, start_s: float, stop_s: float) -> None:
    """Draw the panels' window on the strip above them."""
    box = page.locator(".window-strip").bounding_box()
    assert box
    first, last = (box["x"] + box["width"] * one / RUN_S for one in (start_s, stop_s))
    y = box["y"] + box["height"] / 2
    page.mouse.move(first, y)
    page.mouse.down()
    page.mouse.move(last, y, steps=4)
    page.mouse.up()


def join(browser: Browser, shots: list[bytes], target: Path) -> None:
    """Write pictures beside each other as one, in at most 300 kB."""
    page = browser.new_page(viewport={"width": 1800, "height": 600})
    images = "".join(f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots)
    page.set_content(PAGE.format(images=images))
    page.wait_for_timeout(300)
    body = page.locator("body")
    body.screenshot(path=BUILD / f"{target.stem}.png")
    for quality in range(92, 30, -6):
        if len(body.screenshot(path=target, type="jpeg", quality=quality)) <= MOST_BYTES:
            break
    page.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].rstrip("/"), sys.argv[2:]))
