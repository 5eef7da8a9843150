"""Ten million spikes, ten million weight changes: the three promises hold for them.

Counts of every level sum to the raw spikes; a seek gives the weights of replaying all changes; a rerun on one thread writes
the same bytes. That Spark writes them too is tested on fewer spikes in more ranges (test_spark.py): it makes ranges by the same function, and starting it would take as
long as all this.
"""

from __future__ import annotations

import google_crc32c
import numpy as np
import pytest

from synaptarium.jobs.build import precompute
from synaptarium.jobs.publish import read_manifest
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import decode_groups, decode_series, decode_spikes
from synaptarium.schemas.recording import Projection
from synaptarium.schemas.sealing import Sealed, unseal
from synaptarium.store import closing, open_runs, recordings

N_SPIKES, SIZES, STOP_US = 10_000_000, {"in": 5000, "one": 1, "out": 14_999}, 60_000_000
DECODE = {"spikes": decode_spikes, "groups": decode_groups, "series": decode_series}


@pytest.fixture
def recorded(store, header_of, batches):
    """A recording whose every batch overlaps the next by half, and the spikes of each neuron."""
    recording = recordings.create(store, header_of(SIZES, t_stop_us=STOP_US), status="open")
    rng = np.random.default_rng(5)
    per_neuron = np.zeros(20_000, np.int64)
    parts, width = 20, STOP_US // 21
    for part in range(parts):
        time_us = np.sort(rng.integers(part * width, (part + 2) * width, N_SPIKES // parts))
        neuron = rng.integers(0, 20_000, len(time_us)).astype(np.uint32)
        per_neuron += np.bincount(neuron, minlength=20_000)
        open_runs.append(
            store, recording.id, "spikes", "", batches("spikes", {"time_us": time_us, "neuron": neuron})
        )
    return closing.close(store, recording.id), per_neuron


def test_ten_million_spikes_keep_their_counts_and_their_bytes(store, recorded, bytes_of, monkeypatch) -> None:
    recording, per_neuron = recorded

    first = precompute(store, recording.id, engine="local")
    made = bytes_of(recording, first)
    manifest = read_manifest(store, recording.num, first)
    monkeypatch.setattr("synaptarium.jobs.build.MAX_LOCAL_WORKERS", 1)
    again = bytes_of(recording, precompute(store, recording.id, engine="local"))

    assert again == made
    kinds = {stream.stream: stream.kind for stream in manifest.streams}
    offsets = {layer.name: layer.offset for layer in recording.header.layers}
    found = {level: np.zeros(20_000, np.int64) for level in range(3)}
    totals: dict[tuple[str, int], int] = {}
    for key, stored in made.items():
        stream, level, _, tile = ChunkKey(0, 0, *key)[2:]
        kind = kinds[stream]
        part = DECODE[kind](unseal(sealed_of(stored)))
        if kind == "spikes":
            counts = np.ones(len(part.ids)) if part.counts is None else part.counts
            offset = offsets[manifest.tiles[tile].name] + manifest.tiles[tile].first
            n_here = np.bincount(part.ids, counts, manifest.tiles[tile].n).astype(np.int64)
            found[level][offset : offset + len(n_here)] += n_here
        else:
            n = part.counts.sum() if kind == "groups" else part.total.sum()
            totals[kind, level] = totals.get((kind, level), 0) + int(n)
    for level, counts in found.items():
        assert (counts == per_neuron).all(), level
    assert set(totals.values()) == {N_SPIKES}
    assert {level for kind, level in totals if kind == "series"} == {level.level for level in manifest.levels}


def sealed_of(stored: bytes) -> Sealed:
    return Sealed(stored, google_crc32c.value(stored))


N_CHANGES, N_SYNAPSES, RUN_US = 10_000_000, 3000, 10_000_000
#: So few that most frames set several synapses, and many of them more than once.
SEEKS = 8


@pytest.fixture
def learned(store, header_of, batches):
    """A recording of weight changes, some of which prune a synapse until its next; and the changes in their order."""
    projection = Projection(
        name="in->out", source="in", target="out", kind="explicit", synapses=N_SYNAPSES, target_neurons=50
    )
    header = header_of({"in": 60, "out": 50}, t_stop_us=RUN_US, projections=(projection,))
    recording = recordings.create(store, header, status="open")
    rng = np.random.default_rng(6)
    time_us = np.sort(rng.integers(0, RUN_US, N_CHANGES))
    synapse = rng.integers(0, N_SYNAPSES, N_CHANGES).astype(np.uint32)
    value = rng.normal(0.5, 0.2, N_CHANGES).astype(np.float32)
    value[::50] = np.nan
    for part in np.array_split(np.arange(N_CHANGES), 20):
        columns = {"time_us": time_us[part], "synapse": synapse[part], "value": value[part]}
        open_runs.append(store, recording.id, "weights", "in->out", batches("weights", columns))
    return closing.close(store, recording.id), (time_us, synapse, value)


def test_ten_million_changes_are_found_by_a_seek_and_keep_their_bytes(
    store, learned, chunks_of, bytes_of, monkeypatch
) -> None:
    recording, (time_us, synapse, value) = learned

    first = precompute(store, recording.id, engine="local")
    made = bytes_of(recording, first)
    build = chunks_of(read_manifest(store, recording.num, first))
    bins_us = {level.level: 1000 * level.bins for level in build.manifest.levels[:3]}
    ends_us = np.random.default_rng(7).integers(1, RUN_US // 256_000, SEEKS) * 256_000
    states = {
        (end_us, level): build.state("weights", level, "in->out", end_us // bin_us - 1)
        for end_us in sorted({*ends_us.tolist(), RUN_US // 256_000 * 256_000})
        for level, bin_us in bins_us.items()
    }
    monkeypatch.setattr("synaptarium.jobs.build.MAX_LOCAL_WORKERS", 1)
    again = bytes_of(recording, precompute(store, recording.id, engine="local"))

    assert again == made
    replayed, done = np.full(N_SYNAPSES, np.nan, np.float32), 0
    for (end_us, level), found in states.items():
        until = int(np.searchsorted(time_us, end_us))
        replayed[synapse[done:until]] = value[
            done:until
        ]  # of several values of a synapse, numpy keeps the last
        done = until
        bound = build.grid("weights", level, "in->out").quantisation.max_error
        assert (np.isnan(found) == np.isnan(replayed)).all(), (end_us, level)
        assert np.nanmax(np.abs(found - replayed)) <= bound < 1e-4, (end_us, level)
