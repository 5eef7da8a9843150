"""What a module may read of a recording: series at the level that fits, events of a window, and never more than 4 MiB.

So an answer takes the same time whatever the recording's length.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.modules.subset import Subset
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import SeriesFrames, decode_series
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.manifest import Grid, Level, Manifest, unpack_presence
from synaptarium.schemas.recording import Recording
from synaptarium.schemas.sealing import Sealed, unseal
from synaptarium.schemas.tables import TableGrid, Tables
from synaptarium.store import chunks, events, network, tables
from synaptarium.store.database import Store

BUDGET_BYTES = 4 * 1024 * 1024
#: More points than any panel has pixels.
MAX_POINTS = 4096
# sum f64, and min, max and last u32 at levels above 0
_FRAME_BYTES = 20
_ALL_STIMULI = Subset()


@dataclasses.dataclass(frozen=True)
class SeriesColumns:
    """Events per frame of some layers or projections.

    Parameters
    ----------
    t_us : (n,) int64
        Start of each frame.
    frame_us : int
        Width of a frame.
    level : int
        Time level.
    total : dict of str to (n,) float64
        Events of each target in each frame.
    """

    t_us: NDArray[np.int64]
    frame_us: int
    level: int
    total: dict[str, NDArray[np.float64]]

    def per_interval(self, frames: int, t_start_us: int) -> SeriesColumns:
        """Return the series summed over intervals of that many frames, aligned to the recording's start."""
        if frames <= 1 or not len(self.t_us):
            return self
        first = (int(self.t_us[0]) - t_start_us) // self.frame_us
        interval = (first + np.arange(len(self.t_us))) // frames
        starts = np.flatnonzero(np.concatenate(([True], interval[1:] != interval[:-1])))
        return SeriesColumns(
            t_start_us + interval[starts] * frames * self.frame_us,
            frames * self.frame_us,
            self.level,
            {name: np.add.reduceat(values, starts) for name, values in self.total.items()},
        )

    def whole(self, t_stop_us: int) -> tuple[SeriesColumns, int]:
        """Return the series without its last frame where the run ended within that, and how much of the run that leaves out."""
        rest_us = t_stop_us - int(self.t_us[-1]) if len(self.t_us) else 0
        if not 0 < rest_us < self.frame_us:
            return self, 0
        total = {name: values[:-1] for name, values in self.total.items()}
        return dataclasses.replace(self, t_us=self.t_us[:-1], total=total), rest_us


