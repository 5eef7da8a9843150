"""JS milliseconds per frame of the scene at 10 k, 100 k and 1 M neurons, against per-instance colours in the same run.

Headless Chromium with software GL: what the GPU takes is waited for outside of the timed part, so the figures are those
of the main thread. 1.5 % of the neurons spike in each frame.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "scene"))

from pages import build, chromium, lay_out, served

NAMES = ("scene.js_10k", "scene.js_100k", "scene.js_1m", "scene.js_1m_p95", "scene.upload_1m")

# name, layers, frames of the scene, frames of the reference
SIZES = (
    ("10k", (("input", (80, 80)), ("hidden", (3600,))), 120, 60),
    ("100k", (("input", (250, 250)), ("hidden", (37_500,))), 60, 30),
    ("1m", (("input", (800, 800)), ("hidden", (360_000,))), 30, 20),
)
# At 10 k and 100 k both are well inside a frame: what is left is the fixed price of a draw call.
GOALS = {"1m": "<= 0.15"}
DENSITY = 0.015


def rows() -> Iterator[dict[str, Any]]:
    """Yield one row per size, and the slow end at a million."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        with served(folder) as address, chromium() as browser:
            for size, shapes, frames, reference_frames in SIZES:
                neurons = lay_out(folder, size, shapes, density=DENSITY)
                page = browser.new_page(viewport={"width": 960, "height": 540})
                page.set_default_timeout(240_000)
                page.goto(f"{address}/bench.html")
                page.wait_for_function("window.bench !== undefined")
                ours = page.evaluate("([name, n]) => bench.scene(name, n)", [size, frames])
                naive = page.evaluate("([name, n]) => bench.naive(name, n)", [size, reference_frames])
                page.close()
                yield {
                    "name": f"scene.js_{size}",
                    "value": ours["median_ms"],
                    "unit": "ms/frame",
                    "reference": f"InstancedMesh, setColorAt for all; {ours['spikes']:.0f} spikes a frame",
                    "reference_value": naive["median_ms"],
                    "goal": GOALS.get(size, ""),
                }
                if size == "1m":
                    yield {
                        "name": "scene.js_1m_p95",
                        "value": ours["p95_ms"],
                        "unit": "ms/frame",
                        "goal": "<= 4",
                    }
                    yield {
                        "name": "scene.upload_1m",
                        "value": 4 * ours["spikes"],
                        "unit": "bytes/frame",
                        "reference": "three floats for each neuron",
                        "reference_value": 12.0 * neurons,
                        "goal": "<= 0.02",
                    }
