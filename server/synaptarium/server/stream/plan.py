"""Which chunks a route needs, in the order in which it needs them."""

from __future__ import annotations

import bisect
import heapq
import itertools
from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.manifest import Grid, Manifest, Stream, unpack_presence
from synaptarium.server.stream.travel import Route

#: A spike glows on after its frame: this many frames before the playhead are needed to show it right.
PRE_ROLL_FRAMES = 128
PRE_ROLL_MAX_US = 2_000_000


class Planned(NamedTuple):
    """A chunk and the distance along the route at which it is first needed (us)."""

    distance_us: int
    order: int
    key: ChunkKey


class Track(NamedTuple):
    """The stored chunks of one stream, level and tile; ``chunks`` are their numbers, ascending."""

    stream: Stream
    level: int
    tile: int
    chunk_us: int
    chunks: list[int]
    target: str

    @property
    def is_state(self) -> bool:
        # A values chunk that is not stored says "unchanged": the one before it holds the state.
        return self.stream.kind == "values"


class Catalogue:
    """A manifest made ready for planning.

    Parameters
    ----------
    manifest : Manifest
        Of the build that is watched.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self._streams = {stream.name: stream for stream in manifest.streams}
        self._grids: dict[tuple[str, int], list[Grid]] = {}
        names = {stream.stream: stream.name for stream in manifest.streams}
        for grid in manifest.grids:
            self._grids.setdefault((names[grid.stream], grid.level), []).append(grid)
        #: By (stream, level): the tiles that have chunks, ascending.
        self.tiles = {
            place: sorted(
                tile for grid in manifest.grids if (grid.stream, grid.level) == place for tile in grid.tiles
            )
            for place in {(grid.stream, grid.level) for grid in manifest.grids}
        }
        self._tracks: dict[tuple[str, int], list[Track]] = {}

    def check_streams(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the names; raises InvalidInput for one that the build does not have."""
        for name in names:
            if name not in self._streams:
                raise InvalidInput(
                    f"There is no stream {name!r} in {self.manifest.recording!r}.",
                    hint="Its streams: " + ", ".join(self._streams),
                    where="streams",
                )
        return tuple(dict.fromkeys(names))

    def level_of(self, name: str, level: int) -> int | None:
        """Return the level that a stream has nearest to the one wanted, None where it has none."""
        have = sorted(number for stream, number in self._grids if stream == name)
        return min(max(level, have[0]), have[-1]) if have else None

    def is_open(self, key: ChunkKey) -> bool:
        """Tell whether a chunk may still change, because the run goes on."""
        if not self.manifest.open:
            return False
        for grid in self._grids.get((self._name(key.stream), key.level), []):
            if key.tile in grid.tiles:
                stop = self.manifest.t_start_us + (key.chunk + 1) * self._chunk_us(grid)
                return stop > self.manifest.closed_us
        return True

    def has(self, key: ChunkKey) -> bool:
        """Tell whether the manifest lists a chunk as stored."""
        if (key.recording, key.build) != (self.manifest.num, self.manifest.build):
            return False
        for track in self.tracks(self._name(key.stream), key.level):
            if track.tile == key.tile:
                at = bisect.bisect_left(track.chunks, key.chunk)
                return at < len(track.chunks) and track.chunks[at] == key.chunk
        return False

    def plan(
        self, route: Route, names: Collection[str], level: int, *, only: Collection[str] = ()
    ) -> Iterator[Planned]:
        """Return the chunks that a route needs, nearest first; endless for a loop.

        Parameters
        ----------
        route : Route
            Where it starts and which way it goes.
        names : collection of str
            Streams.
        level : int
            Time level; a stream without it gives the nearest that it has.
        only : collection of str
            Projections whose weights are wanted; all where empty.
        """
        ways: list[Iterator[Planned]] = []
        for order, name in enumerate(names):
            own = self.level_of(name, level)
            if own is None:
                continue
            for track in self.tracks(name, own):
                if only and track.stream.of == "weights" and track.target not in only:
                    continue
                ways.append(self._along(track, route, order))
        return heapq.merge(*ways)

    def _along(self, track: Track, route: Route, order: int) -> Iterator[Planned]:
        if not track.chunks:
            return
        legs: Iterator[tuple[int, int, int]] = iter([_first_leg(route)])
        if route.loop:
            legs = itertools.chain(legs, _laps(route))
        for base, from_us, to_us in legs:
            walk = self._forward if route.direction > 0 else self._reverse
            for distance, chunk in walk(track, from_us, to_us):
                key = ChunkKey(
                    self.manifest.num,
                    self.manifest.build,
                    track.stream.stream,
                    track.level,
                    chunk,
                    track.tile,
                )
                yield Planned(base + distance, order, key)

    def _forward(self, track: Track, from_us: int, to_us: int) -> Iterator[tuple[int, int]]:
        origin, chunks = self.manifest.t_start_us, track.chunks
        here = (from_us - origin) // track.chunk_us
        at = bisect.bisect_right(chunks, here)
        if at and (track.is_state or chunks[at - 1] == here):
            yield 0, chunks[at - 1]
        before = at - 1 if at and chunks[at - 1] == here else at
        glows = from_us - self._pre_roll_us(track) < origin + here * track.chunk_us
        if glows and not track.is_state and before and chunks[before - 1] == here - 1:
            yield 0, here - 1
        for chunk in itertools.islice(chunks, at, None):
            start = origin + chunk * track.chunk_us
            if start >= to_us:
                return
            yield start - from_us, chunk

    def _reverse(self, track: Track, from_us: int, to_us: int) -> Iterator[tuple[int, int]]:
        origin, chunks = self.manifest.t_start_us, track.chunks
        at = bisect.bisect_right(chunks, (from_us - origin) // track.chunk_us) - 1
        lead_us = 0 if track.is_state else self._pre_roll_us(track)
        below = from_us + 1  # where the chunk above the current one starts
        for index in range(at, -1, -1):
            chunk = chunks[index]
            start = origin + chunk * track.chunk_us
            # A state lasts until the next stored chunk; spikes only for their own chunk and their glow.
            needed_us = below if track.is_state else start + track.chunk_us + lead_us
            if needed_us <= to_us:
                return
            yield max(0, from_us - needed_us), chunk
            below = start

    def _pre_roll_us(self, track: Track) -> int:
        frame_us = self.manifest.bin_us * self.manifest.levels[track.level].bins
        return min(PRE_ROLL_FRAMES * frame_us, max(PRE_ROLL_MAX_US, frame_us))

    def tracks(self, name: str, level: int) -> list[Track]:
        """Return the stored chunks of a stream at a level, one track for each tile."""
        known = self._tracks.get((name, level))
        if known is not None:
            return known
        tracks: list[Track] = []
        for grid in self._grids.get((name, level), []):
            n_chunks = -(-self.manifest.levels[level].frames // (1 << grid.k))
            for tile, presence in zip(grid.tiles, grid.presence, strict=True):
                chunks = np.flatnonzero(unpack_presence(presence, n_chunks)).tolist()
                tracks.append(
                    Track(self._streams[name], level, tile, self._chunk_us(grid), chunks, grid.target)
                )
        self._tracks[name, level] = tracks
        return tracks

    def _chunk_us(self, grid: Grid) -> int:
        return (self.manifest.bin_us * self.manifest.levels[grid.level].bins) << grid.k

    def _name(self, number: int) -> str:
        return next((stream.name for stream in self.manifest.streams if stream.stream == number), "")


def _first_leg(route: Route) -> tuple[int, int, int]:
    if route.direction > 0:
        return 0, route.t_us, route.loop.t_stop_us if route.loop else route.t_stop_us
    return 0, route.t_us, route.loop.t_start_us if route.loop else route.t_start_us


def _laps(route: Route) -> Iterator[tuple[int, int, int]]:
    assert route.loop
    start, stop = route.loop.t_start_us, route.loop.t_stop_us
    # In reverse the playhead steps from the loop's start to its last microsecond.
    first = stop - route.t_us if route.direction > 0 else route.t_us - start + 1
    for lap in itertools.count():
        base = first + lap * (stop - start)
        yield (base, start, stop) if route.direction > 0 else (base, stop - 1, start)
