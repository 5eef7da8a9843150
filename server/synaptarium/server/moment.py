"""One moment of a recording as the scene shows it: where neurons lie, how they glow, which synapses with which weights."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from synaptarium.modules.chunk_choice import tiles_of
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.window import state_at
from synaptarium.scenes.cut import cut
from synaptarium.scenes.gltf import Moment, Segments
from synaptarium.scenes.layout import Frame, Layout
from synaptarium.scenes.shown_synapses import shown_synapses
from synaptarium.scenes.spread import extent, spread_out
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.recording import Projection, Recording
from synaptarium.server.routes.layouts import laid_out
from synaptarium.server.stream.hub import read_manifest
from synaptarium.store import events, network
from synaptarium.store.database import Store

#: Half lives after which a spike is not seen any more.
HALF_LIVES = 7
#: Half life of a glow: four bins, and never below this.
LEAST_HALF_LIFE_US = 5_000
#: Clipping planes that leave everything.
UNCUT = (0.0, 1.0, 0.0, 1.0, 0.0, 1.0)


def moment_of(
    store: Store,
    recording: Recording,
    t_us: int,
    *,
    layout: str = "auto",
    order: Sequence[int] = (),
    spread: float = 1.0,
    fan: float = 0.0,
    hidden: Collection[str] = (),
    clip: Sequence[float] = UNCUT,
    n_synapses: int = 3000,
) -> tuple[Moment, int, int]:
    """Return the moment, how many synapses it draws, and of how many.

    Parameters
    ----------
    t_us : int
        Microseconds, within the recording's span.
    layout, order : str, sequence of int
        As :func:`synaptarium.scenes.layouts.lay_out`.
    spread, fan : float
        As :func:`synaptarium.scenes.spread.spread_out`.
    hidden : collection of str
        Layers that are left out, and with them the synapses from and to them.
    clip : sequence of 6 floats
        What is left from where to where along x, y and z, as parts of the network's extent.
    n_synapses : int
        How many are drawn at most: of each projection the strongest, shared by the square root of their numbers.

    Raises
    ------
    InvalidInput
        A time outside of the recording, a layout that cannot be made, or no layer left to draw.
    """
    header = recording.header
    if not header.t_start_us <= t_us <= header.t_stop_us:
        raise InvalidInput(
            f"{t_us / 1e6:g} s lies outside of {recording.id!r}.",
            hint=f"It runs from {header.t_start_us / 1e6:g} s to {header.t_stop_us / 1e6:g} s.",
            where="at",
        )
    for name in hidden:
        recording.layer(name)
    shown = tuple(layer for layer in header.layers if layer.name not in hidden)
    if not shown:
        raise InvalidInput("Every layer is hidden.", hint="Show one of them.", where="hidden")
    projections = [p for p in header.projections if p.source not in hidden and p.target not in hidden]
    _, made = laid_out(store, recording, layout, order)
    made = spread_out(made, header.layers, projections=header.projections, spread=spread, fan=fan)
    n_neurons = sum(layer.neurons for layer in header.layers)
    glow = _glow(store, recording, n_neurons, t_us)
    manifest = read_manifest(store, recording)
    total = sum(projection.synapses for projection in projections)
    roots = np.sqrt([max(projection.synapses, 0) for projection in projections])
    segments = [
        _segments(
            store,
            recording,
            manifest,
            projection,
            made,
            t_us,
            round(n_synapses * root / max(roots.sum(), 1e-9)),
        )
        for projection, root in zip(projections, roots, strict=True)
    ]
    moment = Moment(layers=shown, layout=made, glow=glow, segments=segments)
    if tuple(clip) != UNCUT:
        low, high = extent(made, header.layers, projections=header.projections)
        planes = np.reshape(clip, (3, 2))
        sides = low[:, None] + planes * (high - low)[:, None]
        # A plane at the edge cuts nothing, whatever rounding makes of it.
        moment = cut(
            moment,
            np.where(planes[:, 0] > 0, sides[:, 0], -np.inf),
            np.where(planes[:, 1] < 1, sides[:, 1], np.inf),
        )
    return moment, sum(len(found.ends) for found in moment.segments), total


def weights_at(
    store: Store, recording: Recording, manifest: Manifest, projection: Projection, t_us: int
) -> NDArray[np.float32]:
    """Return the (n_synapses,) weights of a projection just before a moment; NaN where they are not known."""
    weights = np.full(projection.synapses, np.nan, np.float32)
    if not any(stream.name == "weights" for stream in manifest.streams):
        return weights
    for tile in tiles_of(RecordingReader(store, recording, manifest), projection.name, "projection"):
        # Each tile has a reader, and its limit, of its own: an export may take its time.
        reader = RecordingReader(store, recording, manifest)
        weights[tile.first : tile.first + tile.n] = state_at(reader, "weights", projection.name, tile, t_us)
    return weights


def _glow(store: Store, recording: Recording, n_neurons: int, t_us: int) -> NDArray[np.float32]:
    half_life_us = max(4 * recording.header.bin_us, LEAST_HALF_LIFE_US)
    last_us = np.full(n_neurons, -np.inf)
    start_us = max(recording.header.t_start_us, t_us - HALF_LIVES * half_life_us)
    # The frame in which the moment lies belongs to it, as in the page.
    stop_us = t_us + recording.header.bin_us
    for batch in events.read(store, recording.num, "spikes", "", start_us, stop_us):
        # In time order: of one neuron's spikes the last assignment stays.
        last_us[batch.column("neuron").to_numpy()] = batch.column("time_us").to_numpy()
    return np.exp2(-np.maximum(t_us - last_us, 0) / half_life_us).astype(np.float32)


def _segments(
    store: Store,
    recording: Recording,
    manifest: Manifest,
    projection: Projection,
    layout: Layout,
    t_us: int,
    budget: int,
) -> Segments:
    pre, post, _ = network.read_synapses(store, recording.num, projection.name)
    weights = weights_at(store, recording, manifest, projection, t_us)
    order, scale = shown_synapses(weights[: len(pre)], most=budget)
    start = layout.positions[recording.layer(projection.source).offset + pre[order]]
    if projection.kind == "decoder":
        place = next(frame for frame in layout.places if frame.name == projection.target)
        stop = _dimensions(place, post[order])
    else:
        stop = layout.positions[recording.layer(projection.target).offset + post[order]]
    return Segments(
        name=projection.name,
        ends=np.stack([start, stop], axis=1).astype(np.float32),
        weights=weights[order],
        scale=scale,
    )


def _dimensions(place: Frame, ids: NDArray[np.uint32]) -> NDArray[np.float64]:
    row, column = np.divmod(ids.astype(np.int64), place.columns)
    axes = np.asarray(place.axes)
    return np.asarray(place.origin) + np.outer(column, axes[0]) + np.outer(row, axes[1])
