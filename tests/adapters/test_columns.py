"""Files of columns from users' own tools: what is read, told and refused."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import feather

from synaptarium.adapters import column_csv, column_order
from synaptarium.adapters.base import EventSource, open_source
from synaptarium.adapters.column_folder import write_folder
from synaptarium.adapters.column_header import NUMBERS
from synaptarium.adapters.column_writing import merged, write_spikes
from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list
from synaptarium.adapters.report import report
from synaptarium.schemas.errors import (
    CorruptData,
    ForeignFile,
    InvalidInput,
    InvalidTime,
    NeuronOutOfRange,
    SynaptariumError,
    TruncatedFile,
    UnknownLayer,
)
from synaptarium.schemas.events import EventKind

from .conftest import write_columns


def write(path: Path, **columns: Any) -> Path:
    table = pa.table(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path, row_group_size=3)
    else:
        feather.write_feather(table, path, chunksize=3)
    return path


def spikes(source: EventSource, start: int | None = None, stop: int | None = None) -> list[tuple[int, ...]]:
    return [
        tuple(row.values()) for batch in source.read("spikes", "", start, stop) for row in batch.to_pylist()
    ]


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "feather"])
def test_one_file_of_times_and_neurons_is_a_recording(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"my run.{suffix}", time_ms=[0.0, 0.5, 0.5, 2.0], neuron=[2, 0, 1, 2])

    source = open_source(path)

    header = source.describe()
    assert (header.name, header.bin_us, header.t_stop_us) == ("my run", 500, 2500)
    assert [(layer.name, layer.neurons) for layer in header.layers] == [("neurons", 3)]
    assert spikes(source) == [(0, 2), (500, 0), (500, 1), (2000, 2)]
    assert sum("guess" in note for note in header.source.notes) == 2
    assert "Parquet" not in report(source).text() and "4 spikes" in report(source).text()


@pytest.mark.parametrize(
    ("column", "times"),
    [("time_s", [0.001, 0.002]), ("time_ms", [1, 2]), ("time_us", [1000, 2000]), ("time_ns", [1e6, 2e6])],
)
def test_the_time_column_names_its_unit(tmp_path: Path, column: str, times: list[float]) -> None:
    path = write(tmp_path / "a.parquet", **{column: times, "neuron": [0, 0]})

    assert spikes(open_source(path)) == [(1000, 0), (2000, 0)]


def test_other_names_are_given_as_options(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", t=[0.5, 1.0], id=[1, 5], pop=["x", "y"])
    options = {
        "time": "t",
        "time_unit": "s",
        "neuron": "id",
        "layer": "pop",
        "layers": "y:2x3,x:2",
        "bin_us": "100",
    }

    source = open_source(path, options=options)

    assert [layer.shape for layer in source.describe().layers] == [(2, 3), (2,)]
    assert source.describe().bin_us == 100
    assert spikes(source) == [(500_000, 7), (1_000_000, 5)]


def test_a_unit_may_be_a_step_and_must_not_contradict_the_column(tmp_path: Path) -> None:
    steps = write(tmp_path / "a.parquet", time=[2, 4], neuron=[1, 1])
    named = write(tmp_path / "b.parquet", time_ms=[2, 4], neuron=[1, 1])

    assert spikes(open_source(steps, options={"time_unit": "500"})) == [(1000, 1), (2000, 1)]
    with pytest.raises(InvalidInput, match=r"'time_ms' of b\.parquet names its unit itself"):
        open_source(named, options={"time_unit": "s"}).describe()
    with pytest.raises(InvalidInput, match="'parsec' is no unit"):
        open_source(named, options={"time_unit": "parsec"}).describe()


def test_ids_that_count_through_all_layers_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", time_ms=[1, 2, 3], neuron=[0, 4, 5], layer=["exc", "inh", "inh"])

    notes = open_source(path).describe().source.notes

    assert any("'inh' start at 4" in note for note in notes)
    assert not any("'exc' start" in note for note in notes)


def test_neurons_without_layer_names_run_through_the_layers_given(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", time_ms=[1, 2, 3], neuron=[0, 3, 4])

    source = open_source(path, options={"layers": "a:3,b:2"})

    assert source.counts().spikes == {"a": 1, "b": 2}
    with pytest.raises(NeuronOutOfRange, match=r"'b' has 1 neurons.*neuron 1"):
        open_source(path, options={"layers": "a:3,b:1"}).describe()


def test_layers_that_only_the_rows_name_come_in_their_order(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", time_ms=[1, 2, 3], neuron=[7, 0, 1], layer=["z", "a, b", "z"])

    source = open_source(path)

    assert [(layer.name, layer.neurons) for layer in source.describe().layers] == [("z", 8), ("a, b", 1)]
    assert spikes(source) == [(1000, 7), (2000, 8), (3000, 1)]


def test_generated_spikes_come_back_from_their_file(tmp_path: Path) -> None:
    generated = GeneratedSource(Generation(layers=layer_list("in:4x4,one:1"), spikes=2000, bin_us=500))
    write_spikes(generated, tmp_path / "a.parquet")

    source = open_source(tmp_path / "a.parquet")
    shorter = open_source(tmp_path / "a.parquet", options={"bin_us": "250"})

    assert source.describe().layers == generated.describe().layers
    for field in NUMBERS:
        assert getattr(source.describe(), field) == getattr(generated.describe(), field)
    assert shorter.describe().bin_us == 250
    assert source.counts().spikes == generated.counts().spikes
    assert spikes(source) == spikes(generated)


def test_a_recording_of_every_kind_comes_back_from_its_folder(tmp_path: Path) -> None:
    before = open_source(write_columns(tmp_path / "columns"))
    write_folder(before, tmp_path / "again")

    after = open_source(tmp_path / "again")

    was, now = before.describe(), after.describe()
    for field in ("bin_us", "t_stop_us", "layers", "projections", "potentials", "classes", "image_shape"):
        assert getattr(now, field) == getattr(was, field), field
    assert after.counts() == before.counts()
    streams: list[tuple[EventKind, str]] = [("spikes", ""), ("weights", "in -> ö, ut"), ("potentials", "v")]
    streams += [("potentials", "θ"), ("stimuli", ""), ("images", ""), ("metrics", "")]
    for kind, stream in streams:
        rows, same = (
            [row for batch in one.read(kind, stream) for row in batch.to_pylist()] for one in (after, before)
        )
        assert rows == same, kind
    for layer in was.layers:
        np.testing.assert_array_equal(after.positions(layer.name), before.positions(layer.name))
    assert str(after.labels("ö, ut")) == str(before.labels("ö, ut"))
    assert str(after.synapses("in -> ö, ut")) == str(before.synapses("in -> ö, ut"))
    assert not any("order" in one.what for one in now.accounting)


def test_a_folder_that_fails_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_source(write_columns(tmp_path / "columns"))
    monkeypatch.setattr(source, "synapses", lambda projection: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        write_folder(source, tmp_path / "again")

    assert [one.name for one in tmp_path.iterdir()] == ["columns"]


@given(
    streams=st.lists(st.lists(st.lists(st.integers(0, 20), max_size=6), max_size=4), max_size=4),
)
def test_merged_streams_are_a_stable_sort_of_their_rows(streams: list[list[list[int]]]) -> None:
    sorted_streams: list[list[pa.RecordBatch]] = []
    rows: list[tuple[int, int]] = []
    for place, sizes in enumerate(streams):
        times = sorted(time for batch in sizes for time in batch)
        ends = np.cumsum([len(batch) for batch in sizes])
        whole = pa.record_batch(
            {"time_us": pa.array(times, pa.int64()), "of": pa.array([place] * len(times))}
        )
        sorted_streams.append(
            [whole.slice(end - len(batch), len(batch)) for end, batch in zip(ends, sizes, strict=True)]
        )
        rows += [(time, place) for time in times]

    found = [row for batch in merged(map(iter, sorted_streams)) for row in batch.to_pylist()]

    assert [row["time_us"] for row in found] == sorted(time for time, _ in rows)
    assert sorted((row["time_us"], row["of"]) for row in found) == sorted(rows)


def test_layers_of_a_million_and_of_one_neuron_with_odd_names_come_in(tmp_path: Path) -> None:
    million, odd = "10⁶ / big.layer", " \"a->b\", 'ä' : 1x1"
    neurons = np.array([999_999, 0, 0, 123_456], np.int64)
    path = write(
        tmp_path / "ö 1.parquet",
        time_us=[1, 2, 2, 9],
        neuron=neurons,
        layer=[million, odd, million, million],
    )

    source = open_source(path)

    layers = source.describe().layers
    assert [(layer.name, layer.neurons) for layer in layers] == [(million, 1_000_000), (odd, 1)]
    assert source.counts().spikes == {million: 3, odd: 1}
    assert spikes(source) == [(1, 999_999), (2, 1_000_000), (2, 0), (9, 123_456)]


def test_an_unsorted_file_is_sorted_and_told(tmp_path: Path) -> None:
    source = open_source(write_columns(tmp_path / "columns"))

    header = source.describe()

    [told] = [one for one in header.accounting if "spikes.parquet" in one.what and "order" in one.what]
    assert 0 < told.kept < told.total == 400
    assert "step back in time" in report(source).text()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(st.integers(0, 60), min_size=1, max_size=60),
    start=st.integers(0, 60),
    stop=st.integers(0, 61),
)
def test_any_range_of_any_order_equals_a_stable_sort(
    tmp_path: Path, times: list[int], start: int, stop: int
) -> None:
    path = write(tmp_path / "a.parquet", time_us=times, neuron=list(range(len(times))))
    rows = sorted(enumerate(times), key=lambda row: row[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column_order, "WINDOW_ROWS", 7)
        patch.setattr(column_order, "_SAMPLE_STEP", 2)
        source = open_source(path)

        source.describe()

        assert spikes(source, start, stop) == [(t, n) for n, t in rows if start <= t < stop]


def test_memory_stays_at_a_window_however_long_the_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(column_order, "WINDOW_ROWS", 200_000)
    n = 3_000_000
    time_us = np.random.default_rng(1).permutation(n)
    pq.write_table(
        pa.table({"time_us": time_us, "neuron": time_us % 100}),
        tmp_path / "a.parquet",
        row_group_size=100_000,
    )
    del time_us
    source = open_source(tmp_path / "a.parquet")
    tracemalloc.start()
    arrow_before = pa.total_allocated_bytes()

    most = rows = 0
    for batch in source.read("spikes"):
        rows += batch.num_rows
        most = max(most, pa.total_allocated_bytes() - arrow_before + tracemalloc.get_traced_memory()[0])

    tracemalloc.stop()
    assert rows == n
    assert most < 40e6  # all rows would be 72 MB


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ({"t": [1.0], "neuron": [1]}, InvalidInput, "no column of times.*t, neuron"),
        ({"time_ms": [1], "time_s": [1], "neuron": [1]}, InvalidInput, "more than one column of times"),
        ({"time_ms": [1]}, InvalidInput, "no column 'neuron'"),
        ({"time_ms": [1, None], "neuron": [1, 1]}, InvalidInput, "1 empty values in 'time_ms'"),
        ({"time_ms": [1.0, np.nan], "neuron": [1, 1]}, InvalidTime, "not finite"),
        ({"time_ms": [1, -2], "neuron": [1, 1]}, InvalidTime, "negative"),
        ({"time_ms": ["1"], "neuron": [1]}, InvalidInput, "'time_ms' of a.parquet is of the type string"),
        ({"time_ms": [1], "neuron": [-1]}, NeuronOutOfRange, "-1"),
        ({"time_ms": [1], "neuron": [1.5]}, NeuronOutOfRange, "1.5"),
        ({"time_ms": [1, 2], "neuron": [0, 2**40]}, NeuronOutOfRange, "1099511627776, which is no neuron id"),
        ({"time_ms": [1, 2], "neuron": [0, 2**31]}, NeuronOutOfRange, "too few to guess"),
        ({"time_ms": [1], "neuron": [1], "count": [70_000]}, InvalidInput, "70000"),
        (
            {"time_ms": [1], "neuron": [1], "layer": pa.array([None], pa.string())},
            InvalidInput,
            "1 empty names",
        ),
    ],
)
def test_columns_that_make_no_sense_are_refused(
    tmp_path: Path, columns: dict[str, Any], error: type[SynaptariumError], message: str
) -> None:
    path = write(tmp_path / "a.parquet", **columns)

    with pytest.raises(error, match=message) as refused:
        open_source(path).describe()

    assert refused.value.hint


def test_files_that_are_damaged_or_something_else_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", time_ms=np.arange(5000.0), neuron=np.zeros(5000, np.int64))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TruncatedFile, match=r"a\.parquet cannot be read"):
        open_source(path)
    path.write_bytes(whole[:4] + bytes(2000) + whole[2004:])
    with pytest.raises(CorruptData, match=r"Part \d+ of a\.parquet"):
        open_source(path).describe()
    path.write_text("time_ms,neuron\n1,2\n")
    with pytest.raises(ForeignFile, match="neither a Parquet nor an Arrow file"):
        open_source(path, format="columns")
    with pytest.raises(ForeignFile, match=r"no file spikes\.parquet"):
        open_source(tmp_path, format="columns")
    table = pa.table({"time_ms": [1], "neuron": [1]})
    with pa.ipc.new_stream(tmp_path / "b.arrow", table.schema) as stream:
        stream.write_table(table)
    with pytest.raises(ForeignFile, match=r"b\.arrow is an Arrow stream"):
        open_source(tmp_path / "b.arrow")
    pq.write_table(table.replace_schema_metadata({"synaptarium.bin_us": "1 ms"}), path)
    with pytest.raises(InvalidInput, match=r"synaptarium\.bin_us is '1 ms'"):
        open_source(path)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layers": [{"name": "in", "neurons": 4}]}, UnknownLayer, "ö, ut"),
        ({"layers": [{"name": "in", "shape": [2, 2], "neurons": 5}]}, InvalidInput, "5 neurons"),
        ({"layer": []}, InvalidInput, "layer"),
        ({"projections": [{"source": "in", "target": "out"}]}, UnknownLayer, "'out'"),
        ({"projections": []}, InvalidInput, "which of 0 projections"),
        ({"classes": ["3"]}, InvalidInput, "'7' is none of them"),
    ],
)
def test_headers_that_do_not_fit_their_files_are_refused(
    tmp_path: Path, change: dict[str, Any], error: type[SynaptariumError], message: str
) -> None:
    folder = write_columns(tmp_path / "columns")
    header = json.loads((folder / "header.json").read_text()) | change
    (folder / "header.json").write_text(json.dumps(header))

    with pytest.raises(error, match=message):
        open_source(folder).describe()


def text_of(table: pa.Table) -> str:
    """Write a table as a user's tool might: empty for what is missing, fractions only where there are any."""
    rows = [table.schema.names, *zip(*table.to_pydict().values(), strict=True)]
    return "".join(",".join("" if one is None else f"{one}" for one in row) + "\n" for row in rows)


