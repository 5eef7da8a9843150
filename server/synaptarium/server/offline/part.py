"""The part of a build that a stretch of its run needs: which chunks, and the manifest that lists no others."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import InvalidTime
from synaptarium.schemas.manifest import Grid, Manifest, Stream, pack_presence, unpack_presence
from synaptarium.server.stream.plan import PRE_ROLL_FRAMES, PRE_ROLL_MAX_US


class Part(NamedTuple):
    """A stretch of a run.

    Parameters
    ----------
    t_start_us, t_stop_us : int
        Half-open.
    manifest : Manifest
        The build's, with these chunks only.
    keys : list of ChunkKey
        The chunks, in the manifest's order.
    """

    t_start_us: int
    t_stop_us: int
    manifest: Manifest
    keys: list[ChunkKey]


def part_of(manifest: Manifest, t_start_us: int | None, t_stop_us: int | None) -> Part:
    """Return the part of a build that showing a half-open stretch of its run needs, at every level.

    That is what lies in it, the frames before it whose spikes still glow, and of weights and potentials the chunk that
    holds the state at its start. Series are left out: the page draws them from the overview.

    Raises
    ------
    InvalidTime
        Nothing of the run lies between the times.
    """
    start = manifest.t_start_us if t_start_us is None else max(t_start_us, manifest.t_start_us)
    stop = manifest.t_stop_us if t_stop_us is None else min(t_stop_us, manifest.t_stop_us)
    if start >= stop:
        raise InvalidTime(
            f"Nothing of {manifest.recording!r} lies between {start / 1e6:g} s and {stop / 1e6:g} s.",
            hint=f"It runs from {manifest.t_start_us / 1e6:g} s to {manifest.t_stop_us / 1e6:g} s; the end is not inside.",
            where="t_start_us",
        )
    streams = {stream.stream: stream for stream in manifest.streams}
    grids: list[Grid] = []
    keys: list[ChunkKey] = []
    for grid in manifest.grids:
        stream = streams[grid.stream]
        if stream.kind == "series":
            continue
        presence: list[str] = []
        for tile, stored in zip(grid.tiles, grid.presence, strict=True):
            kept = _kept(manifest, grid, stream, stored, start, stop)
            presence.append(pack_presence(kept))
            keys += [
                ChunkKey(manifest.num, manifest.build, grid.stream, grid.level, int(chunk), tile)
                for chunk in np.flatnonzero(kept)
            ]
        grids.append(msgspec.structs.replace(grid, presence=tuple(presence)))
    cut = msgspec.structs.replace(manifest, grids=tuple(grids), open=False)
    return Part(start, stop, cut, keys)


def _kept(
    manifest: Manifest, grid: Grid, stream: Stream, stored: str, start_us: int, stop_us: int
) -> np.ndarray:
    level = manifest.levels[grid.level]
    frame_us = level.bins * manifest.bin_us
    present = unpack_presence(stored, -(-level.frames // 2**grid.k))
    glow_us = min(PRE_ROLL_FRAMES * frame_us, max(PRE_ROLL_MAX_US, frame_us))
    first = max(0, start_us - manifest.t_start_us - glow_us) // frame_us >> grid.k
    last = (stop_us - 1 - manifest.t_start_us) // frame_us >> grid.k
    kept = np.zeros_like(present)
    kept[first : last + 1] = present[first : last + 1]
    before = np.flatnonzero(present[:first])
    if stream.kind == "values" and len(before):
        kept[before[-1]] = True
    return kept
