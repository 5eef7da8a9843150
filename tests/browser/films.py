"""A recording whose every moment is another picture, and the pictures of a film and of the screen to compare."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.arrays import arrays_source

SIDE, STEP_US, STEPS = 12, 100_000, 12
CELL_PX = 8
FPS = 25

#: Mean colours of squares, row after row from the top: what coding leaves of single pixels is no matter.
CELLS = """const cells = (data, width, height, side, up) => {
  const [columns, rows] = [Math.floor(width / side), Math.floor(height / side)];
  const sums = new Float64Array(columns * rows * 3);
  for (let y = 0; y < rows * side; y++) {
    for (let x = 0; x < columns * side; x++) {
      const from = 4 * ((up ? height - 1 - y : y) * width + x);
      const to = 3 * (Math.floor(y / side) * columns + Math.floor(x / side));
      for (let c = 0; c < 3; c++) sums[to + c] += data[from + c] / (side * side);
    }
  }
  return [...sums];
};"""

DECODE = (
    """async ([bytes, kind, times, fps, side]) => {"""
    + CELLS
    + """
  const video = document.createElement('video');
  video.muted = true;
  video.src = `data:${kind};base64,${bytes}`;
  await new Promise((done, failed) => { video.onloadeddata = done; video.onerror = () => failed(new Error(video.error.message)); });
  const canvas = document.createElement('canvas');
  const [width, height] = [video.videoWidth, video.videoHeight];
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const frames = [];
  for (const time of times) {
    // That it has sought does not say that the frame is there.
    await new Promise((done) => {
      const look = (_, { mediaTime }) => (mediaTime <= time && time < mediaTime + 1 / fps ? done() : video.requestVideoFrameCallback(look));
      video.requestVideoFrameCallback(look);
      video.currentTime = time;
    });
    context.drawImage(video, 0, 0);
    frames.push(cells(context.getImageData(0, 0, width, height).data, width, height, side, false));
  }
  return { frames, width, height, duration: video.duration };
}"""
)

#: The same of what is on the screen at a time.
SCREEN = (
    """async ([t_us, side]) => {"""
    + CELLS
    + """
  const { synaptarium } = window;
  synaptarium.seek(t_us);
  for (let i = 0; i < 200 && !synaptarium.state().frameLoaded; i++) await new Promise((next) => setTimeout(next, 20));
  for (let i = 0; i < 5; i++) await new Promise((next) => requestAnimationFrame(next));
  const [width, height] = synaptarium.state().scene.size;
  return cells(synaptarium.scene().readPixels(0, 0, width, height), width, height, side, true);
}"""
)


def decoded(browser: Browser, film: bytes, kind: str, times: list[float]) -> dict[str, Any]:
    """Decode frames of a film, by their middles, in a page of its own whose policy lets it play; as mean colours of cells."""
    page = browser.new_page()
    found = page.evaluate(DECODE, [base64.b64encode(film).decode(), kind, times, FPS, CELL_PX])
    page.close()
    return found | {"frames": [np.asarray(frame) for frame in found["frames"]]}


def screen(page: Page, t_us: int) -> np.ndarray:
    return np.asarray(page.evaluate(SCREEN, [t_us, CELL_PX]))


def columns_source() -> ArraySource:
    """A column of neurons after the other spikes, a tenth of a second apart."""
    columns = np.repeat(np.arange(SIDE), SIDE)
    neurons = np.tile(np.arange(SIDE), SIDE) * SIDE + columns
    return arrays_source(
        "columns",
        bin_us=1000,
        layers=[{"name": "sheet", "neurons": SIDE * SIDE, "shape": (SIDE, SIDE)}],
        spikes={"sheet": (columns * STEP_US, neurons)},
        t_stop_us=STEPS * STEP_US,
    )
