"""Activity of a layer by channel, for comparisons over a whole run: of every neuron, or of every group of 64 of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from synaptarium.modules.chunk_choice import Frames, choose_chunks
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.window import spikes_in
from synaptarium.schemas.chunks import GROUP_NEURONS, decode_groups
from synaptarium.schemas.manifest import EXACT_LEVELS
from synaptarium.schemas.recording import Layer
from synaptarium.schemas.sealing import unseal

I64 = NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Resolution:
    """How a layer is read: the time level, and whether its channels are groups of 64 neurons."""

    level: int
    grouped: bool

    def channels(self, layer: Layer) -> int:
        """Return how many channels the layer has."""
        return -(-layer.neurons // GROUP_NEURONS) if self.grouped else layer.neurons


@dataclasses.dataclass(frozen=True)
class Activity:
    """Spikes of channels in the frames of a window: one entry for each frame and channel that is not silent."""

    frames: Frames
    frame: I64
    channel: I64
    count: I64


def activity_in(
    reader: RecordingReader,
    layer: Layer,
    t_start_us: int,
    t_stop_us: int,
    resolution: Resolution,
    *,
    budget_bytes: int,
) -> Activity:
    """Return the activity of a layer in a half-open window; an even sample where the budget does not suffice."""
    if not resolution.grouped:
        spikes = spikes_in(
            reader, layer.name, t_start_us, t_stop_us, budget_bytes=budget_bytes, levels=(resolution.level,)
        )
        return Activity(spikes.frames, spikes.frame, spikes.neuron.astype(np.int64), spikes.count)
    return groups_in(
        reader, layer, t_start_us, t_stop_us, budget_bytes=budget_bytes, levels=(resolution.level,)
    )


def groups_in(
    reader: RecordingReader,
    layer: Layer,
    t_start_us: int,
    t_stop_us: int,
    *,
    budget_bytes: int,
    levels: Collection[int],
) -> Activity:
    """Return the activity of a layer's groups of 64 neurons in a half-open window, at the finest of the levels that fits."""
    frames, tiles, keys = choose_chunks(
        reader,
        "spikes.groups",
        layer.name,
        t_start_us,
        t_stop_us,
        budget_bytes=budget_bytes,
        levels=levels,
        items=None,
    )
    parts: list[tuple[I64, I64, I64]] = []
    for key, sealed in sorted(reader.chunks(keys).items()):
        chunk = decode_groups(unseal(sealed))
        row, group = np.nonzero(chunk.counts)
        frame = row + chunk.first_frame - frames.first
        inside = (frame >= 0) & (frame < frames.n)
        first = tiles[key.tile].first // GROUP_NEURONS
        parts.append(
            (frame[inside], group[inside] + first, chunk.counts[row, group][inside].astype(np.int64))
        )
    if not parts:
        none = np.empty(0, np.int64)
        return Activity(frames, none, none, none)
    frame, channel, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Activity(frames, frame, channel, count)


def fitting_resolution(
    reader: RecordingReader, layer: Layer, longest_us: Sequence[int], *, budget_bytes: int
) -> Resolution:
    """Return how the whole run of a layer can be read: every neuron before groups, then fine frames before coarse ones.

    Parameters
    ----------
    longest_us : sequence of int
        How long a frame may be, the finest wish first. Of each the coarsest level that grants it is tried; where nothing fits,
        the last one is left, of which an even sample can be read.
    """
    manifest = reader.manifest
    levels = []
    for longest in longest_us:
        fine = [level.level for level in manifest.levels if level.bins * manifest.bin_us <= longest]
        levels.append(fine[-1] if fine else 0)
    ways = [Resolution(min(level, EXACT_LEVELS - 1), grouped=False) for level in levels]
    if layer.neurons >= 2 * GROUP_NEURONS:
        ways += [Resolution(level, grouped=True) for level in levels if level]
    for way in dict.fromkeys(ways):
        frames, _, _ = choose_chunks(
            reader,
            "spikes.groups" if way.grouped else "spikes",
            layer.name,
            manifest.t_start_us,
            manifest.t_stop_us,
            budget_bytes=budget_bytes,
            levels=(way.level,),
            items=None,
        )
        if frames.covered.all():
            return way
    return ways[-1]
