"""Memory stays flat in a headset: four seconds here, minutes in `make soak`."""

from __future__ import annotations

import os
from typing import NamedTuple

import pytest
from playwright.sync_api import CDPSession

from .emulator import Headset

pytestmark = pytest.mark.browser

SECONDS = float(os.environ.get("SYNAPTARIUM_SOAK_SECONDS", "4"))
SAMPLES = 5
#: Chunks and codes are loaded, compiled and kept in the first seconds.
WARM_UP_S = 30
MOST_GROWTH_BYTES = 1.5e6


class Sample(NamedTuple):
    """What the page holds after a garbage collection."""

    heap_bytes: float
    textures: int
    geometries: int


def sample(headset: Headset, inspector: CDPSession) -> Sample:
    inspector.send("HeapProfiler.collectGarbage")
    metrics = {entry["name"]: entry["value"] for entry in inspector.send("Performance.getMetrics")["metrics"]}
    memory = headset.page.evaluate("synaptarium.state().scene")
    return Sample(metrics["JSHeapUsedSize"], memory["textures"], memory["geometries"])


def test_nothing_piles_up_while_it_plays(still: Headset) -> None:
    page = still.page
    inspector = page.context.new_cdp_session(page)
    inspector.send("Performance.enable")
    for board in ("general", "raster"):
        still.menu(f"board {board}")
    page.evaluate("synaptarium.setLoop({ t_start_us: 2e6, t_stop_us: 4e6 }); synaptarium.play()")
    page.wait_for_timeout(1000 * min(WARM_UP_S, SECONDS / 4))

    samples = [sample(still, inspector)]
    for _ in range(SAMPLES - 1):
        page.wait_for_timeout(1000 * SECONDS / (SAMPLES - 1))
        samples.append(sample(still, inspector))
    page.evaluate("synaptarium.pause(); synaptarium.setLoop(null)")
    for board in ("general", "raster"):
        still.menu(f"board {board}")

    print(
        f"\n{SECONDS:.0f} s in a headset: heap "
        + ", ".join(f"{one.heap_bytes / 1e6:.2f}" for one in samples)
        + f" MB, {samples[-1].textures} textures, {samples[-1].geometries} geometries"
    )
    assert samples[-1].heap_bytes - samples[0].heap_bytes < MOST_GROWTH_BYTES, samples
    assert samples[-1][1:] == samples[0][1:]
