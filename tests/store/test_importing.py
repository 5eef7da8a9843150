"""Imports: complete or not there, bounded, resumed after a kill of the importer or of the database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.arrays import arrays_source
from synaptarium.schemas.errors import (
    CorruptData,
    InvalidInput,
    InvalidTime,
    NeuronOutOfRange,
    RecordingBusy,
    RecordingExists,
    SynaptariumError,
)
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.recording import Header, Recording
from synaptarium.store import events, importing, jobs, network, recordings
from synaptarium.store.database import Store
from synaptarium.store.importing import import_source

COLLECTIONS = ("recordings", "events", "neurons", "synapses", "chunks", "summaries", "jobs")


def a_source(n_spikes: int = 1000, name: str = "a run") -> ArraySource:
    """Two layers with positions and labels, a projection that learns, one variable, stimuli, metrics and images."""
    random = np.random.default_rng(7)
    return arrays_source(
        name,
        time_unit="us",
        bin_us=1000,
        layers=[
            {"name": "in", "shape": (4, 5), "positions": random.random((20, 3)), "cell_type": "input"},
            {"name": "out", "neurons": 3, "labels": [0, 1, -1], "labels_method": "counted"},
        ],
        projections=[
            {
                "name": "p",
                "source": "in",
                "target": "out",
                "pre": [0, 1, 19],
                "post": [0, 1, 2],
                "delays_ms": [1, 2, 3],
            }
        ],
        spikes={
            "in": (np.sort(random.integers(0, 50_000, n_spikes)), random.integers(0, 20, n_spikes)),
            "out": ([7, 49_999], [0, 2]),
        },
        potentials=[
            {
                "layer": "out",
                "variable": "v",
                "unit": "mV",
                "times": [0, 1000],
                "values": [[-65.0, -64.0], [-60.0, -64.0]],
                "ids": [0, 2],
            }
        ],
        weights={"p": ([0, 1000, 2000], [[0.1, 0.2, 0.3], [0.1, 0.5, 0.3], [0.0, 0.5, 0.3]])},
        stimuli={"t_start": [0, 20_000], "t_stop": [10_000, 30_000], "labels": ["a", "b"], "images": [1, 0]},
        metrics={"accuracy": ([0, 1000, 2000], [0.1, 0.5, 0.9])},
        images=np.arange(8, dtype=np.uint8).reshape(2, 2, 2),
    )


@dataclass
class Altered:
    """A source whose header or batches another test bends."""

    source: ArraySource
    batches: dict[str, list[pa.RecordBatch]] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    before_each: Any = None

    def describe(self) -> Header:
        return msgspec.structs.replace(self.source.describe(), **self.header)

    def read(self, kind: EventKind, stream: str = "", *_: int | None) -> Iterator[pa.RecordBatch]:
        for batch in self.batches.get(kind) or self.source.read(kind, stream):
            if self.before_each is not None:
                self.before_each(kind)
            yield batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)


def contents(store: Store) -> dict[str, int]:
    return {name: store.db[name].count_documents({}) for name in COLLECTIONS}


def everything(store: Store, num: int, kind: EventKind, stream: str = "") -> pa.Table:
    return pa.Table.from_batches(list(events.read(store, num, kind, stream)))


def test_an_import_stores_everything_that_the_source_has(store: Store) -> None:
    source = a_source()
    seen: list[tuple[int, int, str]] = []

    recording = import_source(store, source, progress=lambda *step: seen.append(step))

    assert recording.status == "ready"
    assert recording.counts == source.counts()
    assert recording.counts.spikes == {"in": 1000, "out": 2}
    assert recording.weights["p"].first.max == pytest.approx(0.3)
    assert recording.weights["p"].last.min == 0.0
    for kind, stream in [
        ("spikes", ""),
        ("potentials", "v"),
        ("weights", "p"),
        ("stimuli", ""),
        ("metrics", ""),
    ]:
        assert everything(store, recording.num, kind, stream) == pa.Table.from_batches(
            source.read(kind, stream)
        )
    assert everything(store, recording.num, "images")["pixels"].to_pylist() == [b"\0\1\2\3", b"\4\5\6\7"]
    assert np.array_equal(network.read_positions(store, recording.num, "in"), source.positions("in"))
    assert network.read_labels(store, recording.num, "out")[1] == "counted"
    assert network.read_recorded(store, recording.num, "out", "v").tolist() == [0, 2]
    pre, post, delay_ms = network.read_synapses(store, recording.num, "p")
    assert (pre.tolist(), post.tolist(), delay_ms.tolist()) == ([0, 1, 19], [0, 1, 2], [1, 2, 3])
    done = [step[0] for step in seen]
    assert done == sorted(done)
    assert seen[-1][:2] == (importing.total_of(source.counts()),) * 2
    assert contents(store)["jobs"] == 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(0, 49_999), st.integers(0, 22)), min_size=1, max_size=60),
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=5),
)
def test_whatever_the_order_and_the_batches_all_spikes_arrive_sorted(
    store: Store, rows: list[tuple[int, int]], sizes: list[int]
) -> None:
    times_us, neurons = (np.array(column) for column in zip(*rows, strict=True))
    batches: list[pa.RecordBatch] = []
    start = 0
    while start < len(rows):
        stop = start + sizes[len(batches) % len(sizes)]
        columns = {
            "time_us": pa.array(times_us[start:stop], pa.int64()),
            "neuron": pa.array(neurons[start:stop], pa.uint32()),
        }
        batches.append(pa.record_batch(columns))
        start = stop
    source = Altered(a_source(), {"spikes": batches})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "BLOCK_BYTES", 7 * 12)  # seven rows of (time, neuron) a block
        recording = import_source(store, source, name=f"run {rows} {sizes}"[:200])
        table = everything(store, recording.num, "spikes")
        n_blocks = len(events.blocks(store, recording.num, "spikes"))
        recordings.delete(store, recording.id)

    assert n_blocks == -(-len(rows) // 7)
    assert sum(recording.counts.spikes.values()) == len(rows)
    found = list(zip(table["time_us"].to_pylist(), table["neuron"].to_pylist(), strict=True))
    assert sorted(found) == sorted(rows)
    assert [time_us for time_us, _ in found] == sorted(time_us for time_us, _ in rows)
    moved = int(np.count_nonzero(times_us < np.maximum.accumulate(times_us)))
    told = [entry for entry in recording.header.accounting if entry.what == "spikes in time order"]
    assert [(entry.kept, entry.total) for entry in told] == (
        [(len(rows) - moved, len(rows))] if moved else []
    )


def spikes(time_us: int, neuron: int) -> list[pa.RecordBatch]:
    return [
        pa.record_batch(
            {"time_us": pa.array([time_us], pa.int64()), "neuron": pa.array([neuron], pa.uint32())}
        )
    ]


@pytest.mark.parametrize(
    ("batches", "header", "error", "says"),
    [
        ({"spikes": spikes(-1, 0)}, {}, InvalidTime, "A spike is at -1 us"),
        ({"spikes": spikes(10**9, 0)}, {}, InvalidTime, "A spike is at 1000000000 us"),
        ({"spikes": spikes(0, 23)}, {}, NeuronOutOfRange, "Layer 'out' has 3 neurons; spikes name neuron 3"),
        ({"images": [pa.record_batch({"pixels": [b"123"]})]}, {}, InvalidInput, "3 pixels"),
        (
            {"images": [pa.record_batch({"pixels": [b"1234"]})]},
            {},
            InvalidInput,
            "shows image 1; there are 1",
        ),
        ({}, {"bin_us": 0}, InvalidInput, "bin_us is 0"),
    ],
)
def test_a_source_that_contradicts_itself_leaves_the_store_as_it_was(
    store: Store,
    batches: dict[str, list[pa.RecordBatch]],
    header: dict[str, Any],
    error: type[SynaptariumError],
    says: str,
) -> None:
    import_source(store, a_source(name="another"))
    before = contents(store)

    with pytest.raises(error, match=says):
        import_source(store, Altered(a_source(), batches, header))

    assert contents(store) == before


def test_a_source_that_turns_out_damaged_leaves_the_store_as_it_was(store: Store) -> None:
    def damaged(kind: str) -> None:
        if kind == "weights":
            raise CorruptData("events-2.arrow cannot be read.")

    import_source(store, a_source(name="another"))
    before = contents(store)

    with pytest.raises(CorruptData, match="cannot be read"):
        import_source(store, Altered(a_source(), before_each=damaged))

    assert contents(store) == before
    assert import_source(store, a_source()).status == "ready"


def test_arrays_that_do_not_fit_their_layer_are_refused(store: Store) -> None:
    source = Altered(a_source())
    source.__dict__["positions"] = lambda layer: np.zeros((3, 3), np.float32)
    with pytest.raises(InvalidInput, match="Layer 'in' has 20 neurons; 3 positions are given"):
        import_source(store, source)

    source = Altered(a_source())
    source.__dict__["synapses"] = lambda name: (np.array([20, 0, 0], np.uint32), np.zeros(3, np.uint32), None)
    with pytest.raises(
        NeuronOutOfRange, match="Layer 'in' has 20 neurons; Projection 'p' comes from neuron 20"
    ):
        import_source(store, source)

    assert sum(contents(store).values()) == 0


def test_importing_the_same_again_is_told(store: Store) -> None:
    import_source(store, a_source())

    with pytest.raises(RecordingExists, match="in the store already, as recording 'a-run'"):
        import_source(store, a_source())

    assert import_source(store, a_source(), name="Other Name").id == "other-name"
    assert import_source(store, a_source(n_spikes=10)).id == "a-run-2"  # other data of the same name


def test_two_imports_of_one_source_do_not_mix(store: Store) -> None:
    def second_import(kind: str) -> None:
        with pytest.raises(RecordingBusy, match="being imported by process"):
            import_source(store, a_source())

    recording = import_source(store, Altered(a_source(), before_each=second_import))

    assert recording.counts == a_source().counts()
    assert [found.id for found in recordings.all_recordings(store)] == ["a-run"]


def test_two_imports_that_begin_in_one_moment_do_not_both_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, second = recordings.create, True

    def create_after_another(*words: Any, **options: Any) -> Recording:
        nonlocal second
        if second:
            second = False
            import_source(store, a_source())
        return create(*words, **options)

    monkeypatch.setattr(recordings, "create", create_after_another)

    with pytest.raises(RecordingBusy, match="being imported already, as recording 'a-run'"):
        import_source(store, a_source())

    assert [(found.id, found.status) for found in recordings.all_recordings(store)] == [("a-run", "ready")]


def test_an_import_that_stopped_goes_on_where_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BLOCK_BYTES", 14 * 100)

    def stop(kind: str) -> None:
        if kind == "potentials":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_source(store, Altered(a_source(), before_each=stop))
    (left,) = recordings.all_recordings(store)
    assert left.status == "importing"
    written = events.blocks(store, left.num, "spikes")
    assert len(written) > 5
    store.db.events.update_many({"kind": "spikes"}, {"$set": {"mark": "not written again"}})

    recording = import_source(store, a_source())

    assert (recording.id, recording.num, recording.status) == (left.id, left.num, "ready")
    assert recording.counts == a_source().counts()
    assert events.blocks(store, left.num, "spikes") == written
    assert store.db.events.count_documents({"mark": "not written again"}) == len(written)


def test_an_import_with_other_options_starts_anew(store: Store) -> None:
    def stop(kind: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_source(store, Altered(a_source(), before_each=stop))

    recording = import_source(store, Altered(a_source(), header={"bin_us": 500}))

    assert [found.num for found in recordings.all_recordings(store)] == [recording.num]
    assert recording.header.bin_us == 500


def test_memory_stays_at_a_few_blocks() -> None:
    taken = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal taken
        for _ in range(200):
            taken += 10_000
            yield pa.record_batch(
                {"time_us": np.zeros(10_000, np.int64), "neuron": np.zeros(10_000, np.uint32)}
            )

    given = 0
    for block in importing.cut(batches()):
        given += block.num_rows
        assert taken - given < 10_000 + events.BLOCK_BYTES // 12
        assert block.nbytes <= events.BLOCK_BYTES
    assert given == 2_000_000


IMPORT = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import numpy as np
    from synaptarium.adapters.arrays import arrays_source
    from synaptarium.server.library import open_library
    from synaptarium.store import events
    from synaptarium.store.importing import import_source

    def source():
        random = np.random.default_rng(3)
        times = np.sort(random.integers(0, 1_000_000, 60_000))
        layers = [{"name": "L", "neurons": 50}]
        return arrays_source("killed", layers=layers, spikes={"L": (times, random.integers(0, 50, 60_000))}, bin_us=1000)

    def progress(done, total, what):
        if what == "spikes":
            print(done, flush=True)
            sys.stdin.readline()  # the test says when to go on

    if __name__ == "__main__":
        events.BLOCK_BYTES = 65536
        with open_library(Path(sys.argv[1]), purpose="import") as library:
            print(library.mongod.status().pid, flush=True)
            recording = import_source(library.store, source(), progress=progress)
            print("ready", recording.counts.spikes["L"], flush=True)
    """
)


