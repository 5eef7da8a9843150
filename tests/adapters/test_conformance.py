"""What holds for every adapter: totals, chunks, order, ranges, arrays. Parametrised over one source of each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from synaptarium.adapters.base import BATCH_ROWS, EventSource, adapters, streams
from synaptarium.schemas.errors import UnknownLayer
from synaptarium.schemas.events import TIME_COLUMN, EventKind, conform
from synaptarium.schemas.recording import check_header, n_neurons

KINDS = [
    "arrays", "archive", "brian2", "columns", "generated", "nengo", "nwb", "sonata", "spike-list", "vs2n", "vs2n-us"
]  # fmt: skip
every_adapter = pytest.mark.parametrize("source", KINDS, indirect=True)


def read(
    source: EventSource, kind: EventKind, stream: str, start: int | None = None, stop: int | None = None
) -> pa.Table | None:
    batches = [conform(kind, batch) for batch in source.read(kind, stream, start, stop)]
    assert all(0 < batch.num_rows <= BATCH_ROWS for batch in batches)
    return pa.Table.from_batches(batches) if batches else None


def all_streams(source: EventSource) -> list[tuple[EventKind, str]]:
    return streams(source.describe(), source.counts())


def test_every_adapter_of_the_folder_is_in_this_suite() -> None:
    assert {kind.removesuffix("-us") for kind in KINDS} == set(adapters())


@every_adapter
def test_header_of_every_adapter_is_consistent(source: EventSource) -> None:
    header = source.describe()

    assert check_header(header) is header
    assert source.describe() == header


@every_adapter
def test_totals_of_every_adapter_equal_what_is_read(source: EventSource) -> None:
    header, counts = source.describe(), source.counts()

    spikes = read(source, "spikes", "")
    assert spikes is not None
    multiplicity = spikes["count"].to_numpy() if "count" in spikes.schema.names else np.ones(len(spikes))
    for layer in header.layers:
        neuron = spikes["neuron"].to_numpy()
        inside = (neuron >= layer.offset) & (neuron < layer.offset + layer.neurons)
        assert multiplicity[inside].sum() == counts.spikes[layer.name]
    for stream in header.potentials:
        layer = next(one for one in header.layers if one.name == stream.layer)
        values = read(source, "potentials", stream.variable)
        assert values is not None
        neuron = values["neuron"].to_numpy()
        inside = (neuron >= layer.offset) & (neuron < layer.offset + layer.neurons)
        assert inside.sum() == counts.potentials[f"{stream.variable}/{stream.layer}"]
        assert (
            np.unique(neuron[inside] - layer.offset).tolist()
            == source.recorded(layer.name, stream.variable).tolist()
        )
        assert len(source.recorded(layer.name, stream.variable)) == stream.n_recorded
    for projection in header.projections:
        weights = read(source, "weights", projection.name)
        assert (0 if weights is None else len(weights)) == counts.weights.get(projection.name, 0)
    for kind, expected in (("stimuli", counts.stimuli), ("images", counts.images)):
        table = read(source, kind, "")
        assert (0 if table is None else len(table)) == expected
    metrics = read(source, "metrics", "")
    names = [] if metrics is None else metrics["name"].to_pylist()
    assert {name: names.count(name) for name in names} == counts.metrics


@every_adapter
def test_times_of_every_adapter_are_sorted_int64_inside_the_span(source: EventSource) -> None:
    header = source.describe()

    for kind, stream in all_streams(source):
        column = TIME_COLUMN[kind]
        if column is None:
            continue
        table = read(source, kind, stream)
        assert table is not None
        time_us = table[column].to_numpy()
        assert time_us.dtype == np.int64
        assert (np.diff(time_us) >= 0).all()
        assert header.t_start_us <= time_us[0] <= time_us[-1] < header.t_stop_us


@every_adapter
@pytest.mark.parametrize("n_parts", [2, 7])
def test_parts_of_every_adapter_join_to_the_whole(source: EventSource, n_parts: int) -> None:
    header = source.describe()
    edges = np.linspace(header.t_start_us, header.t_stop_us, n_parts + 1).astype(int).tolist()

    for kind, stream in all_streams(source):
        if TIME_COLUMN[kind] is None:
            continue
        whole = read(source, kind, stream)
        parts = [read(source, kind, stream, a, b) for a, b in pairwise(edges)]
        joined = pa.concat_tables([part for part in parts if part is not None])
        assert joined.combine_chunks().equals(whole.combine_chunks() if whole is not None else None)


@every_adapter
def test_ids_of_every_adapter_are_in_range(source: EventSource) -> None:
    header = source.describe()

    for kind, stream in all_streams(source):
        table = read(source, kind, stream)
        assert table is not None
        if kind in {"spikes", "potentials"}:
            assert table["neuron"].to_numpy().max() < n_neurons(header)
        if kind == "weights":
            projection = next(one for one in header.projections if one.name == stream)
            assert table["synapse"].to_numpy().max() < projection.synapses


@every_adapter
def test_arrays_of_every_adapter_fit_their_header(source: EventSource) -> None:
    header = source.describe()
    sizes = {layer.name: layer.neurons for layer in header.layers}

    for layer in header.layers:
        positions, labels = source.positions(layer.name), source.labels(layer.name)
        assert (positions is not None) == layer.positions
        if positions is not None:
            assert positions.shape == (layer.neurons, 3)
            assert positions.dtype == np.float32
        if labels is not None:
            assert labels[0].dtype == np.int32
            assert labels[0].shape == (layer.neurons,)
            assert -1 <= labels[0].min() <= labels[0].max() < len(header.classes)
            assert labels[1]
    for projection in header.projections:
        pre, post, delays = source.synapses(projection.name)
        assert pre.dtype == post.dtype == np.uint32
        assert len(pre) == len(post) == projection.synapses
        assert pre.max() < sizes[projection.source]
        assert post.max() < projection.target_neurons
        assert (delays is not None) == projection.delays


@every_adapter
def test_unknown_names_are_refused_by_every_adapter(source: EventSource) -> None:
    with pytest.raises(UnknownLayer, match="nowhere"):
        source.positions("nowhere")
    with pytest.raises(UnknownLayer, match="nowhere"):
        list(source.read("weights", "nowhere"))
    with pytest.raises(UnknownLayer, match="nowhere"):
        list(source.read("potentials", "nowhere"))


@every_adapter
def test_fingerprint_of_every_adapter_is_stable(source: EventSource) -> None:
    assert source.fingerprint() == source.fingerprint()
    assert len(source.fingerprint()) == 32