class RecordingReader:
    """Reads one recording for one request.

    Parameters
    ----------
    store : Store
        The database.
    recording : Recording
        Its document.
    manifest : Manifest
        Of the published build.
    subset : Subset
        Which stimuli the answer counts.
    """

    def __init__(
        self, store: Store, recording: Recording, manifest: Manifest, subset: Subset = _ALL_STIMULI
    ) -> None:
        self._store = store
        self.recording = recording
        self.manifest = manifest
        self.subset = subset
        self.bytes_read = 0
        self._tables: Tables | None = None
        self._knows_tables = False

    @property
    def tables(self) -> Tables | None:
        """The build's summary tables; None where it has none, as while the run still goes on."""
        if not self._knows_tables:
            self._tables = tables.read_tables(self._store, self.recording.num, self.manifest.build)
            self._knows_tables = True
        return self._tables

    def table_bytes(
        self, grid: TableGrid, rows: Sequence[int], *, first_item: int = 0, n_items: int | None = None
    ) -> int:
        """Return how much reading rows of a table would take of the budget."""
        return tables.page_bytes(grid, rows, first_item=first_item, n_items=n_items)

    def table_rows(
        self, grid: TableGrid, rows: Sequence[int], *, first_item: int = 0, n_items: int | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return rows of a summary table: columns of (n_rows, n_items, values); row 0 is the start."""
        found = self.tables
        assert found is not None, "a grid comes from the tables"
        self._spend(
            tables.page_bytes(grid, rows, first_item=first_item, n_items=n_items),
            "The summaries of this window",
        )
        return tables.read_rows(
            self._store, self.recording.num, found, grid, rows, first_item=first_item, n_items=n_items
        ).columns

    def has(self, stream: str) -> bool:
        """Tell whether the build has a stream."""
        return any(found.name == stream for found in self.manifest.streams)

    def targets(self, stream: str) -> list[str]:
        """Return the layers or projections that have chunks of a stream."""
        number = self._number(stream)
        return list(dict.fromkeys(grid.target for grid in self.manifest.grids if grid.stream == number))

    def series(
        self,
        stream: str,
        targets: Sequence[str],
        t_start_us: int,
        t_stop_us: int,
        *,
        points: int = MAX_POINTS,
    ) -> SeriesColumns:
        """Return events per frame in a half-open window, at the finest level that has at most ``points`` frames there.

        Parameters
        ----------
        stream : str
            ``"spikes.series"``, ``"weights.series"``, ``"<variable>.series"``.
        targets : sequence of str
            Layers or projections; one without chunks is all zeros.
        t_start_us, t_stop_us : int
            Window; cut to the recording's span, and widened to whole frames.
        points : int
            Most frames.
        """
        manifest = self.manifest
        number = self._number(stream)
        start = max(t_start_us, manifest.t_start_us) - manifest.t_start_us
        stop = max(start, min(t_stop_us, manifest.t_stop_us) - manifest.t_start_us)
        for level in manifest.levels:
            frame_us = level.bins * manifest.bin_us
            # A window after the run holds no frame.
            first, last = min(start // frame_us, level.frames), min(level.frames, -(-stop // frame_us))
            grids = {
                grid.target: grid
                for grid in manifest.grids
                if (grid.stream, grid.level) == (number, level.level) and grid.target in targets
            }
            # Whole chunks are read, however few of their frames are wanted.
            frames_read = sum(
                (_chunks(last, grid.k) - (first >> grid.k)) << grid.k
                for grid in grids.values()
                if last > first
            )
            fits = last - first <= points and frames_read * _FRAME_BYTES <= BUDGET_BYTES - self.bytes_read
            if fits or level is manifest.levels[-1]:
                return self._frames(grids, targets, level, first, max(first, last))
        raise InvalidInput(f"The build of {self.recording.id!r} has no levels.", hint="Precompute it again.")

    def _frames(
        self, grids: dict[str, Grid], targets: Sequence[str], level: Level, first: int, last: int
    ) -> SeriesColumns:
        frame_us = level.bins * self.manifest.bin_us
        total = {target: np.zeros(last - first) for target in targets}
        for target, grid in grids.items() if last > first else ():
            self._fill(total[target], grid, first, last, level.frames)
        t_us = self.manifest.t_start_us + np.arange(first, last, dtype=np.int64) * frame_us
        return SeriesColumns(t_us, frame_us, level.level, total)

    def events(
        self, kind: EventKind, stream: str, t_start_us: int, t_stop_us: int
    ) -> Iterator[pa.RecordBatch]:
        """Yield the stored events of a half-open window; raises InvalidInput before more than the budget is read."""
        for block in events.blocks(self._store, self.recording.num, kind, stream):
            if block.t0_us < t_stop_us and block.t1_us >= t_start_us:
                self._spend(block.size_bytes, f"The {kind} of this window")
        yield from events.read(self._store, self.recording.num, kind, stream, t_start_us, t_stop_us)

    def chunk(self, key: ChunkKey) -> Sealed:
        """Return one stored chunk."""
        sealed = chunks.read(self._store, key)
        self._spend(len(sealed.stored), "This window")
        return sealed

    def chunks(self, keys: Sequence[ChunkKey]) -> dict[ChunkKey, Sealed]:
        """Return those of the chunks that are stored, in one request."""
        found = chunks.read_many(self._store, keys)
        self._spend(sum(len(sealed.stored) for sealed in found.values()), "This window")
        return found

    def stored_bytes(self, keys: Sequence[ChunkKey]) -> dict[ChunkKey, int]:
        """Return how much reading each of the chunks would take of the budget."""
        return chunks.stored_bytes(self._store, keys)

    def synapses(self, projection: str, n: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Return (pre, post) of a projection's first ``n`` synapses, as far as whole blocks of them fit the budget."""
        pre, post, _ = self.wiring(projection, n)
        return pre, post

    def wiring(
        self, projection: str, n: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float32] | None]:
        """Return (pre, post, delay in ms or None) of the first ``n`` synapses, as far as whole blocks fit the budget."""
        parts: list[tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float32] | None]] = []
        for block in range(-(-n // network.BLOCK_ROWS)):
            # pre and post are 8 bytes a synapse before compression, delays 4 more.
            if block and self.bytes_read + 12 * network.BLOCK_ROWS > BUDGET_BYTES:
                break
            own_pre, own_post, own_delay, size_bytes = network.read_synapse_block(
                self._store, self.recording.num, projection, block
            )
            self._spend(size_bytes, f"The synapses of {projection!r}")
            parts.append((own_pre, own_post, own_delay))
        none = np.empty(0, np.uint32)
        pre = np.concatenate([part[0] for part in parts]) if parts else none
        post = np.concatenate([part[1] for part in parts]) if parts else none
        known = [part[2] for part in parts if part[2] is not None]
        delay_ms = np.concatenate(known)[:n] if known and len(known) == len(parts) else None
        return pre[:n], post[:n], delay_ms

    def _fill(self, total: NDArray[np.float64], grid: Grid, first: int, last: int, n_frames: int) -> None:
        manifest = self.manifest
        present = unpack_presence(grid.presence[0], _chunks(n_frames, grid.k))
        for chunk in range(first >> grid.k, ((last - 1) >> grid.k) + 1):
            if not present[chunk]:
                continue
            key = ChunkKey(manifest.num, manifest.build, grid.stream, grid.level, chunk, grid.tiles[0])
            frames: SeriesFrames = decode_series(unseal(self.chunk(key)))
            begin = max(first, frames.first_frame)
            end = min(last, frames.first_frame + len(frames.total))
            if end > begin:
                total[begin - first : end - first] = frames.total[
                    begin - frames.first_frame : end - frames.first_frame
                ]

    def _number(self, stream: str) -> int:
        for found in self.manifest.streams:
            if found.name == stream:
                return found.stream
        raise InvalidInput(
            f"There is no stream {stream!r} in {self.recording.id!r}.",
            hint="Its streams: " + ", ".join(found.name for found in self.manifest.streams),
        )

    def _spend(self, size_bytes: int, what: str) -> None:
        self.bytes_read += size_bytes
        if self.bytes_read > BUDGET_BYTES:
            raise InvalidInput(
                f"{what} would take more than {BUDGET_BYTES >> 20} MiB to read.",
                hint="Choose a shorter window or fewer layers.",
                where="window",
            )


def _chunks(n_frames: int, k: int) -> int:
    """Return how many chunks of 2**k frames hold that many frames."""
    return -(-n_frames >> k)
