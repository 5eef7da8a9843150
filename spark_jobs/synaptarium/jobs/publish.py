"""The finish of a build: fold the upper levels, verify every count, write the manifest, switch to the new build."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec
import numpy as np

from synaptarium.jobs.accounting import accounting_of, overlaps
from synaptarium.jobs.merging import merge_tables
from synaptarium.jobs.plan import Plan
from synaptarium.jobs.upper import upper_chunks
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.manifest import Grid, Manifest, pack_presence
from synaptarium.store import chunks, recordings, summaries
from synaptarium.store.database import Store

MANIFEST = "manifest"


def finish(store: Store, plan: Plan) -> Manifest:
    """Complete a build whose ranges are all done, and publish it.

    Parameters
    ----------
    store : Store
        Holds the chunks of levels 0 to 2.
    plan : Plan
        The build's plan.

    Returns
    -------
    Manifest
        Also written to ``summaries`` as ``("manifest", str(build))``.

    Raises
    ------
    CorruptData
        A level or summary table does not sum to the stored events; the old build stays.
    """
    for made in upper_chunks(store, plan):
        chunks.write(store, made)
    grids, totals = survey_chunks(store, plan)
    verify(plan, totals)
    merge_tables(store, plan)
    manifest = make_manifest(plan, grids, open=False, closed_us=plan.header.t_stop_us)
    told = manifest.accounting + overlaps(store, plan)
    manifest = msgspec.structs.replace(manifest, accounting=told)
    write_manifest(store, manifest)
    recordings.set_build(store, plan.recording, plan.build)
    return manifest


def survey_chunks(store: Store, plan: Plan) -> tuple[tuple[Grid, ...], dict[tuple[int, int, str], int]]:
    """Return the grids with the presence of what is really stored, and the events in each (stream, level, target)."""
    tiles = {tile.tile: tile for tile in plan.tiles}
    found: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    totals: dict[tuple[int, int, str], int] = defaultdict(int)
    for stream in plan.streams:
        for level in plan.levels:
            for key, n in chunks.keys(store, *_bounds(plan, stream.stream, level.level)):
                found[key.stream, key.level, key.tile].append(key.chunk)
                totals[key.stream, key.level, tiles[key.tile].name] += n
    return tuple(_with_presence(plan, found)), totals


def verify(plan: Plan, totals: dict[tuple[int, int, str], int]) -> None:
    """Raise CorruptData unless every level of spikes, groups and series sums to the stored events exactly."""
    for grid in plan.grids:
        stream = next(found for found in plan.streams if found.stream == grid.stream)
        if stream.kind == "values":
            continue
        if stream.of == "spikes":
            expected = plan.counts.spikes.get(grid.target, 0)
        elif stream.of == "weights":
            expected = plan.counts.weights.get(grid.target, 0)
        else:
            expected = plan.counts.potentials.get(f"{stream.name.removesuffix('.series')}/{grid.target}", 0)
        found = totals.get((grid.stream, grid.level, grid.target), 0)
        if found != expected:
            raise CorruptData(
                f"Level {grid.level} of {stream.name} of {grid.target!r} holds {found} events; "
                f"the recording has {expected}.",
                hint="Events outside the recording's span, or changed while it was precomputed? Import it again.",
                where=f"build {plan.build}",
            )


def make_manifest(plan: Plan, grids: tuple[Grid, ...], *, open: bool, closed_us: int) -> Manifest:
    """Return the manifest of a plan with the presence of its chunks."""
    return Manifest(
        recording=plan.recording,
        num=plan.num,
        build=plan.build,
        revision=plan.revision,
        open=open,
        bin_us=plan.bin_us,
        t_start_us=plan.t_start_us,
        t_stop_us=plan.header.t_stop_us,
        closed_us=closed_us,
        levels=plan.levels,
        tiles=plan.tiles,
        streams=plan.streams,
        grids=grids,
        accounting=accounting_of(plan),
    )


def write_manifest(store: Store, manifest: Manifest) -> None:
    """Write a manifest where readers look for it."""
    summaries.write(store, manifest.num, MANIFEST, str(manifest.build), msgspec.to_builtins(manifest))


def read_manifest(store: Store, num: int, build: int) -> Manifest | None:
    """Return the manifest of a build, None where there is none."""
    document = summaries.read(store, num, MANIFEST, str(build))
    return None if document is None else msgspec.convert(document, Manifest)


def _bounds(plan: Plan, stream: int, level: int) -> tuple[ChunkKey, ChunkKey]:
    first = ChunkKey(plan.num, plan.build, stream, level, 0, 0)
    return first, first._replace(chunk=0xFFFFFFFF, tile=0xFFFFFF)


def _with_presence(plan: Plan, found: dict[tuple[int, int, int], list[int]]) -> Iterator[Grid]:
    for grid in plan.grids:
        n_chunks = -(-plan.levels[grid.level].frames >> grid.k)
        bitmaps: list[str] = []
        for tile in grid.tiles:
            present = np.zeros(n_chunks, np.bool_)
            present[found.get((grid.stream, grid.level, tile), [])] = True
            bitmaps.append(pack_presence(present))
        yield msgspec.structs.replace(grid, presence=tuple(bitmaps))
