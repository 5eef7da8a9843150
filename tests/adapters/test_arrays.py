from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.adapters import array_source
from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.arrays import LayerArrays, arrays_source
from synaptarium.schemas.errors import (
    InvalidInput,
    InvalidTime,
    NeuronOutOfRange,
    SynaptariumError,
    UnknownLayer,
)
from synaptarium.schemas.events import EventKind


def table(source: ArraySource, kind: EventKind, stream: str = "") -> dict[str, list[Any]]:
    batches = list(source.read(kind, stream))
    return pa.Table.from_batches(batches).to_pydict() if batches else {}


def two_layers(**parts: Any) -> ArraySource:
    layers = [LayerArrays("a", shape=(2, 2)), LayerArrays("b", neurons=3)]
    return arrays_source("two", layers=layers, **{"bin_us": 1000, **parts})


def test_spikes_of_layers_are_merged_in_time_with_global_indices() -> None:
    source = two_layers(time_unit="ms", spikes={"a": ([2.0, 0.0], [3, 1]), "b": ([0.0, 1.0], [2, 0])})

    assert table(source, "spikes") == {"time_us": [0, 0, 1000, 2000], "neuron": [1, 6, 4, 3]}
    assert source.header.t_stop_us == 3000
    assert any("1 of 4 spikes came before" in note for note in source.header.source.notes)


def test_counts_of_spikes_are_kept_and_zeros_told() -> None:
    source = two_layers(spikes={"a": ([0, 1, 2], [0, 1, 2], [3, 0, 1])})

    assert table(source, "spikes") == {"time_us": [0, 2], "neuron": [0, 2], "count": [3, 1]}
    assert source.counts().spikes == {"a": 4, "b": 0}
    assert [(one.kept, one.total) for one in source.header.accounting] == [(2, 3)]


def test_graded_spikes_keep_their_payload() -> None:
    source = two_layers(
        spikes={"a": {"times": [0, 1], "ids": [0, 1], "payload": [-0.5, 2.0]}, "b": ([1], [0])}
    )

    assert table(source, "spikes")["payload"] == [-0.5, 2.0, 1.0]


def test_rounding_is_to_the_nearest_and_counted() -> None:
    source = two_layers(time_unit="ms", spikes={"a": ([22.900000000100004, 0.0015, 0.0004], [0, 1, 2])})

    assert table(source, "spikes")["time_us"] == [0, 2, 22900]
    rounded = source.header.accounting[0]
    assert (rounded.kept, rounded.total) == (1, 3)
    assert "0.5 us" in rounded.why


def test_snapshots_are_read_as_the_first_and_then_the_changes() -> None:
    snapshots = np.array([[1, 2, np.nan], [1, 5, np.nan], [1, 5, np.nan], [np.nan, 5, 3]])
    projection = {"source": "a", "target": "b", "pre": [0, 1, 2], "post": [0, 1, 2]}
    source = two_layers(projections=[projection], weights={"a -> b": ([0, 10, 20, 30], snapshots)})

    assert table(source, "weights", "a -> b") == {
        "time_us": [0, 0, 0, 10, 30, 30],
        "synapse": [0, 1, 2, 1, 0, 2],
        "value": [1, 2, None, 5, None, 3],
    }
    told = next(one for one in source.header.accounting if "snapshots" in one.what)
    assert (told.kept, told.total) == (6, 12)


def test_changes_of_weights_keep_their_order_within_a_time() -> None:
    projection = {"source": "a", "target": "b"}
    source = two_layers(
        projections=[projection], weights={"a -> b": ([5, 0, 5], [0.5, 1.0, None], [7, 7, 7])}
    )

    assert table(source, "weights", "a -> b")["value"] == [1.0, 0.5, None]


def test_a_projection_without_pre_and_post_is_all_to_all_in_matrix_order() -> None:
    pre, post, delays = two_layers(projections=[{"source": "a", "target": "b"}]).synapses("a -> b")

    assert pre.tolist() == [0, 1, 2, 3] * 3
    assert post.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert delays is None


