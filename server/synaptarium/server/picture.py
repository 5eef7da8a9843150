"""The small picture of a recording on the home page: its layers as sheets in which real spikes glow, and its activity."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from synaptarium.modules.reader import RecordingReader
from synaptarium.scenes.layout import Frame, Layout
from synaptarium.scenes.sheets import sheets
from synaptarium.schemas.errors import BuildNotFound
from synaptarium.schemas.recording import Recording
from synaptarium.server.stream.hub import read_manifest
from synaptarium.store import events
from synaptarium.store.database import Store

Points = NDArray[np.float64]

WIDTH, HEIGHT, CURVE = 320, 180, 44
#: Quiet hues for layers, in their order; the page has the same in static/src/state/palette.ts.
HUES = (
    *("#e8b46a", "#7fc8a9", "#c79be0", "#e58f86", "#86b7c9"),
    *("#c9c07a", "#d895b8", "#9db38a", "#b8a394"),
)
#: The room of the scene, dark in both themes, and its light: a spike now, and one a moment ago.
ROOM, NOW, BEFORE = "#0b0e14", "#fff0c9", "#f7785f"
MOST_SHEETS, MOST_CURVES, MOST_LINKS = 24, 6, 16
#: No more neurons than this along a side of a sheet: of a larger one every so-manieth is drawn.
MOST_CELLS = 28
#: Above, no sheets: laying out each neuron would take seconds.
MOST_NEURONS = 4_000_000
WINDOW_BINS, NOW_BINS = 14, 5
#: Where one column and one row further lead, in the picture.
COLUMN, ROW = np.array([0.6, 0.2]), np.array([0.0, 1.0])


@dataclass(frozen=True)
class _Sheet:
    """A layer in the picture: its corners, the places of its neurons, and which of them glow."""

    hue: str
    corners: Points
    cells: Points
    pitch: float
    now: Points
    before: Points


def picture_of(store: Store, recording: Recording) -> str:
    """Return an SVG of a recording; the curves are missing before it was precomputed.

    What glows are the spikes of the busiest moment that the curves know, or of the middle of the run.
    """
    layers = recording.header.layers[:MOST_SHEETS]
    curves, t_us = _curves(store, recording)
    if sum(layer.neurons for layer in layers) > MOST_NEURONS:
        layers = ()
    layout = sheets(layers)
    floor = HEIGHT - CURVE if curves else HEIGHT
    drawn = _place(layout, floor, [layer.neurons for layer in layers], _spikes(store, recording, t_us))
    names = {layer.name: place for place, layer in enumerate(layers)}
    parts = [
        _links(drawn[names[projection.source]], drawn[names[projection.target]])
        for projection in recording.header.projections
        if projection.source in names and projection.target in names
    ]
    parts += [_draw(sheet) for sheet in drawn]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(recording.header.name)}</title>"
        f'<filter id="glow"><feGaussianBlur stdDeviation="2.4"/></filter>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{ROOM}"/>{"".join(parts)}{_draw_curves(curves)}</svg>'
    )


def _spikes(store: Store, recording: Recording, t_us: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return who spiked in the bins before a time, and who a moment earlier, as global indices."""
    bin_us = recording.header.bin_us
    now: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)]
    before: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)]
    for batch in events.read(
        store, recording.num, "spikes", "", t_us - (WINDOW_BINS - NOW_BINS) * bin_us, t_us + NOW_BINS * bin_us
    ):
        late = batch["time_us"].to_numpy() >= t_us
        neurons = batch["neuron"].to_numpy()
        now.append(neurons[late])
        before.append(neurons[~late])
    return np.unique(np.concatenate(now)), np.unique(np.concatenate(before))


def _place(
    layout: Layout, floor: int, neurons: list[int], spikes: tuple[NDArray[np.uint32], NDArray[np.uint32]]
) -> list[_Sheet]:
    """Put the sheets beside each other, as large as the picture allows, their sizes as in the scene."""
    if not layout.frames:
        return []
    sizes = [np.array([frame.columns, frame.rows]) * frame.spacing for frame in layout.frames]
    extents = [size[0] * COLUMN + size[1] * ROW for size in sizes]
    room = np.array([WIDTH - 36.0, floor - 24.0])
    wide = sum(extent[0] for extent in extents)
    gap = 0.35 * wide / len(sizes)
    scale = min(
        room[0] / (wide + gap * (len(sizes) - 1)), room[1] / max(float(extent[1]) for extent in extents)
    )
    # Room that is left goes between the sheets.
    gap = min((room[0] - wide * scale) / max(len(sizes) - 1, 1), 60.0)
    x = (WIDTH - wide * scale - gap * (len(sizes) - 1)) / 2
    placed: list[_Sheet] = []
    first = 0
    for place, (frame, size, extent) in enumerate(zip(layout.frames, sizes, extents, strict=True)):
        origin = np.array([x, (floor + 4) / 2 - extent[1] * scale / 2])
        stop = first + neurons[place]
        placed.append(_sheet(frame, layout.positions[first:stop], first, origin, size * scale, spikes, place))
        x += extent[0] * scale + gap
        first = stop
    return placed


