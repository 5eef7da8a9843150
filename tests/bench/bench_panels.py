"""What panels cost the page's main thread: a raster of a million spikes, and a dock of panels while it plays.

Real parts: a server process with its MongoDB, and headless Chromium. The raster's answer is put in the place of the server's,
so that it has just a million dots, in the columns that the module sends; its time runs from the bytes' arrival to the dots on the canvas. The dock's cost is the
thread's time for JavaScript, styles and layout per frame, with the dock and without it, in rounds that take turns; a frame's
own costs (the scene, the transport bar) are in both. The window of the panels is 10 s and follows the playhead, so that they
are asked and drawn anew too. Painting is left out: here software does on the same cores what a GPU does elsewhere.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bench_page import DEMO
from browsing import chromium, served
from playwright.sync_api import CDPSession, Page, Route

from synaptarium.schemas.panels import PanelAnswer, Raster, encode_answer

NAMES = ("panels.raster_1M", "panels.dock_general", "panels.dock_neuron", "panels.dock_synapse")

N_DOTS, N_NEURONS, SPAN_US = 1_000_000, 10_000, 45_000_000
REPEATS, ROUNDS, ROUND_MS = 5, 3, 4000
DOCKS = {"general": "Network activity", "neuron": "Neurons", "synapse": "Synapses"}

# The moment an answer's bytes are there, and the moment the last dots are.
WATCH = """() => {
  window.arrived_ms = 0; window.drawn_ms = 0;
  const read = Response.prototype.arrayBuffer;
  Response.prototype.arrayBuffer = async function () {
    const bytes = await read.call(this);
    if (this.url.includes('/modules/raster')) window.arrived_ms = performance.now();
    return bytes;
  };
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    put.apply(this, given);
    if (given[0].width > 100) window.drawn_ms = performance.now();
  };
}"""


def rows() -> Iterator[dict[str, Any]]:
    """Yield the raster's time, and each dock's time per frame."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-panels-") as folder,
        served(Path(folder), [DEMO]) as url,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        yield {
            "name": "panels.raster_1M",
            "value": raster_ms(page, url),
            "unit": "ms",
            "reference": "the goal; from the answer's bytes to the dots",
            "reference_value": 150.0,
            "goal": "<= 1",
        }
        page.close()
        for module, title in DOCKS.items():
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            with_dock, without, n_panels = dock_ms(page, url, module, title)
            yield {
                "name": f"panels.dock_{module}",
                "value": max(0.0, with_dock - without),
                "unit": "ms a frame",
                "reference": f"the goal; {n_panels} panels; a frame has {without:.1f} ms without them",
                "reference_value": 4.0,
                "goal": "<= 1",
            }
            page.close()


def raster_ms(page: Page, url: str) -> float:
    """Return the median time from the bytes of a million spikes to their dots."""
    random = np.random.default_rng(1)
    panel = Raster(
        id="raster.a",
        title="Spikes",
        time_us="t",
        step_us=1000,
        neuron="n",
        layer="hidden",
        n_neurons=N_NEURONS,
    )
    answer = PanelAnswer(module="raster", t_start_us=0, t_stop_us=SPAN_US, panels=(panel,))
    columns = {
        "t": np.sort(random.integers(0, SPAN_US // 1000, N_DOTS)).astype(np.uint16),
        "n": random.integers(0, N_NEURONS, N_DOTS).astype(np.uint16),
    }
    body = encode_answer(answer, columns).to_pybytes()

    def fulfil(route: Route) -> None:
        route.fulfill(body=body, content_type="application/vnd.apache.arrow.stream")

    page.route("**/modules/raster", fulfil)
    page.goto(f"{url}/view/generated?t=1")
    page.evaluate("window.synaptarium.ready")
    page.evaluate(WATCH)
    took: list[float] = []
    for number in range(REPEATS + 1):
        page.evaluate("window.arrived_ms = window.drawn_ms = 0")
        if number == 0:
            open_module(page, "Raster")
        else:
            page.locator("select.window").select_option("10" if number % 2 else "0")
        for _ in range(200):
            page.wait_for_timeout(50)
            arrived, drawn = page.evaluate("[window.arrived_ms, window.drawn_ms]")
            if drawn > arrived > 0:
                break
        else:
            raise RuntimeError("The raster was not drawn.")
        took.append(drawn - arrived)
    # The first one also compiles.
    return statistics.median(took[1:])


def dock_ms(page: Page, url: str, module: str, title: str) -> tuple[float, float, int]:
    """Return the main thread's time per frame with a dock of a module's panels and without, and how many panels it has."""
    page.goto(f"{url}/view/generated?t=0")
    page.evaluate("window.synaptarium.ready")
    page.evaluate("window.synaptarium.select([70, 80])")
    page.locator("select.window").select_option("10")
    open_module(page, title)
    page.wait_for_timeout(2000)
    n_panels = page.locator(".dock .panel:visible").count()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.evaluate(
        "window.synaptarium.setLoop({t_start_us: 5e6, t_stop_us: 35e6}); window.synaptarium.setSpeed(1)"
    )
    page.evaluate("window.synaptarium.play()")
    page.wait_for_timeout(2000)
    found: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(ROUNDS):
        for shown in (True, False):
            toggle(page, title, shown)
            page.wait_for_timeout(1000)
            found[shown].append(frame_ms(page, session))
    return min(found[True]), min(found[False]), n_panels


def toggle(page: Page, title: str, shown: bool) -> None:
    """Open or close the module's tab, the only one."""
    box = page.locator(f".module-row input[aria-label='Tab of {title}']")
    if box.is_checked() != shown:
        page.locator(".module-picker summary", has_text="modules").click()
        box.set_checked(shown)
        page.locator(".module-picker summary", has_text="modules").click()


def frame_ms(page: Page, session: CDPSession) -> float:
    """Return the time for JavaScript, styles and layout per frame of a round."""

    def now() -> tuple[float, int]:
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        spent = metrics["ScriptDuration"] + metrics["LayoutDuration"] + metrics["RecalcStyleDuration"]
        return spent * 1000, page.evaluate("window.synaptarium.state().framesDrawn")

    spent, frames = now()
    page.wait_for_timeout(ROUND_MS)
    spent_after, frames_after = now()
    return (spent_after - spent) / max(1, frames_after - frames)


def open_module(page: Page, title: str) -> None:
    """Make a module the only tab."""
    page.locator(".module-picker summary", has_text="modules").click()
    others = page.locator(f".module-row input:checked:not([aria-label='Tab of {title}'])")
    while others.count():
        others.first.uncheck()
    page.locator(".module-row button", has_text=title).first.click()