@pytest.mark.parametrize("part_bytes", [16, 1 << 23])
def test_a_folder_of_text_is_that_of_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_bytes: int
) -> None:
    monkeypatch.setattr(column_csv, "PART_BYTES", part_bytes)
    folder = write_columns(tmp_path / "columns")
    written = open_source(folder)
    text = tmp_path / "columns text"
    text.mkdir()
    for path in folder.iterdir():
        if path.suffix == ".json" or path.stem == "images":
            (text / path.name).write_bytes(path.read_bytes())
        else:
            table = pq.read_table(path) if path.suffix == ".parquet" else feather.read_table(path)
            body = text_of(table).replace("ö, ut", '"ö, ut"')
            (text / f"{path.stem}.csv").write_text(body, encoding="utf-8-sig")

    source = open_source(text)

    assert source.counts() == written.counts()
    assert source.describe().layers == written.describe().layers
    kinds: list[tuple[EventKind, str]] = [
        ("spikes", ""), ("potentials", "v"), ("potentials", "θ"), ("weights", "in -> ö, ut"), ("stimuli", ""),
        ("metrics", ""), ("images", ""),
    ]  # fmt: skip
    for kind, stream in kinds:
        for start, stop in ((None, None), (20_000, 60_000)):
            if kind != "images":
                found, expected = (
                    [row for batch in one.read(kind, stream, start, stop) for row in batch.to_pylist()]
                    for one in (source, written)
                )
                assert found == expected
    for one, other in zip(source.synapses("in -> ö, ut"), written.synapses("in -> ö, ut"), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("time_ms,neuron,layer\n0.5,1,a\n2,0,7\n", {}),
        ('\n# from my tool\ntime; "neuron" ;layer\r\n0.5;1;a\r\n2;0;7\r\n\r\n', {"time_unit": "ms"}),
        ("time_ms\tneuron\tlayer\n0.5\t1\ta\n2\t0\t7", {}),
        ("timestamps population node_ids\n0.5 a 1\n2 7 0\n",
         {"time": "timestamps", "time_unit": "ms", "layer": "population", "neuron": "node_ids"}),
    ],
)  # fmt: skip
def test_a_table_of_text_is_a_recording(tmp_path: Path, text: str, options: dict[str, str]) -> None:
    (tmp_path / "run.csv").write_bytes(text.encode())
    (tmp_path / "run.dat").write_bytes(text.encode())

    for source in (
        open_source(tmp_path / "run.csv", options=options),
        open_source(tmp_path / "run.dat", "columns", options),
    ):
        assert [(layer.name, layer.neurons) for layer in source.describe().layers] == [("a", 2), ("7", 1)]
        assert spikes(source) == [(500, 1), (2000, 2)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no line of names"),
        (b"# nothing\n", "no line of names"),
        (b"0.5,1\n", "no line of names: it starts with '0.5,1'"),
        (b"time,neuron\n1,2\n", "does not say the unit of its column 'time'"),
        (b"time_ms,neuron,neuron\n1,2,3\n", "two columns named 'neuron'"),
        (b"time_ms,neuron\n1,2\n2,3,4\n", "Line 3 of run.csv has 3 values, its first line 2 names: '2,3,4'"),
        (b"#\ntime_ms;neuron\n1;2\n0,5;3\n", "Line 4 of run.csv has '0,5' in 'time_ms', which is no number"),
        (b"time_ms,neuron\n1,\n", "1 empty values in 'neuron'"),
        (b"\xff\xfet\0i\0", "no text in UTF-8"),
        (b"\x89HDF\r\n\x1a\n", "no text in UTF-8"),
    ],
)
@pytest.mark.parametrize("part_bytes", [1, 1 << 23])
def test_text_that_makes_no_sense_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_bytes: int, text: bytes, message: str
) -> None:
    monkeypatch.setattr(column_csv, "PART_BYTES", part_bytes)
    (tmp_path / "run.csv").write_bytes(text)

    with pytest.raises(InvalidInput, match=message) as refused:
        open_source(tmp_path / "run.csv").describe()

    assert refused.value.hint


