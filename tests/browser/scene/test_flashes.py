"""A sheet that fires, or swings, as one ten times a second and fills the view: at most three general flashes a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from synaptarium.adapters.arrays import ArraySource, arrays_source

pytestmark = pytest.mark.browser
Rest = Callable[..., dict[str, Any]]

SPAN_US, PERIOD_US, N = 5_000_000, 100_000, 2500
#: WCAG 2.3.1: a change of relative luminance by a tenth and back, over a quarter of the view (here of 64 parts).
SWING, QUARTER, MOST = 0.1, 16, 3
#: Relative luminance of 8 x 8 parts of each picture.
WATCHED = """(ms) => new Promise((done) => {
  const scene = window.synaptarium.scene();
  const { width, height } = scene.renderer.domElement;
  const linear = Array.from({ length: 256 }, (_, v) => (v <= 10.3 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  const start = performance.now();
  const frames = [];
  const watch = () => {
    const pixels = scene.readPixels(0, 0, width, height);
    const light = Array(64).fill(0), n = Array(64).fill(0);
    for (let y = 0; y < height; y += 4) for (let x = 0; x < width; x += 4) {
      const [i, part] = [4 * (y * width + x), 8 * Math.floor((8 * y) / height) + Math.floor((8 * x) / width)];
      light[part] += 0.2126 * linear[pixels[i]] + 0.7152 * linear[pixels[i + 1]] + 0.0722 * linear[pixels[i + 2]];
      n[part]++;
    }
    const now = performance.now() - start;
    frames.push([now, ...light.map((sum, part) => sum / n[part])]);
    if (now < ms) requestAnimationFrame(watch);
    else done(frames);
  };
  requestAnimationFrame(watch);
})"""


@pytest.fixture(scope="module")
def address(viewed: Callable[[ArraySource], str]) -> str:
    volleys = np.arange(PERIOD_US, SPAN_US, PERIOD_US)
    sampled = np.arange(0, SPAN_US, 10_000)
    swing = np.sin(2 * np.pi * sampled / PERIOD_US)[:, None].astype(np.float32)
    return viewed(
        arrays_source(
            "synchronous",
            bin_us=1000,
            t_stop_us=SPAN_US,
            layers=[{"name": "sheet", "neurons": N, "shape": (50, 50)}],
            spikes={"sheet": (np.repeat(volleys, N), np.tile(np.arange(N), len(volleys)))},
            potentials=[
                {
                    "layer": "sheet",
                    "variable": "v",
                    "unit": "mV",
                    "times": sampled,
                    "values": np.repeat(swing, N, axis=1),
                }
            ],
        )
    )


@pytest.mark.parametrize(
    ("shown", "raw"), [("colour=spikes", 0.1), ("colour=potential&variable=v&size=3", 0.3)]
)
def test_ten_volleys_a_second_flash_three_times_at_most(
    page: Page,
    address: str,
    rest: Rest,
    flashes: Callable[[Sequence[float], float], list[int]],
    shown: str,
    raw: float,
) -> None:
    page.set_viewport_size({"width": 420, "height": 480})
    page.goto(f"{address}?t=0&speed=1&{shown}&camera=95,0,0.01,0,0,0")
    page.evaluate("window.synaptarium.ready")
    for key in "bpg":
        page.keyboard.press(key)
    rest()
    page.evaluate("window.synaptarium.play()")
    frames = np.array(page.evaluate(WATCHED, 3000))
    legend = page.evaluate("window.synaptarium.state().scene")
    page.evaluate("window.synaptarium.pause()")

    times_ms, parts = frames[:, 0], frames[:, 1:].T
    print(
        f"{len(times_ms)} pictures, gain {legend['flash_gain']:.2f}, swings {np.ptp(parts, axis=1).max():.2f}"
    )
    assert len(times_ms) > 40  # two a period at least
    assert np.sum(np.ptp(parts, axis=1) > raw) >= QUARTER  # before it was held down
    assert legend["flash_gain"] < 0.7
    begun = [times_ms[flashes(part, SWING)] for part in parts]
    for start_ms in times_ms:
        too_often = sum(np.sum((one >= start_ms) & (one < start_ms + 1000)) > MOST for one in begun)
        assert too_often < QUARTER, (start_ms, [one.tolist() for one in begun])
