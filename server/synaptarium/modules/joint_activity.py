"""Activity of several layers side by side: their channels one after the other, in the same frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synaptarium.modules.activity import Resolution, activity_in
from synaptarium.modules.reader import RecordingReader
from synaptarium.schemas.recording import Layer

I64 = NDArray[np.int64]

# So many cells are counted in one array, where there are not many more of them than spikes; otherwise they are sorted.
_MAX_DENSE = 16_000_000
_CELLS_PER_ENTRY = 8


@dataclasses.dataclass(frozen=True)
class JointActivity:
    """Activity of several layers side by side, in the order of time.

    Parameters
    ----------
    frame_us, first_us, n : int
        Width of a frame, start of the first one, number of frames.
    frame, channel, count : (n_entries,) int64
        Where there were spikes.
    covered : (n,) bool
        Frames that were read.
    n_channels : int
        Of all layers.
    """

    frame_us: int
    first_us: int
    n: int
    frame: I64
    channel: I64
    count: I64
    covered: NDArray[np.bool_]
    n_channels: int

    def binned(self, first: int, frames_per_bin: int, n_bins: int) -> tuple[I64, I64, I64]:
        """Return (bin, channel, count) of the bins from a frame on, each cell once."""
        ends = np.searchsorted(self.frame, (first, first + n_bins * frames_per_bin))
        part = slice(*ends)
        cell = (self.frame[part] - first) // frames_per_bin * self.n_channels + self.channel[part]
        if n_bins * self.n_channels <= min(_MAX_DENSE, _CELLS_PER_ENTRY * len(cell)):
            dense = np.bincount(cell, weights=self.count[part])
            cell = np.flatnonzero(dense)
            count = dense[cell].astype(np.int64)
        else:
            cell, where = np.unique(cell, return_inverse=True)
            count = np.bincount(where, self.count[part], len(cell)).astype(np.int64)
        return cell // self.n_channels, cell % self.n_channels, count


def joint_activity(
    reader: RecordingReader,
    layers: Sequence[Layer],
    ways: Sequence[Resolution],
    start_us: int,
    stop_us: int,
    *,
    budget_bytes: int,
) -> JointActivity:
    """Return the activity of layers in a half-open window, in frames of the coarsest of their levels.

    Parameters
    ----------
    ways : sequence of Resolution
        How each of the layers is read.
    budget_bytes : int
        Most stored bytes that are read of each.
    """
    manifest = reader.manifest
    frame_us = max(manifest.levels[way.level].bins for way in ways) * manifest.bin_us
    first = (start_us - manifest.t_start_us) // frame_us
    first_us = manifest.t_start_us + first * frame_us
    n = max(1, -(-(stop_us - first_us) // frame_us))
    covered = np.ones(n, np.bool_)
    parts: list[tuple[I64, I64, I64]] = []
    n_channels = 0
    for layer, way in zip(layers, ways, strict=True):
        found = activity_in(reader, layer, start_us, stop_us, way, budget_bytes=budget_bytes)
        frame = (found.frames.first_us - first_us + found.frame * found.frames.frame_us) // frame_us
        inside = (frame >= 0) & (frame < n)
        parts.append((frame[inside], found.channel[inside] + n_channels, found.count[inside]))
        unread = (found.frames.t_us[~found.frames.covered] - first_us) // frame_us
        covered[unread[(unread >= 0) & (unread < n)]] = False
        n_channels += way.channels(layer)
    frame, channel, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(frame, kind="stable")
    return JointActivity(
        frame_us, first_us, n, frame[order], channel[order], count[order], covered, n_channels
    )
