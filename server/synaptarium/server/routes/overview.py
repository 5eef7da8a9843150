"""The activity of any window of a run at any zoom: what the scrub bar draws, in one small answer.

The series streams hold the spikes of each layer per frame at every level, with the extremes of the level-0 frames
inside. So a window of any length is read at the level at which it has a few thousand frames, and folded to columns:
the cost does not depend on the recording's length.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import InvalidTime
from synaptarium.schemas.manifest import Level, Manifest, Tile
from synaptarium.schemas.sealing import payload_of
from synaptarium.server.endpoint import ARROW, Endpoint, Payload, Query
from synaptarium.server.site import Site
from synaptarium.server.stream.plan import Catalogue

STREAM = "spikes.series"
#: An answer is at most so large; it has fewer columns where there are many layers.
MAX_ANSWER_BYTES = 8192
#: With fewer columns a curve says nothing. Where there are so many layers that not even these fit, neighbouring layers
#: are summed until this many do.
FEWEST_COLUMNS, FEWEST_OF_SUMS = 16, 64
#: The finest level with at most so many frames to a column is read: levels are 16 apart, so columns have half a frame
#: at least, and the sixteen times as many frames of the level below would take sixteen times as long.
MAX_FRAMES_PER_COLUMN = 8
#: Before and after every time that a recording may have: the whole run.
FOREVER_US = 2**53

I64 = NDArray[np.int64]


class Frames(NamedTuple):
    """Spikes of each layer in consecutive frames of one level, (n_layers, n_frames) int64 each.

    Parameters
    ----------
    level : Level
        Whose frames they are.
    first : int
        Number of the first frame.
    total, minimum, maximum : (n_layers, n_frames) int64
        Spikes in the frame, and the fewest and most in a level-0 frame inside.
    """

    level: Level
    first: int
    total: I64
    minimum: I64
    maximum: I64


def overview(site: Site, id: str, t_start_us: int, t_stop_us: int, columns: int, values: str) -> Payload:
    """Return the spikes of each layer in the columns of a window, in at most 8 KiB."""
    catalogue = site.hub.catalogue(id)
    manifest = catalogue.manifest
    start, stop = _within(manifest, t_start_us, t_stop_us)
    level = _level_for(manifest, stop - start, columns)
    frame_us = level.bins * manifest.bin_us
    first, last = start // frame_us, min(level.frames, -(-stop // frame_us))
    data = fitted(
        manifest,
        lambda begin, end: _read(site, catalogue, level, begin, end),
        level,
        (first, last),
        columns,
        extremes=values == "all",
    )
    etag = f"{manifest.build}.{manifest.revision}.{start}.{stop}.{columns}.{values}"
    return Payload(data=data, content_type=ARROW, etag=etag)


def fitted(
    manifest: Manifest,
    read: Callable[[int, int], Frames],
    level: Level,
    window: tuple[int, int],
    columns: int,
    *,
    extremes: bool,
) -> bytes:
    """Return the frames of a window folded to as many columns as fit into an answer, neighbouring layers summed where they must be.

    Parameters
    ----------
    manifest : Manifest
        Of the recording.
    read : callable
        ``read(begin, end)`` gives those frames of the level.
    level : Level
        That is read.
    window : (first, last)
        Half-open, in frames of the level.
    columns : int
        Most columns.
    extremes : bool
        With the fewest and most spikes of a bin; of summed layers they are not known and left out.
    """
    first, last = window
    wanted, layers_a_row = columns, 1
    while True:
        per_column = -(-(last - first) // wanted)
        # Columns lie where they always lie, so that a curve does not flicker as it is panned.
        begin = first // per_column * per_column
        end = min(level.frames, -(-last // per_column) * per_column)
        frames = read(begin, end)
        n_layers = len(frames.total)
        data = _encoded(manifest, frames, per_column, layers_a_row, extremes=extremes and layers_a_row == 1)
        if len(data) <= MAX_ANSWER_BYTES or layers_a_row > n_layers:
            return data
        too_large = len(data) / MAX_ANSWER_BYTES
        if layers_a_row > 1:
            layers_a_row *= 2 ** max(1, int(math.log2(too_large)))
        elif wanted > FEWEST_COLUMNS:
            wanted = max(FEWEST_COLUMNS, int(wanted * 0.95 / too_large))
        else:
            wanted, layers_a_row = min(columns, FEWEST_OF_SUMS), 2


def _within(manifest: Manifest, t_start_us: int, t_stop_us: int) -> tuple[int, int]:
    """Return a window cut to the span, microseconds from the recording's start."""
    start = max(t_start_us, manifest.t_start_us)
    stop = min(t_stop_us, manifest.t_stop_us)
    if start >= stop:
        raise InvalidTime(
            f"The window {t_start_us} to {t_stop_us} us was asked for; the recording spans {manifest.t_start_us} to "
            f"{manifest.t_stop_us} us.",
            hint="A window ends after it starts and has some of the span in it.",
            where="t_start_us",
        )
    return start - manifest.t_start_us, stop - manifest.t_start_us


