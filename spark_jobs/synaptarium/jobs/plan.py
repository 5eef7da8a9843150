"""The plan of a build: time ranges that hold whole chunks, the grid of every stream, and how values are stored."""

from __future__ import annotations

import msgspec

from synaptarium.jobs.intervals import TablePlan
from synaptarium.schemas.manifest import LEVEL_FACTOR, Grid, Level, Stream, Tile
from synaptarium.schemas.recording import Counts, Header


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What ``build_range`` needs besides the store; small enough to go to every executor.

    Parameters
    ----------
    recording, num, build, revision : str, int, int, int
        Recording id, its number in keys, the build to make, the revision of the events that it covers.
    open : bool
        Planned for a recording that still grows.
    header : Header
        Network, bin and span.
    n_frames : int
        Level-0 frames.
    range_bins : int
        Bins of a range, a power of two; every chunk of levels 0 to 2 lies within one range.
    levels, tiles, streams : tuple
        As in the manifest.
    grids : tuple of Grid
        As in the manifest, without presence.
    states : dict of str to tuple of int
        ``"<stream>/<target>"`` to the ranges whose boundary state is stored, ascending.
    counts : Counts
        Events that the levels must sum to.
    tables : TablePlan
        Summary tables; none while a recording still grows.
    """

    recording: str
    num: int
    build: int
    revision: int
    open: bool
    header: Header
    n_frames: int
    range_bins: int
    levels: tuple[Level, ...]
    tiles: tuple[Tile, ...]
    streams: tuple[Stream, ...]
    grids: tuple[Grid, ...]
    states: dict[str, tuple[int, ...]]
    counts: Counts
    tables: TablePlan = TablePlan()

    @property
    def bin_us(self) -> int:
        """Width of a level-0 frame."""
        return self.header.bin_us

    @property
    def t_start_us(self) -> int:
        """Start of frame 0."""
        return self.header.t_start_us

    @property
    def n_ranges(self) -> int:
        """Number of ranges."""
        return -(-self.n_frames // self.range_bins)

    @property
    def end_us(self) -> int:
        """End of the last frame, t_stop_us or up to one bin after it."""
        return self.t_start_us + self.n_frames * self.bin_us

    def span_us(self, range_index: int) -> tuple[int, int]:
        """Return the half-open span of a range in microseconds, clipped to the recording's end."""
        width = self.range_bins * self.bin_us
        start = self.t_start_us + range_index * width
        return start, min(start + width, self.end_us)

    def frames(self, range_index: int, level: int) -> tuple[int, int]:
        """Return the first frame of a range at a level and the frame after its last."""
        first = range_index * self.range_bins
        stop = min(first + self.range_bins, self.n_frames)
        bins = LEVEL_FACTOR**level
        return first // bins, -(-stop // bins)