def test_a_decoder_has_dimensions_in_place_of_a_target_layer() -> None:
    source = two_layers(projections=[{"source": "b", "target": "digit", "dimensions": 2}])

    projection = source.header.projections[0]
    assert (projection.kind, projection.synapses, projection.target_neurons) == ("decoder", 6, 2)


def test_samples_and_changes_of_one_variable_are_merged_in_time() -> None:
    samples = {"layer": "b", "variable": "v", "values": [[1, 2], [3, np.nan]], "period": 5, "ids": [0, 2]}
    changes = {"layer": "a", "variable": "v", "values": [9, 8], "times": [7, 2], "neurons": [1, 1]}
    source = two_layers(potentials=[samples, changes])

    assert table(source, "potentials", "v") == {
        "time_us": [0, 0, 2, 5, 7],
        "neuron": [4, 6, 1, 4, 1],
        "value": [1, 2, 8, 3, 9],
    }
    assert source.recorded("b", "v").tolist() == [0, 2]
    assert [(one.sampling_period_us, one.n_recorded) for one in source.header.potentials] == [
        (5, 2),
        (None, 1),
    ]
    assert [(one.kept, one.total) for one in source.header.accounting] == [(3, 4)]


def test_dense_arrays_are_read_in_slices_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    class Watched:
        shape, dtype = (500, 3), np.dtype(np.float32)
        largest = 0

        def __getitem__(self, rows: slice) -> np.ndarray:
            part = np.arange(1500, dtype=np.float32).reshape(500, 3)[rows]
            self.largest = max(self.largest, len(part))
            return part

    monkeypatch.setattr(array_source, "SLICE_VALUES", 60)
    monkeypatch.setattr(array_source, "BATCH_ROWS", 50)
    watched, all_to_all = Watched(), [{"source": "b", "target": "b", "pre": [0, 1, 2], "post": [0, 1, 2]}]
    source = two_layers(
        projections=all_to_all,
        weights={"b -> b": (np.arange(500), watched)},
        potentials=[{"layer": "b", "variable": "v", "values": watched, "period": 1}],
    )

    assert table(source, "potentials", "v")["value"] == list(range(1500))
    assert table(source, "weights", "b -> b")["value"] == list(range(1500))
    assert watched.largest <= 20


def test_stimuli_without_ends_last_until_the_next() -> None:
    source = two_layers(stimuli={"t_start": [0, 10, 30], "labels": [5.0, "x", None]})

    assert table(source, "stimuli") == {
        "t_start_us": [0, 10, 30],
        "t_stop_us": [10, 30, 45],
        "label": ["5", "x", None],
    }
    assert source.header.classes == ("5", "x")


def test_as_many_images_as_stimuli_belong_one_to_each() -> None:
    images = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    source = two_layers(images=images, stimuli={"t_start": [5, 0]})

    assert table(source, "stimuli")["image"] == [1, 0]
    assert table(source, "images")["pixels"][1] == bytes(range(6, 12))
    assert source.header.image_shape == (2, 3)


def test_a_declared_end_that_would_lose_events_is_moved_and_told() -> None:
    source = two_layers(spikes={"a": ([5000], [0])}, t_stop_us=5000)

    assert source.header.t_stop_us == 6000
    assert any("declared end" in note for note in source.header.source.notes)


def test_a_missing_bin_is_guessed_from_the_grid_of_the_times() -> None:
    source = two_layers(bin_us=None, spikes={"a": ([0, 500, 1500], [0, 1, 2])})

    assert source.header.bin_us == 500
    assert any("guess" in note for note in source.header.source.notes)


def test_a_recording_without_events_has_a_span_of_one_bin() -> None:
    assert two_layers().header.t_stop_us == 1000


