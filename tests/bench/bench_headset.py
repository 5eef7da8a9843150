"""JS milliseconds of a headset's frame, both eyes, at 100 k neurons and 10 k synapses with two boards; the way in.

Real parts: a server with its MongoDB, headless Chromium (software GL), and Meta's emulator of a headset. What is timed is
the page's own callback of each frame, everything that it does and draws included; the rasteriser's time is not JS. The
governor is off: everything is drawn. The peer is the same page at a desk, one picture instead of two.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from browsing import chromium
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1] / "browser" / "headset"))

from emulator import Headset, wear

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.app import serving
from synaptarium.server.config import Config
from synaptarium.server.library import Library, open_library
from synaptarium.store.importing import import_source

NAMES = (
    "headset.js_median",
    "headset.js_p95",
    "headset.js_to_desk",
    "headset.entering",
    "headset.draw_calls",
)

SECONDS, SPIKES, SYNAPSES = 10, 3_000_000, 40_000
#: Every callback of a frame is timed, the page's and the headset's.
TIMED = """
window.frame_ms = [];
window.worn_ms = [];
const timed = (run, into = window.frame_ms) => (now, frame) => { const start = performance.now(); run(now, frame); into.push(performance.now() - start); };
const page = window.requestAnimationFrame.bind(window);
window.time_frames = () => {
  const worn = XRSession.prototype.requestAnimationFrame;
  XRSession.prototype.requestAnimationFrame = function (run) { return worn.call(this, timed(run, window.worn_ms)); };
};
window.requestAnimationFrame = (run) => page(timed(run));
localStorage.setItem('synaptarium.xr', JSON.stringify({ governed: false }));
"""

#: Who watches points at nothing: hands that hang down.
LOWERED = """for (const side of ['left', 'right']) headset.controllers[side].quaternion.set(-Math.SQRT1_2, 0, 0, Math.SQRT1_2);"""


def rows() -> Iterator[dict[str, Any]]:
    """Yield the frame's median and 95th percentile, the way in, and the draw calls."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-headset-") as folder,
        open_library(Path(folder), purpose="serve") as library,
        serving(library, Config(port=0)) as (app, server),
        chromium() as browser,
    ):
        recording = _recording(library)
        context = browser.new_context(viewport={"width": 640, "height": 320})
        context.add_init_script(TIMED)
        wear(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(app.url(server.port, f"/view/{recording}?t=1&speed=0.1"))
        page.evaluate("window.synaptarium.ready")
        page.evaluate("synaptarium.setView({ synapses: 10000 }); synaptarium.play()")
        page.wait_for_timeout(6000)
        at_desk = [ms for ms in _frames(page, "frame_ms") if ms > 0.3]  # the page's other loops take less
        page.evaluate("window.time_frames()")
        headset = Headset(page)
        headset.enter()
        entered_ms = headset.state()["entered_ms"]
        for board in ("general", "raster"):
            headset.menu(f"board {board}")
        headset.rest()
        page.evaluate(LOWERED)
        page.evaluate("synaptarium.select([1234])")
        page.wait_for_timeout(3000)
        worn = _frames(page, "worn_ms")
        calls = headset.room()["draw_calls"]
    yield {
        "name": "headset.js_median",
        "value": float(np.median(worn)),
        "unit": "ms/frame",
        "goal": "<= 3",
    }
    yield {
        "name": "headset.js_p95",
        "value": float(np.quantile(worn, 0.95)),
        "unit": "ms/frame",
        "goal": "<= 11",
    }
    yield {
        "name": "headset.js_to_desk",
        "value": float(np.median(worn)),
        "unit": "ms/frame",
        "reference": "the same page at a desk: one picture, no boards",
        "reference_value": float(np.median(at_desk)),
    }
    yield {"name": "headset.entering", "value": entered_ms, "unit": "ms", "goal": "<= 1000"}
    yield {"name": "headset.draw_calls", "value": calls, "unit": "calls, both eyes", "goal": "<= 20"}


def _recording(library: Library) -> str:
    random = np.random.default_rng(4)
    stop_us = SECONDS * 1_000_000
    layers = [("input", 62_500, (250, 250)), ("hidden", 37_500, (150, 250))]
    spikes = {
        name: (
            np.sort(random.integers(0, stop_us // 1000, SPIKES // 2)) * 1000,
            random.integers(0, n, SPIKES // 2),
        )
        for name, n, _ in layers
    }
    source = arrays_source(
        "headset",
        bin_us=1000,
        t_stop_us=stop_us,
        layers=[{"name": name, "neurons": n, "shape": shape} for name, n, shape in layers],
        projections=[
            {
                "name": "input/hidden",
                "source": "input",
                "target": "hidden",
                "pre": random.integers(0, 62_500, SYNAPSES),
                "post": random.integers(0, 37_500, SYNAPSES),
            }
        ],
        spikes=spikes,
        weights={
            "input/hidden": (
                np.zeros(SYNAPSES, np.int64),
                random.normal(0, 1, SYNAPSES).astype(np.float32),
                np.arange(SYNAPSES),
            )
        },
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return id


def _frames(page: Page, kept: str, n: int = 150) -> list[float]:
    """Return what so many callbacks took."""
    page.evaluate(f"window.{kept}.length = 0")
    for _ in range(600):
        page.wait_for_timeout(200)
        if page.evaluate(f"window.{kept}.length") >= n:
            break
    return [float(ms) for ms in page.evaluate(f"window.{kept}")]
