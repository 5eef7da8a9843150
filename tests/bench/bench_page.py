"""How soon the page shows what is asked for: the first moving frame, a million neurons, a place not yet loaded.

Real parts: a server process with its MongoDB, and headless Chromium (software GL). The recording has the size of the
demo. The limit beside a seek is the same page fetching the bytes that the seek needs and doing nothing with them.
"""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from browsing import chromium, served

NAMES = (
    "page.first_moving_frame",
    "page.cold_seek_p50",
    "page.cold_seek_p95",
    "page.ready_1m",
    "page.cold_seek_of_fetch",
)

#: As large as the demo, with many weight changes.
DEMO = [
    "--layers", "input:8x8,hidden:20x20,deep:10x10", "--spikes", "1000000", "--seconds", "45",
    "--weights", "2000000", "--fan-in", "80", "--stimuli", "300",
]  # fmt: skip
OPENINGS = 10
#: A million neurons, 2 % of which spike in each frame.
MILLION = ["--name", "million", "--layers", "wide:1000x1000", "--spikes", "3000000", "--seconds", "0.15"]
MILLION_OPENINGS = 5
FADING_MS = 600
#: Places (s) that nothing loads before they are asked for: the stream runs ahead from the start, and each
#: seek fetches what lies two seconds ahead of it.
PLACES_S = (34.0, 23.0)

SEEK = """async place_us => {
  const start = performance.now();
  window.synaptarium.seek(place_us);
  if (window.synaptarium.spikesNow() !== null) return null;
  while (window.synaptarium.spikesNow() === null) await new Promise((next) => setTimeout(next, 1));
  return performance.now() - start;
}"""
FETCH = """async place_us => {
  const at = '/api/recordings/generated';
  const manifest = await (await fetch(`${at}/manifest`)).json();
  const names = [];
  for (const grid of manifest.grids) {
    const kind = manifest.streams.find((stream) => stream.stream === grid.stream).kind;
    if (grid.level !== 0 || (kind !== 'spikes' && kind !== 'values')) continue;
    const chunk = Math.floor(place_us / manifest.bin_us / 2 ** grid.k);
    for (const tile of grid.tiles) names.push(`${at}/builds/${manifest.build}/chunks/${grid.stream}/0/${tile}/${chunk}`);
  }
  const start = performance.now();
  await Promise.all(names.map(async (name) => (await fetch(name, {cache: 'no-store'})).arrayBuffer()));
  return performance.now() - start;
}"""
MOVING = """async () => {
  await window.synaptarium.ready;
  const first = window.synaptarium.state().framesDrawn;
  window.synaptarium.play();
  while (window.synaptarium.state().framesDrawn < first + 2 || window.synaptarium.state().spikesInLastFrame === 0) {
    await new Promise((next) => setTimeout(next, 5));
  }
  return performance.now();
}"""
# From the manifest's last byte to the first picture; of a million neurons, 12 MB of places come after it.
READY = """async () => {
  await window.synaptarium.ready;
  while (window.synaptarium.state().framesDrawn === 0) await new Promise((next) => setTimeout(next, 1));
  const drawn = performance.now();
  const [manifest] = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/manifest'));
  return (drawn - manifest.responseEnd) / 1000;
}"""


def rows() -> Iterator[dict[str, Any]]:
    """Yield the first moving frame (s since the navigation) and cold seeks (ms)."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-page-") as folder,
        served(Path(folder), [DEMO, MILLION]) as url,
        chromium() as browser,
    ):
        moving, seeks, bare = [], [], []
        for opening in range(OPENINGS):
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(f"{url}/view/generated?t=0")
            moving.append(page.evaluate(MOVING) / 1000)
            page.evaluate("window.synaptarium.pause()")
            # Software GL draws the glow that fades after a pause on the cores that the seek needs.
            page.wait_for_timeout(FADING_MS)
            for place_s in PLACES_S:
                took_ms = page.evaluate(SEEK, (place_s + 0.1 * opening) * 1e6)
                assert took_ms is not None, f"{place_s} s was loaded already: this is no cold seek"
                seeks.append(took_ms)
                page.wait_for_timeout(FADING_MS)
                bare.append(page.evaluate(FETCH, place_s * 1e6))
            page.close()
        million = []
        for _ in range(MILLION_OPENINGS):
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(f"{url}/view/million?t=0")
            million.append(page.evaluate(READY))
            page.close()
    yield {
        "name": "page.first_moving_frame",
        "value": statistics.median(moving),
        "unit": "s",
        "goal": "<= 2",
    }
    yield {"name": "page.cold_seek_p50", "value": statistics.median(seeks), "unit": "ms", "goal": "<= 100"}
    yield {
        "name": "page.cold_seek_p95",
        "value": sorted(seeks)[math.ceil(0.95 * len(seeks)) - 1],
        "unit": "ms",
        "goal": "<= 100",
    }
    yield {
        "name": "page.ready_1m",
        "value": statistics.median(million),
        "unit": "s",
        "goal": "<= 3",
    }
    yield {
        "name": "page.cold_seek_of_fetch",
        "value": statistics.median(seeks),
        "unit": "ms",
        "reference": "fetching the chunks of that moment over HTTP and dropping them",
        "reference_value": statistics.median(bare),
    }
