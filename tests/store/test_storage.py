"""What is stored is told by where it lies, and what can be rebuilt can be dropped."""

from __future__ import annotations

import pytest

from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list
from synaptarium.jobs.build import precompute
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import Conflict, RecordingBusy
from synaptarium.schemas.recording import Recording
from synaptarium.server.stream.hub import read_manifest
from synaptarium.store import chunks, events, jobs, recordings, storage, summaries
from synaptarium.store.database import Store
from synaptarium.store.importing import import_source


@pytest.fixture
def recording(store: Store) -> Recording:
    """4,000 neurons at 1 % a frame, beside one that is alone; precomputed."""
    generation = Generation(
        layers=layer_list("in:4000,one:1"), seconds=1, spikes=40_000, sigma=0, depth=0, bursts_hz=0,
        fan_in=1, weights=500,
    )  # fmt: skip
    made = import_source(store, GeneratedSource(generation), name="a run")
    precompute(store, made.id, engine="local")
    return recordings.get(store, made.id)


def payloads(store: Store, recording: Recording) -> dict[tuple[int, ...], bytes]:
    first, last = (
        ChunkKey(recording.num, 0, 0, 0, 0, 0),
        ChunkKey(recording.num, 0xFFFF, 0xFFFF, 0xFF, 2**32 - 1, 2**24 - 1),
    )
    return {
        (key.stream, key.level, key.chunk, key.tile): sealed.stored
        for key, sealed in chunks.scan(store, first, last)
    }


def test_bytes_are_told_by_collection_stream_and_level(store: Store, recording: Recording) -> None:
    found = storage.stats(store, recording, read_manifest(store, recording))

    assert found["stored_bytes"] == sum(one["bytes"] for one in found["collections"])
    sizes = {one["collection"]: one["bytes"] for one in found["collections"]}
    assert sizes["chunks"] == sum(one["bytes"] for one in found["streams"]) == found["builds"][0]["bytes"]
    assert sizes["events"] == sum(one["bytes"] for one in found["events"])
    spikes = next(one for one in found["events"] if one["kind"] == "spikes")
    assert (spikes["events"], spikes["raw_bytes"]) == (40_000, 480_000)
    assert spikes["compression"] == pytest.approx(480_000 / spikes["bytes"])
    assert {one["target"] for one in found["weights"]} == {"in -> one"}
    assert [one["published"] for one in found["builds"]] == [True]


def test_bytes_per_spike_stand_beside_the_entropy_bound(store: Store, recording: Recording) -> None:
    found = storage.stats(store, recording, read_manifest(store, recording))["spikes"]

    # 0.01 of 4,000 neurons: 0.0808 bits for each neuron and frame, 8.08 bits a spike.
    assert found["entropy_bytes_per_spike"] == pytest.approx(1.01, abs=0.01)
    base = next(one for one in found["stored"] if one["what"] == "base level")
    # Forty spikes a frame: the frames' own rows weigh in. tests/bench/bench_storage.py has a million neurons.
    assert 1.0 <= base["of_entropy"] < 1.3


def test_a_recording_without_chunks_has_stats(store: Store) -> None:
    silent = import_source(store, GeneratedSource(Generation(layers=layer_list("a:3"), spikes=0)))

    found = storage.stats(store, silent, None)

    assert found["streams"] == found["builds"] == found["spikes"]["stored"] == []


def test_dropping_leaves_the_events_and_rebuilding_gives_the_same_bytes(
    store: Store, recording: Recording
) -> None:
    before = payloads(store, recording)
    blocks = events.blocks(store, recording.num, "spikes")
    size_bytes = sum(map(len, before.values()))

    freed = storage.drop_derived(store, recording.id)

    assert freed > size_bytes
    assert recordings.get(store, recording.id).build is None
    assert payloads(store, recording) == {} and summaries.names(store, recording.num) == []
    assert jobs.latest(store, recording.num) is None
    assert events.blocks(store, recording.num, "spikes") == blocks
    assert storage.drop_derived(store, recording.id) == 0

    precompute(store, recording.id, engine="local")
    assert payloads(store, recording) == before


def test_nothing_is_dropped_while_somebody_precomputes(store: Store, recording: Recording) -> None:
    jobs.claim(store, recording.num, 9, "elsewhere/1/x")

    with pytest.raises(RecordingBusy, match="precomputed"):
        storage.drop_derived(store, recording.id)

    assert recordings.get(store, recording.id).build is not None


def test_a_run_that_goes_on_keeps_its_chunks(store: Store, recording: Recording) -> None:
    recordings.set_status(store, recording.id, "open")

    with pytest.raises(Conflict, match="goes on"):
        storage.drop_derived(store, recording.id)


@pytest.mark.parametrize(("n", "bound"), [(0, 0.0), (1000, 125.0), (5000, 125.0)])
def test_the_entropy_bound_of_silence_and_of_dense_spikes(n: int, bound: float) -> None:
    assert storage.entropy_bytes(n, 100, 10) == pytest.approx(bound)
