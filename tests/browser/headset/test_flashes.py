"""A network that fires as one, five times a second and filling the view, flashes no more than three times a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.library import Library
from synaptarium.store.importing import import_source

from .emulator import Headset

pytestmark = pytest.mark.browser

SPAN_US, PERIOD_US, N = 8_000_000, 200_000, 2500
#: A flash changes the luminance of a quarter of the view (of 64 parts) and back, at most three times in a second. WCAG 2.3.1
#: asks it of changes by a tenth; the limiter counts whole sheets as lit, so what is seen keeps to it from a fiftieth on.
SWING, QUARTER, MOST = 0.02, 16, 3
#: What the left eye sees: relative luminance of 8 x 8 parts of its picture after each frame.
WATCHED = """(ms) => new Promise((done) => {
  const canvas = synaptarium.scene().stage.renderer.domElement;
  const pen = Object.assign(document.createElement('canvas'), { width: 32, height: 32 }).getContext('2d', { willReadFrequently: true });
  const linear = (value) => (value <= 10.3 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const start = performance.now();
  const frames = [];
  const watch = () => {
    pen.drawImage(canvas, 0, 0, canvas.width / 2, canvas.height, 0, 0, 32, 32);
    const { data } = pen.getImageData(0, 0, 32, 32);
    const light = Array(64).fill(0);
    for (let i = 0; i < 1024; i++) {
      const [red, green, blue] = data.subarray(4 * i, 4 * i + 3).map(Number);
      light[(i >> 7) * 8 + ((i & 31) >> 2)] += (0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)) / 16;
    }
    const now = performance.now() - start;
    frames.push([now, ...light]);
    if (now < ms) headset.activeSession.requestAnimationFrame(watch);
    else done(frames);
  };
  headset.activeSession.requestAnimationFrame(watch);
})"""

#: The sheet upright before the eyes, nearer than it is wide.
FACED = """(() => {
  const { stage } = synaptarium.scene();
  const box = stage.bounds();
  const size = box.max.clone().sub(box.min);
  const middle = box.max.clone().add(box.min).multiplyScalar(0.5);
  const thin = ['x', 'y', 'z'].reduce((a, b) => (size[a] < size[b] ? a : b));
  const normal = middle.clone().set(0, 0, 0);
  normal[thin] = 1;
  stage.network.quaternion.setFromUnitVectors(normal, normal.clone().set(0, 0, 1));
  stage.network.scale.setScalar(2 / Math.max(size.x, size.y, size.z));
  stage.network.position.set(0, 1.6, -0.8).sub(middle.multiplyScalar(stage.network.scale.x).applyQuaternion(stage.network.quaternion));
})()"""


@pytest.fixture
def inside(headset: Headset, shelf: tuple[str, Library]) -> Iterator[Headset]:
    """Somebody in a headset close before a sheet that fires as one."""
    url, library = shelf
    times = np.repeat(np.arange(PERIOD_US, SPAN_US, PERIOD_US), N)
    source = arrays_source(
        "synchronous",
        bin_us=1000,
        t_stop_us=SPAN_US,
        layers=[{"name": "sheet", "neurons": N, "shape": (50, 50)}],
        spikes={"sheet": (times, np.tile(np.arange(N), SPAN_US // PERIOD_US - 1))},
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    if headset.state()["inside"]:
        headset.leave()
    headset.page.goto(f"{url}/view/{id}?t=0&speed=1")
    headset.page.evaluate("window.synaptarium.ready")
    headset.enter()
    headset.rest()
    headset.page.evaluate(FACED)
    yield headset
    headset.leave()
    headset.open()


def test_light_that_fills_the_view_flashes_three_times_a_second_at_most(
    inside: Headset, flashes: Callable[[Sequence[float], float], list[int]]
) -> None:
    inside.page.evaluate("synaptarium.seek(0); synaptarium.play()")
    frames = np.array(inside.page.evaluate(WATCHED, 5000))
    gain = inside.page.evaluate("synaptarium.state().scene.flash_gain")
    legend = inside.page.evaluate("synaptarium.scene().stage.legendLines().join()")
    inside.page.evaluate("synaptarium.pause()")

    times_ms, parts = frames[:, 0], frames[:, 1:].T
    # It is dark between two volleys, and bright in a good part of the view while one fades.
    print(f"{len(times_ms)} frames, gain {gain:.2f}, swings {np.sort(np.ptp(parts, axis=1))[::8].round(2)}")
    assert np.sum(np.ptp(parts, axis=1) > SWING) >= QUARTER
    assert gain < 0.7
    assert "flash" in legend.lower()
    begun = [times_ms[flashes(part, SWING)] for part in parts]
    for start_ms in times_ms:
        too_often = sum(np.sum((one >= start_ms) & (one < start_ms + 1000)) > MOST for one in begun)
        assert too_often < QUARTER, (start_ms, [one.tolist() for one in begun])
