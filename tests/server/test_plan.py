"""Routes, plans, levels: which chunks a way through a recording needs, and when."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import InvalidInput, InvalidTime
from synaptarium.schemas.manifest import Grid, Level, Manifest, Stream, Tile, pack_presence
from synaptarium.schemas.messages import Loop
from synaptarium.server.stream.ladder import Ladder
from synaptarium.server.stream.plan import Catalogue
from synaptarium.server.stream.travel import (
    Route,
    Travel,
    check_level,
    check_loop,
    check_speed,
    check_time,
    level_for,
)

BIN_US, K = 1000, 8
CHUNK_US = BIN_US << K
N_CHUNKS = 20
STOP_US = N_CHUNKS * CHUNK_US


def manifest(
    spikes: list[int] | None = None,
    weights: list[int] | None = None,
    *,
    open: bool = False,
    closed_us: int = STOP_US,
) -> Manifest:
    """One layer, one projection; the chunks of level 0 that are stored."""

    def grid(stream: int, target: str, tile: int, chunks: list[int] | None) -> Grid:
        present = np.zeros(N_CHUNKS, np.bool_)
        present[list(range(N_CHUNKS)) if chunks is None else chunks] = True
        return Grid(
            stream=stream, level=0, target=target, k=K, tiles=(tile,), presence=(pack_presence(present),)
        )

    frames = N_CHUNKS << K
    return Manifest(
        recording="r",
        num=7,
        build=3,
        revision=1,
        open=open,
        bin_us=BIN_US,
        t_start_us=0,
        t_stop_us=STOP_US,
        closed_us=closed_us,
        levels=tuple(Level(level=n, bins=16**n, frames=-(-frames // 16**n)) for n in range(3)),
        tiles=(
            Tile(tile=0, kind="layer", name="a", first=0, n=10),
            Tile(tile=1, kind="projection", name="p", first=0, n=9),
        ),
        streams=(
            Stream(stream=0, name="spikes", kind="spikes", of="spikes"),
            Stream(stream=3, name="weights", kind="values", of="weights"),
        ),
        grids=(grid(0, "a", 0, spikes), grid(3, "p", 1, weights)),
    )


def numbers(found: Manifest, route: Route, name: str) -> list[int]:
    return [planned.key.chunk for planned in Catalogue(found).plan(route, (name,), 0)]


def test_forward_starts_with_the_chunk_of_the_moment() -> None:
    route = Route(5 * CHUNK_US + 200_000, 1, 0, STOP_US)

    planned = list(Catalogue(manifest()).plan(route, ("spikes",), 0))

    assert [p.key.chunk for p in planned] == list(range(5, 20))
    assert [p.distance_us for p in planned[:3]] == [0, 56_000, 56_000 + CHUNK_US]


def test_moment_near_a_start_needs_the_chunk_before_too() -> None:
    planned = list(Catalogue(manifest()).plan(Route(5 * CHUNK_US + 3000, 1, 0, STOP_US), ("spikes",), 0))

    assert {p.key.chunk for p in planned if p.distance_us == 0} == {4, 5}


def test_silent_moment_needs_no_spikes_but_the_last_weights() -> None:
    found = manifest(spikes=[0, 9], weights=[0, 2, 12])
    route = Route(6 * CHUNK_US + 200_000, 1, 0, STOP_US)

    assert numbers(found, route, "spikes") == [9]
    assert numbers(found, route, "weights") == [2, 12]


def test_reverse_needs_the_weights_that_held_then() -> None:
    found = manifest(weights=[0, 2, 12])
    route = Route(13 * CHUNK_US, -1, 0, STOP_US)

    planned = list(Catalogue(found).plan(route, ("weights",), 0))

    # Chunk 2 holds from its own start up to that of chunk 12; it is needed when the playhead goes below 12.
    assert [(p.key.chunk, p.distance_us) for p in planned] == [(12, 0), (2, CHUNK_US), (0, 11 * CHUNK_US)]


def test_loop_repeats_with_growing_distance() -> None:
    route = Route(
        4 * CHUNK_US + 200_000, 1, 0, STOP_US, Loop(t_start_us=4 * CHUNK_US, t_stop_us=6 * CHUNK_US)
    )

    planned = list(itertools.islice(Catalogue(manifest(weights=[1])).plan(route, ("weights",), 0), 3))

    lap = 2 * CHUNK_US
    assert [(p.key.chunk, p.distance_us) for p in planned] == [
        (1, 0),
        (1, lap - 200_000),
        (1, 2 * lap - 200_000),
    ]


times = st.integers(0, STOP_US - 1)
stored = st.lists(st.integers(0, N_CHUNKS - 1), unique=True).map(sorted)


@given(times, st.sampled_from([1, -1]), stored, stored)
def test_every_moment_of_a_way_has_what_it_needs_in_time(
    t_us: int, direction: int, spikes: list[int], weights: list[int]
) -> None:
    route = Route(t_us, direction, 0, STOP_US)
    planned = list(Catalogue(manifest(spikes, weights)).plan(route, ("spikes", "weights"), 0))

    assert [p.distance_us for p in planned] == sorted(p.distance_us for p in planned)
    assert len({p.key for p in planned}) == len(planned)
    need_us = {(p.key.stream, p.key.chunk): p.distance_us for p in planned}
    for distance_us in range(0, int(route.length_us), CHUNK_US // 3):
        here = route.position_us(distance_us) // CHUNK_US
        if here in spikes:
            assert need_us[0, here] <= distance_us
        before = [chunk for chunk in weights if chunk <= here]
        if before:
            assert need_us[3, before[-1]] <= distance_us


def test_selected_projections_only() -> None:
    route = Route(0, 1, 0, STOP_US)
    catalogue = Catalogue(manifest())

    assert {p.key.stream for p in catalogue.plan(route, ("spikes", "weights"), 0, only=("q",))} == {0}
    assert {p.key.stream for p in catalogue.plan(route, ("spikes", "weights"), 0, only=("p",))} == {0, 3}


def test_level_that_a_stream_lacks_gives_the_nearest() -> None:
    catalogue = Catalogue(manifest())

    assert (catalogue.level_of("spikes", 2), catalogue.level_of("nothing", 0)) == (0, None)
    assert {p.key.level for p in catalogue.plan(Route(0, 1, 0, STOP_US), ("spikes",), 2)} == {0}


def test_catalogue_knows_what_is_stored_and_open() -> None:
    catalogue = Catalogue(manifest(spikes=[3, 4], open=True, closed_us=4 * CHUNK_US))

    assert catalogue.has(ChunkKey(7, 3, 0, 0, 3, 0))
    for wrong in ((8, 3, 0, 0, 3, 0), (7, 2, 0, 0, 3, 0), (7, 3, 1, 0, 3, 0), (7, 3, 0, 1, 3, 0), (7, 3, 0, 0, 5, 0),
                  (7, 3, 0, 0, 3, 1), (7, 3, 0, 0, 2**40, 0)):  # fmt: skip
        assert not catalogue.has(ChunkKey(*wrong))
    assert not catalogue.is_open(ChunkKey(7, 3, 0, 0, 3, 0))
    assert catalogue.is_open(ChunkKey(7, 3, 0, 0, 4, 0))


def test_unknown_stream_is_told() -> None:
    with pytest.raises(InvalidInput, match="no stream 'smells'"):
        Catalogue(manifest()).check_streams(("spikes", "smells"))


@pytest.mark.parametrize(
    ("speed", "level"), [(0.1, 0), (1, 0), (-1, 0), (1.1, 1), (16, 1), (17, 2), (1000, 2)]
)
def test_level_shows_no_more_frames_than_a_screen(speed: float, level: int) -> None:
    assert level_for(manifest(), speed) == level


@pytest.mark.parametrize("speed", [0.0, float("nan"), float("inf"), -float("inf"), 1e9])
def test_impossible_speed_is_told(speed: float) -> None:
    with pytest.raises(InvalidInput, match="The speed is"):
        check_speed(speed)


def test_times_levels_and_loops_are_checked() -> None:
    found = manifest()

    assert check_time(found, STOP_US) == STOP_US - 1
    assert check_loop(found, Loop(t_start_us=10, t_stop_us=20), 30) == 10
    assert check_loop(found, Loop(t_start_us=10, t_stop_us=20), 15) == 15
    for t_us in (-1, STOP_US + 1):
        with pytest.raises(InvalidTime):
            check_time(found, t_us)
    for start, stop in ((5, 5), (6, 5), (-1, 5), (5, STOP_US + 1)):
        with pytest.raises(InvalidTime):
            check_loop(found, Loop(t_start_us=start, t_stop_us=stop), 0)
    for level in (-1, 3):
        with pytest.raises(InvalidInput):
            check_level(found, level)


def test_travel_counts_only_while_it_runs() -> None:
    travel = Travel(-2.0)
    travel.start(10.0)

    assert travel.distance_us(10.5) == pytest.approx(1_000_000)
    travel.stop(11.0)
    assert travel.distance_us(99.0) == pytest.approx(2_000_000)


def test_travel_waits_where_it_is_held() -> None:
    travel = Travel(2.0)
    travel.start(0.0)

    assert travel.hold_at(500_000, 1.0) == pytest.approx(0.75)
    assert travel.distance_us(1.0) == 500_000
    assert travel.hold_at(500_001, 1.0) == 0.0


def test_route_wraps_in_a_loop_both_ways() -> None:
    loop = Loop(t_start_us=50, t_stop_us=100)

    assert [Route(90, 1, 0, 200, loop).position_us(d) for d in (0, 9, 10, 60)] == [90, 99, 50, 50]
    assert [Route(55, -1, 0, 200, loop).position_us(d) for d in (0, 5, 6, 56)] == [55, 50, 99, 99]


def test_viewer_that_falls_behind_gets_a_coarser_level_and_later_the_finer_again() -> None:
    ladder = Ladder(0, 2, pinned=False)

    changes = [ladder.step(0.3, now) for now in (0.0, 0.1)]
    assert (changes, ladder.level) == ([False, True], 1)
    calm = [now for now in np.arange(0.2, 60, 0.5) if ladder.step(0.0, float(now))]
    assert ladder.level == 0
    assert len(calm) == 1
    assert 8 < calm[0] < 20


def test_each_failed_try_of_the_finer_level_waits_longer() -> None:
    ladder = Ladder(0, 1, pinned=False)
    now, waits = 0.0, []
    for _ in range(4):
        while ladder.level == 0:
            now += 0.1
            ladder.step(0.3, now)
        since = now
        while ladder.level == 1:
            now += 0.5
            ladder.step(0.0, now)
        waits.append(now - since)

    assert all(later > 1.5 * earlier for earlier, later in itertools.pairwise(waits))


def test_level_that_was_asked_for_stays() -> None:
    ladder = Ladder(0, 2, pinned=True)

    assert not any(ladder.step(5.0, float(now)) for now in range(10))