@pytest.fixture
def importer(data_folder: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that imports into its own mongod and waits for a line after every block."""
    script = tmp_path / "importer.py"
    script.write_text(IMPORT)
    process = subprocess.Popen(
        [sys.executable, str(script), str(data_folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str], steps: int) -> None:
    for _ in range(steps):
        heard(process)
        print(file=process.stdin, flush=True)


def test_killing_mongod_during_an_import_loses_nothing(
    importer: subprocess.Popen[str], data_folder: Path
) -> None:
    mongod = int(heard(importer))
    go_on(importer, 3)
    heard(importer)

    os.kill(mongod, signal.SIGKILL)
    print(file=importer.stdin, flush=True)

    line = heard(importer)
    while not line.startswith("ready"):
        print(file=importer.stdin, flush=True)
        line = heard(importer)
    assert line == "ready 60000"
    assert importer.wait(20) == 0


def test_killing_everything_during_an_import_keeps_what_was_acknowledged(
    importer: subprocess.Popen[str], data_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from synaptarium.server.library import open_library

    mongod = int(heard(importer))
    go_on(importer, 9)
    heard(importer)  # ten blocks were handed over, and six at most may be on their way
    os.kill(mongod, signal.SIGKILL)
    importer.kill()
    importer.wait()
    monkeypatch.setattr(events, "BLOCK_BYTES", 65536)
    namespace: dict[str, Any] = {"__name__": "importer"}
    exec(IMPORT, namespace)  # the same source again

    with open_library(purpose="import") as library:
        (left,) = recordings.all_recordings(library.store)
        assert (left.status, recordings.told_status(library.store, left)) == ("importing", "interrupted")
        kept = events.blocks(library.store, left.num, "spikes")
        assert len(kept) >= 4
        recording = import_source(library.store, namespace["source"]())

        assert recording.num == left.num
        assert recording.counts.spikes == {"L": 60_000}
        assert sum(batch.num_rows for batch in events.read(library.store, left.num, "spikes")) == 60_000
        assert set(kept) <= set(events.blocks(library.store, left.num, "spikes"))
        assert jobs.latest(library.store, left.num) is None
