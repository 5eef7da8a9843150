"""Makes the plan of a build: which time ranges, which chunks, and how values are stored.

A plan follows from the stored events alone: a rerun, another machine or another engine makes the same one, and so
the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from synaptarium.jobs import sizing, stimuli, survey
from synaptarium.jobs.intervals import TablePlan, plan_tables
from synaptarium.jobs.layout import streams_of, tiles_of
from synaptarium.jobs.plan import Plan
from synaptarium.schemas.chunks import GROUP_NEURONS
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.manifest import EXACT_LEVELS, WEIGHTS, Grid, Quantisation, Tile, levels_of
from synaptarium.schemas.recording import Recording, n_frames
from synaptarium.store import events, network
from synaptarium.store.database import Store

F64 = NDArray[np.float64]

#: Name of the plan among the recording's summaries; the version grows when the same events would plan differently,
#: or ranges that are done would note something else.
PLAN = "plan"
PLANNER_VERSION = 3

#: A range should hold about a sixteenth of the events, between these bounds: enough ranges for every core to have
#: several, arrays that stay in the cache, and blocks that are not decoded too often for two neighbours.
MIN_RANGE_EVENTS = 2**20
MAX_RANGE_EVENTS = 2**21
#: No range may hold more than this, where shorter ranges can prevent it.
RANGE_CEILING = 2**23
MIN_RANGE_BITS, MAX_RANGE_BITS = 8, 22
#: A follower of an open recording waits for a chunk's end at most this long.
OPEN_EXTENT_US = 1_000_000
OPEN_UPPER_K = 4


def make_plan(store: Store, recording: Recording, *, build: int, open: bool = False) -> Plan:
    """Plan a build of a recording from its stored events.

    Parameters
    ----------
    store : Store
        Where the events are; boundary states of weights and potentials are written to its summaries.
    recording : Recording
        What to build.
    build : int
        Number of the new build.
    open : bool
        Plan for a recording that still grows: chunks of about a second, values in f32, no pass over the values.

    Raises
    ------
    InvalidInput
        The recording's span is empty.
    """
    header = recording.header
    frames = n_frames(header)
    if not frames:
        raise InvalidInput(
            f"Recording {recording.id!r} spans no time.", hint="Import it again with its true end."
        )
    profile = _profile(store, recording, frames)
    range_bins = (
        _open_range_bins(header.bin_us)
        if open
        else _range_bins(profile["spikes"] + profile["weights"] + profile["potentials"], frames)
    )
    skeleton = Plan(
        recording=recording.id,
        num=recording.num,
        build=build,
        revision=recording.revision,
        open=open,
        header=header,
        n_frames=frames,
        range_bins=range_bins,
        levels=levels_of(frames),
        tiles=tiles_of(header),
        streams=streams_of(header),
        grids=(),
        states={},
        counts=recording.counts,
    )
    surveys = {} if open else survey.survey_values(store, skeleton)
    grids = tuple(_grids(skeleton, profile["spikes"], surveys))
    return msgspec.structs.replace(
        skeleton,
        grids=grids,
        states={key: found.states for key, found in surveys.items() if found.states},
        tables=TablePlan() if open else _tables(store, recording, skeleton, surveys),
    )


def grown_plan(plan: Plan, recording: Recording, states: dict[str, tuple[int, ...]]) -> Plan:
    """Return the plan of an open recording as it is now: longer, with the grids that it had and those of new levels.

    Parameters
    ----------
    plan : Plan
        Made when the recording was shorter; its grids stay, as chunks lie under them.
    recording : Recording
        As it is now.
    states : dict of str to tuple of int
        Boundary states that are stored.
    """
    frames = n_frames(recording.header)
    longer = msgspec.structs.replace(
        plan,
        revision=recording.revision,
        header=recording.header,
        n_frames=frames,
        levels=levels_of(frames),
        counts=recording.counts,
        states=states,
    )
    known = {(grid.stream, grid.level, grid.target): grid for grid in plan.grids}
    wanted = _grids(longer, np.zeros(1), {})
    grids = tuple(known.get((grid.stream, grid.level, grid.target), grid) for grid in wanted)
    return msgspec.structs.replace(longer, grids=grids)


def _tables(store: Store, recording: Recording, plan: Plan, surveys: dict[str, survey.Survey]) -> TablePlan:
    """Plan the summary tables; which class is on when is stored for the tasks that count by class."""
    classes = stimuli.classes_of(store, recording)
    extremes: dict[str, tuple[float, float]] = {}
    listed: set[str] = set()
    for projection in recording.header.projections:
        found = surveys.get(_target_key(WEIGHTS, projection.name))
        if found is not None and found.low <= found.high:
            extremes[projection.name] = found.low, found.high
        # A convolution's synapses are elements of its kernel: which neurons they lead to, no array says.
        if projection.kind != "kernel" and len(
            network.read_synapse_block(store, plan.num, projection.name, 0)[1]
        ):
            listed.add(projection.name)
    tables = plan_tables(recording, plan.tiles, classes=classes, extremes=extremes, listed=frozenset(listed))
    if any(grid.table == "classes" for grid in tables.grids):
        shown = stimuli.read_presentations(store, plan.num, classes)
        stimuli.write_spans(store, plan.num, plan.build, shown.spans)
    return tables


def _profile(store: Store, recording: Recording, frames: int) -> dict[str, F64]:
    """Return the expected events of each kind per unit of 256 bins, from the blocks' spans and sizes."""
    header = recording.header
    units = -(-frames // sizing.UNIT_BINS)
    width = sizing.UNIT_BINS * header.bin_us
    profile: dict[str, F64] = {}
    for kind in ("spikes", "weights", "potentials"):
        found = profile[kind] = np.zeros(units)
        for block in events.blocks(store, recording.num, kind):
            t0, t1 = block.t0_us - header.t_start_us, block.t1_us + 1 - header.t_start_us
            first, last = max(0, t0 // width), min(units, -(-t1 // width))
            # A block's rows are taken as evenly spread over its span.
            edges = width * np.arange(first, last + 1, dtype=np.float64)
            found[first:last] += block.n * np.diff(np.clip((edges - t0) / (t1 - t0), 0.0, 1.0))
    return profile


def _range_bins(profile: F64, frames: int) -> int:
    wanted = min(max(float(profile.sum()) / 16, MIN_RANGE_EVENTS), MAX_RANGE_EVENTS)
    best = 1 << MIN_RANGE_BITS
    for bits in range(MIN_RANGE_BITS, MAX_RANGE_BITS + 1):
        ranges = np.add.reduceat(profile, np.arange(0, len(profile), (1 << bits) // sizing.UNIT_BINS))
        if float(ranges.mean()) > 1.5 * wanted or float(ranges.max()) > RANGE_CEILING:
            break
        best = 1 << bits
        if best >= frames:
            break
    return best


def _open_range_bins(bin_us: int) -> int:
    bins = max(1, OPEN_EXTENT_US // bin_us)
    return 1 << min(max(bins.bit_length() - 1, MIN_RANGE_BITS), MAX_RANGE_BITS)


def _grids(plan: Plan, spikes: F64, surveys: dict[str, survey.Survey]) -> Iterable[Grid]:
    tiles: dict[tuple[str, str], list[Tile]] = {}
    for tile in plan.tiles:
        tiles.setdefault((tile.kind, tile.name), []).append(tile)
    recorded = {(stream.variable, stream.layer) for stream in plan.header.potentials}
    total = max(1, sum(plan.counts.spikes.values()))
    extent_bins = max(1, OPEN_EXTENT_US // plan.bin_us) if plan.open else plan.range_bins
    for stream in plan.streams:
        kind = "projection" if stream.of == "weights" else "layer"
        for (tile_kind, name), parts in tiles.items():
            if tile_kind != kind:
                continue
            variable = stream.name.removesuffix(".series")
            if stream.of == "potentials" and (variable, name) not in recorded:
                continue
            found = surveys.get(_target_key(stream.stream, name))
            items = sum(part.n for part in parts)
            share = plan.counts.spikes.get(name, 0) / total / len(parts)
            for level in plan.levels:
                if level.level >= EXACT_LEVELS and stream.kind not in ("groups", "series"):
                    continue
                if level.level == 0 and stream.kind == "groups":
                    continue
                quantisation = None
                profile, bound, keyframe_bytes = spikes * share, extent_bins, 0
                if stream.kind == "spikes":
                    estimate = sizing.spike_chunk(parts[0].n, level=level.level)
                elif stream.kind == "groups":
                    estimate = sizing.group_chunk(-(-parts[0].n // GROUP_NEURONS))
                elif stream.kind == "series":
                    estimate = sizing.series_chunk(level.level)
                else:
                    quantisation = (
                        found.quantisation
                        if found
                        else Quantisation(dtype="f32", scale=1.0, offset=0.0, max_error=0.0)
                    )
                    columns = 3 if stream.of == "potentials" and level.level else 1
                    itemsize = 2 if quantisation.dtype == "u16" else 4
                    keyframe_bytes = parts[0].n * itemsize
                    estimate = sizing.value_chunk(parts[0].n, itemsize=itemsize, columns=columns)
                    profile = found.profile * (parts[0].n / items) if found else np.zeros(0)
                if level.level >= EXACT_LEVELS:
                    # Folded after the ranges, so not bound to them; of an open recording again and again, so short.
                    bound = level.bins << (OPEN_UPPER_K if plan.open else sizing.MAX_K)
                k = sizing.choose_k(
                    profile, estimate, bins=level.bins, range_bins=bound, keyframe_bytes=keyframe_bytes
                )
                yield Grid(
                    stream=stream.stream,
                    level=level.level,
                    target=name,
                    k=k,
                    tiles=tuple(part.tile for part in (parts[:1] if stream.kind == "series" else parts)),
                    presence=(),
                    quantisation=quantisation,
                )


def _target_key(stream: int, target: str) -> str:
    """Return the name of one stream's layer or projection in ``Plan.states``."""
    return f"{stream}/{target}"
