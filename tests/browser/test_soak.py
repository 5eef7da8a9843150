"""Memory stays flat while a recording plays in a loop: one minute here, ten in `make soak`.

The recording is larger than what the page keeps, so that every round fetches, decodes and drops chunks again.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest
from playwright.sync_api import CDPSession, Page, sync_playwright

from synaptarium.adapters.archive import save
from synaptarium.adapters.arrays import arrays_source

SECONDS = float(os.environ.get("SYNAPTARIUM_SOAK_SECONDS", "60"))
SAMPLES = 30
SPAN_S = 12.0
SPEED = 2.0  # times as fast as recorded: a loop takes six seconds
MB = 1e6
# What may be added from the second third to the last one; a leak of a kilobyte a frame adds 1.2 MB in twenty seconds.
SERVER_GROWTH_MB = 8.0
HEAP_GROWTH_MB = 3.0
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-precise-memory-info",
]


@dataclass(frozen=True)
class Sample:
    """What server and page hold at one moment, after a garbage collection in the page."""

    server_mb: float
    heap_mb: float
    time_us: float
    frames_drawn: int


def synaptarium(*arguments: str, data: Path) -> None:
    """Run one command of the command line."""
    command = [sys.executable, "-m", "synaptarium.server.cli", *arguments]
    done = subprocess.run(
        command, env=os.environ | {"SYNAPTARIUM_DATA": str(data)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def sample(page: Page, devtools: CDPSession, server: psutil.Process) -> Sample:
    """Measure once."""
    devtools.send("HeapProfiler.collectGarbage")
    metrics = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
    state = page.evaluate("window.synaptarium.state()")
    assert state["status"] in ("playing", "buffering"), state["status"]
    return Sample(
        server.memory_info().rss / MB, metrics["JSHeapUsedSize"] / MB, state["t_us"], state["framesDrawn"]
    )


@pytest.mark.browser
def test_memory_stays_flat_while_a_recording_loops(
    data_folder: Path,
    tmp_path: Path,
    chromium: str,
    server_process: Callable[[Path], AbstractContextManager[tuple[str, psutil.Process]]],
) -> None:
    # 1,500 neurons at 20 Hz and 20,000 weights of which a tenth changes every 100 ms
    random = np.random.default_rng(1)
    sizes = {"input": 500, "output": 1000}
    spikes = {
        name: (random.uniform(0, SPAN_S, n := int(20 * SPAN_S * size)), random.integers(0, size, n))
        for name, size in sizes.items()
    }
    changes = np.arange(0.0, SPAN_S, 0.1)
    source = arrays_source(
        "soak",
        time_unit="s",
        bin_us=1000,
        layers=[{"name": name, "neurons": size} for name, size in sizes.items()],
        spikes=spikes,
        projections=[
            {
                "source": "input",
                "target": "output",
                "pre": np.arange(20_000) % 500,
                "post": np.arange(20_000) % 1000,
            }
        ],
        weights={
            "input -> output": {
                "times": np.repeat(changes, 2000),
                "synapses": np.concatenate([random.permutation(20_000)[:2000] for _ in changes]),
                "values": random.normal(size=2000 * len(changes)),
            }
        },
    )
    synaptarium("import", str(save(source, tmp_path / "soak")), "--name", "soak", data=data_folder)
    synaptarium("precompute", "soak", "--engine", "local", data=data_folder)

    samples: list[Sample] = []
    with server_process(data_folder) as (address, server), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 640, "height": 400})
        page.goto(f"{address}/view/soak?t=0&speed={SPEED}")
        page.evaluate("window.synaptarium.ready")
        page.evaluate(
            "span => window.synaptarium.setLoop(span)", {"t_start_us": 0, "t_stop_us": int(SPAN_S * 1e6)}
        )
        page.evaluate("window.synaptarium.play()")
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable")
        for _ in range(SAMPLES):
            page.wait_for_timeout(SECONDS * 1000 / SAMPLES)
            samples.append(sample(page, devtools, server))
        browser.close()

    third = SAMPLES // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    server_growth = median([one.server_mb for one in last]) - median([one.server_mb for one in middle])
    heap_growth = median([one.heap_mb for one in last]) - median([one.heap_mb for one in middle])
    rounds = sum(after.time_us < before.time_us for before, after in itertools.pairwise(samples))
    print(
        f"\n{SECONDS:.0f} s of looping, {samples[-1].frames_drawn} frames drawn: server {samples[-1].server_mb:.0f} MB "
        f"({server_growth:+.1f}), page heap {samples[-1].heap_mb:.1f} MB ({heap_growth:+.1f})"
    )
    assert rounds >= 2, "the recording did not loop"
    assert samples[-1].frames_drawn > samples[0].frames_drawn
    assert server_growth < SERVER_GROWTH_MB, [round(one.server_mb, 1) for one in samples]
    assert heap_growth < HEAP_GROWTH_MB, [round(one.heap_mb, 1) for one in samples]


def median(values: list[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)
