"""The small picture of a recording on the home page: its layers as sheets, and its activity as a curve."""

from __future__ import annotations

from xml.sax.saxutils import escape

import numpy as np

from synaptarium.modules.reader import RecordingReader
from synaptarium.scenes.layout import Frame, sheets
from synaptarium.schemas.errors import BuildNotFound
from synaptarium.schemas.recording import Recording
from synaptarium.server.stream.hub import read_manifest
from synaptarium.store.database import Store

WIDTH, HEIGHT, CURVE = 320, 180, 44
#: Quiet hues for layers, in their order; the page has the same.
HUES = ("#7fb2e5", "#e5a97f", "#8fcf9f", "#c59be0", "#e0d27f", "#7fd0d0")
COLOURS = {"dark": ("#0b0e14", "#9aa4b8"), "light": ("#f4f6fa", "#5a6478")}
MOST_SHEETS = 24


def picture_of(store: Store, recording: Recording, *, theme: str = "dark") -> str:
    """Return an SVG of a recording; the curve is missing before it was precomputed."""
    room, line = COLOURS[theme]
    layout = sheets(recording.header.layers[:MOST_SHEETS])
    parts = [
        _sheet(frame, layout.bounds, HUES[place % len(HUES)]) for place, frame in enumerate(layout.frames)
    ]
    parts.append(_curve(store, recording, line))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(recording.header.name)}</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{room}"/>{"".join(parts)}</svg>'
    )


def _sheet(frame: Frame, bounds: tuple[tuple[float, ...], tuple[float, ...]], hue: str) -> str:
    low, high = np.asarray(frame.bounds)
    (x0, y0, z0), (x1, y1, z1) = low, high
    x = (x0 + x1) / 2
    corners = np.array([(x, y0, z0), (x, y1, z0), (x, y1, z1), (x, y0, z1)])
    points = _project(corners, np.asarray(bounds))
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    return f'<polygon points="{path}" fill="{hue}" fill-opacity="0.22" stroke="{hue}" stroke-width="1"/>'


def _project(points: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Look at the sheets from the front left, a little above, as the home view does; fitted into the picture."""

    def flat(xyz: np.ndarray) -> np.ndarray:
        return np.stack(
            [xyz[:, 0] * 0.83 + xyz[:, 2] * 0.55, -xyz[:, 1] + xyz[:, 0] * 0.1 - xyz[:, 2] * 0.2], axis=1
        )

    corners = np.array(
        [[bounds[a, 0], bounds[b, 1], bounds[c, 2]] for a in (0, 1) for b in (0, 1) for c in (0, 1)]
    )
    box = flat(corners)
    low, high = box.min(axis=0), box.max(axis=0)
    room = np.array([WIDTH - 40, HEIGHT - CURVE - 36])
    scale = float((room / np.maximum(high - low, 1e-9)).min())
    middle = np.array([WIDTH / 2, (HEIGHT - CURVE) / 2])
    return (flat(points) - (low + high) / 2) * scale + middle


def _curve(store: Store, recording: Recording, colour: str) -> str:
    try:
        manifest = read_manifest(store, recording)
    except BuildNotFound:
        return ""
    names = [layer.name for layer in recording.header.layers]
    reader = RecordingReader(store, recording, manifest)
    series = reader.series("spikes.series", names, manifest.t_start_us, manifest.t_stop_us, points=1200)
    total = np.sum(list(series.total.values()), axis=0) if series.total else np.empty(0)
    if not len(total):
        return ""
    groups = np.array_split(total, min(len(total), 160))
    heights = np.array([group.mean() for group in groups])
    top = float(heights.max()) or 1.0
    x = np.linspace(12, WIDTH - 12, len(heights))
    y = HEIGHT - 10 - heights / top * (CURVE - 14)
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in zip(x, y, strict=True))
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.2" stroke-linejoin="round"/>'
