"""JS milliseconds per frame of the scene up to 5.3 M neurons and 1 M synapses, against naive scenes in the same run.

Headless Chromium with software GL: what the GPU takes is waited for outside of the timed part, so the figures are those
of the main thread. 2 % of the neurons spike in each frame; one synapse in a hundred changes. Both scenes have drawn
a small network for a few seconds before they are timed, as a page has that is watched: their code is compiled by then.
Where they are held against each other each does its work for all neurons or synapses and draws one: all of them would take
a rasteriser in software half a second a frame (ours) or minutes (naive). ``scene.js_1m_drawn`` and its like draw all.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

sys.path.insert(0, str(Path(__file__).parent / "scene"))

from browsing import chromium
from pages import build, lay_out, served

NAMES = (
    "scene.js_10k",
    "scene.js_100k",
    "scene.js_1m",
    "scene.js_1m_drawn",
    "scene.js_1m_drawn_p95",
    "scene.js_1m_side_by_side",
    "scene.js_1m_side_by_side_of_one",
    "scene.js_5m",
    "scene.upload_1m",
    "scene.upload_per_spike_1m",
    "scene.draw_calls_1m",
    "scene.pick_1m",
    "scene.pick_latency_1m",
    "scene.js_100k_synapses",
    "scene.js_100k_synapses_drawn",
    "scene.js_1m_synapses",
    "scene.js_1m_synapses_drawn",
)

# name, layers, frames of the scene, frames of the reference
SIZES = (
    ("10k", (("input", (80, 80)), ("hidden", (3600,))), 300, 60),
    ("100k", (("input", (250, 250)), ("hidden", (37_500,))), 300, 30),
    ("1m", (("input", (800, 800)), ("hidden", (360_000,))), 300, 20),
    ("5m", (("input", (1600, 1600)), ("hidden", (2_740_000,))), 60, 10),
)
# At 10 k and 100 k both are well inside a frame: what is left is the fixed price of a picture.
GOALS = {"1m": "<= 0.05", "5m": "<= 0.05"}
WARM_UP = ("10k", 300)
DENSITY = 0.02
# name, neurons of both layers, part of their pairs that is connected, frames, goal in ms
SYNAPSES = (
    ("100k_synapses", 1000, 0.1, 300, "<= 3"),
    ("1m_synapses", 1000, 1.0, 100, ""),
)


def rows() -> Iterator[dict[str, Any]]:
    """Yield the time of a frame by size, draw calls, picking, and frames in which weights change."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        with served(folder) as address, chromium("--enable-unsafe-swiftshader") as browser:
            for size, shapes, frames, reference_frames in SIZES:
                neurons = lay_out(folder, size, shapes, density=DENSITY)
                wanted = [("oneDrawn", *WARM_UP), ("oneDrawn", size, frames)]
                wanted += [("naive", *WARM_UP), ("naive", size, reference_frames)]
                _, ours, _, naive = run(browser, address, wanted)
                yield {
                    "name": f"scene.js_{size}",
                    "value": ours["median_ms"],
                    "unit": "ms/frame",
                    "reference": f"InstancedMesh, setColorAt for all; {ours['spikes']:.0f} spikes a frame",
                    "reference_value": naive["median_ms"],
                    "goal": GOALS.get(size, ""),
                }
                if size == "1m":
                    yield from million(browser, address, neurons)
                    yield from looking(browser, address, folder)
            yield from learning(browser, address, folder)


def million(browser: Browser, address: str, neurons: int) -> Iterator[dict[str, Any]]:
    """Yield a frame of a million neurons, all drawn, and of two such pictures beside each other; the bytes sent."""
    _, drawn, two = run(browser, address, [("scene", *WARM_UP), ("scene", "1m", 30), ("beside", "1m", 30)])
    for name, key in (("scene.js_1m_drawn", "median_ms"), ("scene.js_1m_drawn_p95", "p95_ms")):
        yield {"name": name, "value": drawn[key], "unit": "ms/frame", "goal": "<= 3"}
    row = {"value": two["median_ms"], "unit": "ms/frame"}
    yield row | {"name": "scene.js_1m_side_by_side", "goal": "<= 3"}
    yield row | {
        "name": "scene.js_1m_side_by_side_of_one",
        "reference": "one picture",
        "reference_value": drawn["median_ms"],
    }
    yield {
        "name": "scene.upload_1m",
        "value": 4 * drawn["spikes"],
        "unit": "bytes/frame",
        "reference": "three floats for each neuron",
        "reference_value": 12.0 * neurons,
        "goal": "<= 0.02",
    }
    (sent,) = run(browser, address, [("uploads", "1m", 20)])
    yield {
        "name": "scene.upload_per_spike_1m",
        "value": sent["bytes"] / sent["spikes"],
        "unit": "bytes/spike",
        "goal": "<= 6",
    }


def looking(browser: Browser, address: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield draw calls and picking at a million neurons, with synapses and a selection."""
    shapes = (("input", (800, 800)), ("hidden", (360_000,)))
    lay_out(folder, "connected", shapes, density=DENSITY, connect=1e-6)
    calls, picked = run(browser, address, [("calls", "connected", 0), ("picking", "connected", 40)])
    most = max(calls, key=calls.__getitem__)
    yield {
        "name": "scene.draw_calls_1m",
        "value": calls[most],
        "unit": "calls",
        "reference": f"colour mode {most}, the most of {len(calls)} modes",
        "goal": "<= 12",
    }
    yield {"name": "scene.pick_1m", "value": picked["js_ms"], "unit": "ms", "goal": "<= 5"}
    yield {
        "name": "scene.pick_latency_1m",
        "value": picked["latency_ms"],
        "unit": "ms",
        "reference": f"{picked['hits']} of 40 places held a neuron",
    }


def learning(browser: Browser, address: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield frames in which one in a hundred of the drawn synapses' weights has changed."""
    few = ("10k_synapses", WARM_UP[1])
    lay_out(folder, few[0], (("source", (100,)), ("target", (100,))), density=DENSITY, connect=1.0)
    for name, neurons, connect, frames, goal in SYNAPSES:
        shapes = (("source", (neurons,)), ("target", (neurons,)))
        lay_out(folder, name, shapes, density=DENSITY, connect=connect)
        wanted = [("learning", *few), ("learning", name, frames), ("learningDrawn", name, 30)]
        wanted += [("naiveLearning", *few), ("naiveLearning", name, frames)]
        _, ours, drawn, _, naive = run(browser, address, wanted)
        yield {
            "name": f"scene.js_{name}",
            "value": ours["median_ms"],
            "unit": "ms/frame",
            "reference": f"vertex colours of all lines; {ours['spikes']:,.0f} synapses drawn",
            "reference_value": naive["median_ms"],
        }
        row = {"name": f"scene.js_{name}_drawn", "value": drawn["median_ms"], "unit": "ms/frame"}
        yield row | {"goal": goal}


def run(browser: Browser, address: str, wanted: list[tuple[str, str, int]]) -> list[dict[str, Any]]:
    """Return what functions of the page find, in one page."""
    page = browser.new_page(viewport={"width": 960, "height": 540})
    page.set_default_timeout(240_000)
    page.goto(f"{address}/bench.html")
    page.wait_for_function("window.bench !== undefined")
    found = [
        page.evaluate("([what, name, n]) => bench[what](name, n)", list(arguments)) for arguments in wanted
    ]
    page.close()
    return found