def test_folder_gives_weights_stimuli_and_metrics_in_time_order(tmp_path: Path) -> None:
    source = open_source(write_columns(tmp_path / "columns"))

    weights = [row for batch in source.read("weights", "in -> ö, ut") for row in batch.to_pylist()]
    assert [(row["time_us"], row["synapse"], row["value"]) for row in weights] == [
        (0, 4, 0.5),
        (10_000, 0, 0.25),
        (20_000, 1, 1.0),
        (30_000, 0, None),
    ]
    assert source.describe().classes == ("3", "7")
    assert source.describe().projections[0].delays
    assert source.counts().metrics == {"loss": 2}


def test_folder_gives_potentials_positions_labels_and_images(tmp_path: Path) -> None:
    source = open_source(write_columns(tmp_path / "columns"))
    header = source.describe()

    values = [row for batch in source.read("potentials", "v") for row in batch.to_pylist()]
    assert [(row["time_us"], row["neuron"], row["value"]) for row in values] == [
        (0, 1, -65.0),
        (1000, 1, -62.0),
        (2000, 1, -60.0),
    ]
    assert [(one.variable, one.layer, one.unit, one.n_recorded) for one in header.potentials] == [
        ("v", "in", "mV", 1),
        ("θ", "ö, ut", "1", 1),
    ]
    assert source.recorded("ö, ut", "θ").tolist() == [3]
    assert any("unit of 'θ'" in note for note in header.source.notes)
    positions = source.positions("ö, ut")
    assert positions is not None and positions[:, 0].tolist() == [3, 2, 1, 0]
    labels = source.labels("ö, ut")
    assert labels is not None and [header.classes[k] if k >= 0 else "" for k in labels[0]] == [
        "3",
        "3",
        "",
        "7",
    ]
    assert source.labels("in") is None
    assert header.image_shape == (2, 2)
    assert [row["pixels"] for batch in source.read("images") for row in batch.to_pylist()] == [
        bytes([0, 1, 2, 3]),
        bytes([255, 0, 0, 9]),
    ]