def test_equal_data_has_one_fingerprint_whatever_its_name() -> None:
    def made(name: str, last: int) -> str:
        return arrays_source(
            name, layers=[LayerArrays("a", neurons=2)], bin_us=1, spikes={"a": ([0, last], [0, 1])}
        ).fingerprint()

    assert made("one", 5) == made("two", 5) != made("one", 6)


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 3), st.integers(1, 9)), max_size=50),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 2)), max_size=50),
)
def test_no_spike_is_lost_or_altered_whatever_the_order(
    a: list[tuple[int, int, int]], b: list[tuple[int, int]]
) -> None:
    source = two_layers(
        spikes={
            "a": [[row[k] for row in a] for k in range(3)],
            "b": [[row[k] for row in b] for k in range(2)],
        }
    )

    rows = table(source, "spikes")
    counts = rows.get("count", [1] * len(rows.get("time_us", [])))
    found = sorted(zip(rows.get("time_us", []), rows.get("neuron", []), counts, strict=True))
    assert found == sorted([*a, *((time, 4 + neuron, 1) for time, neuron in b)])


BAD: dict[str, tuple[dict[str, Any], type[SynaptariumError], str]] = {
    "negative time": ({"spikes": {"a": ([-1], [0])}}, InvalidTime, "negative"),
    "NaN time": ({"spikes": {"a": ([0.0, float("nan")], [0, 1])}}, InvalidTime, "not finite"),
    "time beyond the unit": ({"spikes": {"a": ([1e300], [0])}}, InvalidTime, "100,000 years"),
    "times as text": ({"spikes": {"a": (["x"], [0])}}, InvalidInput, "type"),
    "unknown unit": ({"time_unit": "h"}, InvalidInput, "no unit of time"),
    "id out of range": (
        {"spikes": {"b": ([0], [130])}},
        NeuronOutOfRange,
        "Layer 'b' has 3 neurons; neuron 130",
    ),
    "negative id": ({"spikes": {"b": ([0], [-1])}}, NeuronOutOfRange, "neuron -1"),
    "fractional id": ({"spikes": {"b": ([0], [0.5])}}, NeuronOutOfRange, "no neuron id"),
    "mask for ids": ({"spikes": {"b": ([0], [True])}}, InvalidInput, "booleans"),
    "unknown layer": ({"spikes": {"c": ([0], [0])}}, UnknownLayer, "'c'"),
    "lengths differ": ({"spikes": {"a": ([0, 1], [0])}}, InvalidInput, "2 times, 1 ids"),
    "dense spikes": ({"spikes": {"a": (np.zeros((3, 4)), [0])}}, InvalidInput, r"shape \(3, 4\)"),
    "one column": ({"spikes": {"a": ([0],)}}, InvalidInput, "sequence of 1"),
    "fractional count": ({"spikes": {"a": ([0], [0], [0.5])}}, InvalidInput, "0.5"),
    "huge count": ({"spikes": {"a": ([0], [0], [70000])}}, InvalidInput, "70000"),
    "foreign field": (
        {"spikes": {"a": {"times": [0], "id": [0]}}},
        InvalidInput,
        "'id', which is none of SpikeArrays",
    ),
    "field left out": (
        {"spikes": {"a": {"times": [0]}}},
        InvalidInput,
        "lacks the field 'ids' of SpikeArrays",
    ),
    "spikes without layers": ({"spikes": [[0], [0]]}, InvalidInput, "spikes is a list"),
    "weights without projections": ({"weights": np.zeros(3)}, InvalidInput, "weights is a ndarray"),
    "metric of values alone": ({"metrics": {"loss": [1, 2, 3]}}, InvalidInput, "is no pair"),
    "fractional bin": ({"bin_us": 0.5}, InvalidInput, "bin_us is 0.5"),
    "zero bin": ({"bin_us": 0}, InvalidInput, "bin_us is 0"),
    "potential shape": (
        {"potentials": [{"layer": "b", "variable": "v", "values": np.zeros((5, 4)), "period": 1}]},
        InvalidInput,
        r"shape \(5, 4\)",
    ),
    "potential without times": (
        {"potentials": [{"layer": "b", "variable": "v", "values": np.zeros((5, 3))}]},
        InvalidInput,
        "neither times nor",
    ),
    "samples back in time": (
        {"potentials": [{"layer": "b", "variable": "v", "values": np.zeros((2, 3)), "times": [5, 4]}]},
        InvalidTime,
        "not after",
    ),
    "potential twice": (
        {"potentials": [{"layer": "b", "variable": "v", "values": np.zeros((2, 3)), "period": 1}] * 2},
        InvalidInput,
        "given twice",
    ),
    "unknown projection": ({"weights": {"x": ([0], [[1]])}}, UnknownLayer, "'x'"),
    "snapshot shape": (
        {"projections": [{"source": "a", "target": "b"}], "weights": {"a -> b": ([0], np.zeros((1, 11)))}},
        InvalidInput,
        r"\(1, 11\)",
    ),
    "infinite weight": (
        {
            "projections": [{"source": "a", "target": "b"}],
            "weights": {"a -> b": ([0], np.full((1, 12), np.inf))},
        },
        InvalidInput,
        "infinite",
    ),
    "synapse out of range": (
        {"projections": [{"source": "a", "target": "b"}], "weights": {"a -> b": ([0], [1.0], [12])}},
        NeuronOutOfRange,
        "12 synapses; synapse 12",
    ),
    "pre without post": (
        {"projections": [{"source": "a", "target": "b", "pre": [0]}]},
        InvalidInput,
        "only one",
    ),
    "post out of range": (
        {"projections": [{"source": "a", "target": "b", "pre": [0], "post": [3]}]},
        NeuronOutOfRange,
        "Layer 'b' has 3 neurons",
    ),
    "negative delay": (
        {"projections": [{"source": "a", "target": "b", "pre": [0], "post": [0], "delays_ms": [-1]}]},
        InvalidInput,
        "delay",
    ),
    "stimulus ends early": ({"stimuli": {"t_start": [5], "t_stop": [5]}}, InvalidTime, "ends at 5 us"),
    "image number": ({"stimuli": {"t_start": [5], "images": [0]}}, InvalidInput, "there are 0"),
    "float images": ({"images": np.zeros((1, 2, 2))}, InvalidInput, "float64"),
    "metric lengths": ({"metrics": {"loss": ([0], [1, 2])}}, InvalidInput, "1 times, 2 values"),
    "label without class": (
        {"classes": ["x"], "stimuli": {"t_start": [0], "labels": ["y"]}},
        InvalidInput,
        "none of them",
    ),
    "second layer of a name": (
        {"layers": [LayerArrays("a", 1), LayerArrays("a", 1)]},
        InvalidInput,
        "Two layers",
    ),
    "no layer": ({"layers": []}, InvalidInput, "no layers"),
    "no size": ({"layers": [{"name": "a"}]}, InvalidInput, "neither neurons nor a shape"),
    "size against shape": (
        {"layers": [LayerArrays("a", 5, (2, 2))]},
        InvalidInput,
        r"5 neurons and the shape \(2, 2\)",
    ),
    "positions on their side": (
        {"layers": [{"name": "a", "neurons": 4, "positions": np.zeros((3, 4))}]},
        InvalidInput,
        "positions.T",
    ),
    "labels without method": (
        {"layers": [{"name": "a", "neurons": 1, "labels": [0]}]},
        InvalidInput,
        "method",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays_are_refused_with_one_sentence_and_a_hint(case: str) -> None:
    parts, error, message = BAD[case]
    call: Callable[..., ArraySource] = two_layers
    if "layers" in parts:
        call = lambda **given: arrays_source("bad", **given)  # noqa: E731

    with pytest.raises(error, match=message) as caught:
        call(**parts)
    assert caught.value.hint or case == "zero bin"


def test_memory_maps_are_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "v.npy"
    np.save(path, np.arange(30, dtype=np.float32).reshape(10, 3))
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)

    source = two_layers(potentials=[{"layer": "b", "variable": "v", "values": mapped, "period": 1}])

    assert source.potentials["v"][0].values is mapped
    assert table(source, "potentials", "v")["value"] == list(range(30))