def _sheet(
    frame: Frame,
    positions: NDArray[np.float32],
    first: int,
    origin: Points,
    size: Points,
    spikes: tuple[NDArray[np.uint32], NDArray[np.uint32]],
    place: int,
) -> _Sheet:
    column = np.rint((positions[:, 2] - frame.origin[2]) / frame.spacing).astype(int)
    row = np.rint((frame.origin[1] - positions[:, 1]) / frame.spacing).astype(int)
    step = -(-max(frame.rows, frame.columns) // MOST_CELLS)
    shown = (column % step == 0) & (row % step == 0)

    def at(columns: NDArray[np.int_], rows: NDArray[np.int_]) -> Points:
        u = (columns + step / 2) / frame.columns * size[0]
        v = (rows + step / 2) / frame.rows * size[1]
        return origin + u[:, None] * COLUMN + v[:, None] * ROW

    def glowing(neurons: NDArray[np.uint32]) -> Points:
        own = neurons[(neurons >= first) & (neurons < first + len(positions))].astype(int) - first
        own = own[shown[own]]
        return at(column[own], row[own])

    corners = origin + np.array(
        [0 * COLUMN, size[0] * COLUMN, size[0] * COLUMN + size[1] * ROW, size[1] * ROW]
    )
    return _Sheet(
        hue=HUES[place % len(HUES)],
        corners=corners,
        cells=at(column[shown], row[shown]),
        pitch=float(size[0] / frame.columns * step),
        now=glowing(spikes[0]),
        before=glowing(np.setdiff1d(spikes[1], spikes[0])),
    )


def _draw(sheet: _Sheet) -> str:
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in sheet.corners)
    dot = min(max(sheet.pitch * 0.55, 0.8), 7.0)
    return (
        f'<polygon points="{corners}" fill="{ROOM}" fill-opacity="0.55" stroke="{sheet.hue}" '
        f'stroke-opacity="0.55" stroke-width="0.8"/>'
        + _dots(sheet.cells, sheet.hue, dot, 0.3)
        + _dots(sheet.before, BEFORE, dot * 1.8, 0.5, glow=True)
        + _dots(sheet.before, BEFORE, dot, 0.9)
        + _dots(sheet.now, NOW, dot * 2.2, 0.6, glow=True)
        + _dots(sheet.now, NOW, dot * 1.15, 1.0)
    )


def _dots(points: Points, colour: str, diameter: float, opacity: float, *, glow: bool = False) -> str:
    """Return round dots as one path of strokes without length: a tenth of the bytes of circles."""
    if not len(points):
        return ""
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
    blur = ' filter="url(#glow)"' if glow else ""
    return (
        f'<path d="{path}" stroke="{colour}" stroke-width="{diameter:.2f}" stroke-linecap="round" '
        f'stroke-opacity="{opacity}"{blur}/>'
    )


def _links(source: _Sheet, target: _Sheet) -> str:
    """Return a few lines from sheet to sheet: that they are connected, not which neurons are."""
    n = min(MOST_LINKS, len(source.cells), len(target.cells))
    # The golden ratio spreads the ends over both sheets without a pattern.
    spread = (np.arange(n) * 0.618034) % 1.0
    starts = source.cells[(spread * len(source.cells)).astype(int)]
    ends = target.cells[((spread * 7.0) % 1.0 * len(target.cells)).astype(int)]
    lines = zip(starts, ends, strict=True)
    path = "".join(f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" for (x, y), (to_x, to_y) in lines)
    return f'<path d="{path}" stroke="{source.hue}" stroke-width="0.7" stroke-opacity="0.22"/>' if n else ""


def _curves(store: Store, recording: Recording) -> tuple[list[Points], int]:
    """Return each layer's spikes over the run, about two pixels a point, and a busy moment in the run's middle half."""
    header = recording.header
    middle = (header.t_start_us + header.t_stop_us) // 2
    try:
        manifest = read_manifest(store, recording)
    except BuildNotFound:
        return [], middle
    names = [layer.name for layer in header.layers]
    reader = RecordingReader(store, recording, manifest)
    series = reader.series("spikes.series", names, manifest.t_start_us, manifest.t_stop_us, points=1200)
    n = len(series.t_us)
    if n == 0:
        return [], middle
    total = np.sum([series.total[name] for name in names], axis=0)
    busiest = n // 4 + int(np.argmax(total[n // 4 : max(3 * n // 4, n // 4 + 1)]))
    moment = int(series.t_us[busiest]) + series.frame_us // 2
    groups = min(n, 160)
    curves = [
        np.array([part.mean() for part in np.array_split(series.total[name], groups)])
        for name in names[:MOST_CURVES]
    ]
    return curves, moment


def _draw_curves(curves: list[Points]) -> str:
    """Return one small curve a layer, below each other, each as high as its own largest value."""
    parts: list[str] = []
    height = (CURVE - 10) / max(len(curves), 1)
    for place, curve in enumerate(curves):
        base = HEIGHT - 6 - height * (len(curves) - 1 - place)
        x = np.linspace(0, WIDTH, len(curve))
        y = base - curve / (float(curve.max()) or 1.0) * (height - 2)
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in zip(x, y, strict=True))
        hue = HUES[place % len(HUES)]
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{hue}" stroke-width="1" stroke-opacity="0.8" '
            f'stroke-linejoin="round"/><path d="M0 {base:.1f}L{path.replace(" ", "L")}L{WIDTH} {base:.1f}z" '
            f'fill="{hue}" fill-opacity="0.16"/>'
        )
    return "".join(parts)