@pytest.mark.parametrize(
    ("stem", "columns", "message"),
    [
        ("neurons", {"neuron": [0, 0, 1, 2, 3], "layer": ["in"] * 5}, "neuron 0 of layer 'in' twice"),
        (
            "neurons",
            {"neuron": [0], "layer": ["in"], "x_um": [1.0], "y_um": [1.0]},
            "1 of the 4 neurons.*neuron 1 lacks",
        ),
        ("neurons", {"neuron": [0], "x_um": [1.0]}, "positions along x_um only"),
        ("images", {"pixels": [[300]]}, "not all of its values are 0 to 255"),
        ("images", {"pixels": [b"12345"]}, "5 pixels, which is no square"),
        (
            "potentials",
            {"time_ms": [1], "neuron": [9], "layer": ["in"], "value": [0.0]},
            "values of neuron 9",
        ),
        ("potentials", {"time_ms": [1], "neuron": [1], "layer": ["in"]}, "no column 'value'"),
    ],
)
def test_odd_arrays_of_a_folder_are_refused(
    tmp_path: Path, stem: str, columns: dict[str, Any], message: str
) -> None:
    folder = write_columns(tmp_path / "columns")
    pq.write_table(pa.table(columns), folder / f"{stem}.parquet")

    with pytest.raises(SynaptariumError, match=message) as refused:
        for layer in open_source(folder).describe().layers:
            open_source(folder).labels(layer.name)

    assert refused.value.hint


def test_a_damaged_column_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", time_ms=np.arange(5000.0), neuron=np.zeros(5000, np.int64))
    column = pq.ParquetFile(path).metadata.row_group(0).column(1)
    at = column.dictionary_page_offset or column.data_page_offset
    whole = bytearray(path.read_bytes())
    whole[at : at + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(whole)

    with pytest.raises(CorruptData, match="its column 'neuron' is damaged"):
        open_source(path).describe()
