"""Take the pictures of use-case-a.md and use-case-b.md: `python docs/use_case_pictures.py http://127.0.0.1:8765`.

A server shows the recordings that the two commands at the top of these pages make.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pictures import CHROMIUM, FLAGS, settle
from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
SIZE_PX = {"width": 1400, "height": 3600}  # all panels of a tab at once
DOCK_PX = 620
MARGIN_PX = 12
#: One of the pruned twin, so that the tab shows its synapses: the layers before have 784 and 100 neurons.
SELECTED = {"use-case-b-after": [784 + 100 + 44]}
#: Picture: recording, moment, tab, and the panels from the first to the last that are on it.
PICTURES = {
    "use-case-a": ("mnist-100-400-900", 600.0, "Network activity", "weights", "metrics.loss"),
    "use-case-a-reversed": ("mnist-100-400-900-reversed", 600.0, "Network activity", "weights", "weights"),
    "use-case-b": ("mnist-100-pruned", 600.0, "Network activity", "weights", "metrics.loss"),
    "use-case-b-before": ("mnist-100-pruned", 599.99, "Synapses", "pruning", "gallery.now"),
    "use-case-b-after": ("mnist-100-pruned", 600.1, "Synapses", "gallery.now", "course.1.mean"),
}


def main(address: str) -> int:
    """Write the pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=SIZE_PX, reduced_motion="reduce")
        page.goto(address)
        page.evaluate(f"localStorage.setItem('synaptarium--dock', '{DOCK_PX}')")
        for name, (recording, time_s, tab, first, last) in PICTURES.items():
            page.goto(f"{address}/view/{recording}?t={time_s}")
            page.evaluate("window.synaptarium.ready")
            page.evaluate("neurons => window.synaptarium.select(neurons)", SELECTED.get(name, []))
            page.locator(".module-picker summary").click()
            page.locator(".module-row button", has_text=tab).first.click()
            settle(page)
            page.screenshot(path=IMAGES / f"{name}.png", clip=between(page, first, last))
            print(IMAGES / f"{name}.png")
        browser.close()
    return 0


def between(page: Page, first: str, last: str) -> dict[str, float]:
    """Return the part of the page from the top of one panel to the end of another."""
    boxes = [page.locator(f".dock [data-panel='{id}']:visible").bounding_box() for id in (first, last)]
    assert boxes[0] and boxes[1], f"{first} or {last} is not shown"
    top, bottom = boxes[0]["y"], boxes[1]["y"] + boxes[1]["height"]
    left, width = boxes[0]["x"] - MARGIN_PX, boxes[0]["width"] + 2 * MARGIN_PX
    return {"x": left, "y": top, "width": width, "height": bottom - top}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].rstrip("/")))