def _level_for(manifest: Manifest, length_us: int, columns: int) -> Level:
    """Return the finest level at which a window has few frames enough."""
    for level in manifest.levels:
        if length_us / (level.bins * manifest.bin_us) <= columns * MAX_FRAMES_PER_COLUMN:
            return level
    return manifest.levels[-1]


def _read(site: Site, catalogue: Catalogue, level: Level, first: int, last: int) -> Frames:
    """Read the series of all layers in one request; a chunk that is not stored is silent."""
    layers = {tile.name: n for n, tile in enumerate(_first_tiles(catalogue.manifest))}
    shape = (len(layers), last - first)
    frames = Frames(level, first, *(np.zeros(shape, np.int64) for _ in range(3)))
    rows: dict[ChunkKey, int] = {}
    manifest = catalogue.manifest
    for track in catalogue.tracks(STREAM, level.level):
        from_us, to_us = (frame * level.bins * manifest.bin_us for frame in (first, last))
        begin = bisect.bisect_left(track.chunks, from_us // track.chunk_us)
        end = bisect.bisect_left(track.chunks, -(-to_us // track.chunk_us))
        for chunk in track.chunks[begin:end]:
            stream = track.stream.stream
            key = ChunkKey(manifest.num, manifest.build, stream, level.level, chunk, track.tile)
            rows[key] = layers[track.target]
    for key, series in site.hub.series(list(rows)).items():
        lowest = series.total if series.minimum is None else series.minimum
        highest = series.total if series.maximum is None else series.maximum
        begin, end = max(first, series.first_frame), min(last, series.first_frame + len(series.total))
        here, there = (
            slice(begin - first, end - first),
            slice(begin - series.first_frame, end - series.first_frame),
        )
        for into, values in zip(frames[2:], (series.total, lowest, highest), strict=True):
            into[rows[key], here] = values[there]
    return frames


def _first_tiles(manifest: Manifest) -> list[Tile]:
    return [tile for tile in manifest.tiles if tile.kind == "layer" and tile.first == 0]


def _encoded(
    manifest: Manifest, frames: Frames, per_column: int, layers_a_row: int, *, extremes: bool
) -> bytes:
    """Return frames folded to columns: row after row, in the smallest type that holds the counts exactly."""
    starts = np.arange(0, frames.total.shape[1], per_column)
    names = ["sum", *(["min", "max"] if extremes else [])]
    folded = [
        np.add.reduceat(
            np.add.reduceat(frames.total, starts, axis=1),
            np.arange(0, len(frames.total), layers_a_row),
        ),
        np.minimum.reduceat(frames.minimum, starts, axis=1),
        np.maximum.reduceat(frames.maximum, starts, axis=1),
    ]
    arrays = [pa.array(_smallest(values.ravel())) for values in folded[: len(names)]]
    frame_us = frames.level.bins * manifest.bin_us
    metadata = {
        "layers": str(len(frames.total)),
        "layers_a_row": str(layers_a_row),
        "columns": str(len(starts)),
        "t_start_us": str(manifest.t_start_us + frames.first * frame_us),
        "column_us": str(per_column * frame_us),
        "bin_us": str(manifest.bin_us),
    }
    fields = [pa.field(name, array.type, nullable=False) for name, array in zip(names, arrays, strict=True)]
    batch = pa.record_batch(arrays, schema=pa.schema(fields, metadata=metadata))
    return payload_of(batch).to_pybytes()


def _smallest(counts: I64) -> NDArray[np.unsignedinteger]:
    most = int(counts.max(initial=0))
    return counts.astype(
        next(kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if most <= np.iinfo(kind).max)
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/overview",
        call=overview,
        summary="Activity of any window at any zoom: spikes per column, layer after layer; at most 8 KiB",
        answer=ARROW,
        query=(
            Query(name="t_start_us", default=-FOREVER_US, help="Start", low=-FOREVER_US, high=FOREVER_US),
            Query(
                name="t_stop_us", default=FOREVER_US, help="End, not inside", low=-FOREVER_US, high=FOREVER_US
            ),
            Query(name="columns", default=600, help="Most columns", low=16, high=4096),
            Query(
                name="values",
                default="all",
                help="Sums alone, or with the fewest and most spikes of a bin inside",
                words=("all", "sum"),
            ),
        ),
    ),
)
