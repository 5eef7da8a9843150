from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from synaptarium.adapters import nengo
from synaptarium.adapters.nengo import NengoConnection, NengoEnsemble, nengo_source
from synaptarium.schemas.errors import InvalidInput, InvalidTime, UnknownLayer

TRANGE = np.arange(1, 6) * 0.001


def ensemble_of(values: Any, **fields: Any) -> Any:
    return nengo_source("run", ensembles={"a": NengoEnsemble(np.asarray(values), **fields)}, trange=TRANGE)


def spikes_of(source: Any) -> dict[str, list[Any]]:
    return pa.Table.from_batches(list(source.read("spikes"))).to_pydict()


def test_dense_spikes_become_events_that_start_at_dt() -> None:
    values = np.zeros((5, 2))
    values[0, 1] = values[4, 0] = 1000.0
    source = ensemble_of(values)

    assert spikes_of(source) == {"time_us": [1000, 5000], "neuron": [1, 0]}
    assert source.header.bin_us == 1000
    assert source.header.t_stop_us == 6000


def test_amplitude_scales_counts() -> None:
    values = np.zeros((5, 2))
    values[0, 1], values[1, 1] = 500.0, 1500.0
    source = ensemble_of(values, amplitude=0.5)

    assert spikes_of(source)["count"] == [1, 3]


def test_an_unknown_amplitude_is_guessed_and_told() -> None:
    values = np.zeros((5, 1))
    values[[0, 2]] = 2000.0
    source = ensemble_of(values)

    assert source.counts().spikes == {"a": 2}
    assert any("amplitude 2: a guess" in note for note in source.header.source.notes)


@pytest.mark.parametrize("values", [[[1000.0], [1234.5], [0], [0], [0]], [[-1000.0], [0], [0], [0], [0]]])
def test_rates_and_negative_values_are_no_spikes(values: list[list[float]]) -> None:
    with pytest.raises(InvalidInput, match=r"whole number of spikes|negative"):
        ensemble_of(values)


def test_long_runs_are_read_in_slices_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    class Watched:
        shape, dtype = (1000, 4), np.dtype(np.float64)
        largest = 0

        def __getitem__(self, rows: slice) -> Any:
            self.largest = max(self.largest, rows.stop - rows.start)
            return np.full((rows.stop - rows.start, 4), 1000.0)

    monkeypatch.setattr(nengo, "SLICE_VALUES", 40)
    watched = Watched()
    source = nengo_source("run", ensembles={"a": {"spikes": watched}}, trange=np.arange(1, 1001) * 0.001)

    assert source.counts().spikes == {"a": 4000}
    assert watched.largest == 10


def test_decoders_and_weights_between_neurons_are_told_apart(nengo_arrays: dict[str, Any]) -> None:
    source = nengo_source("run", **nengo_arrays)

    assert [(one.name, one.kind, one.synapses, one.target_neurons) for one in source.header.projections] == [
        ("hidden -> class", "decoder", 12, 2),
        ("hidden -> output", "explicit", 18, 3),
    ]
    first = next(source.read("weights", "hidden -> class")).to_pydict()
    weights = nengo_arrays["connections"][0].weights
    assert first["value"][:12] == weights[0].astype(np.float32).ravel().tolist()
    assert set(first["time_us"][:12]) == {10_000}


def test_a_node_has_no_neurons_and_is_told(nengo_arrays: dict[str, Any]) -> None:
    source = nengo_source("run", **nengo_arrays)

    assert [layer.name for layer in source.header.layers] == ["hidden", "output"]
    assert any("Node 'digits' (16 dimensions) has no neurons" in note for note in source.header.source.notes)
    told = next(one for one in source.header.accounting if one.what == "connections")
    assert (told.kept, told.total) == (2, 3)
    assert "digits -> hidden" in told.why


def test_voltages_keep_their_sampling_period(nengo_arrays: dict[str, Any]) -> None:
    stream = nengo_source("run", **nengo_arrays).header.potentials[0]

    assert (stream.variable, stream.unit, stream.n_recorded, stream.sampling_period_us) == ("v", "1", 2, 5000)


def test_spikes_probed_with_sample_every_are_told_as_incomplete() -> None:
    spikes = NengoEnsemble(np.zeros((2, 1)), TRANGE[[0, 2]])
    source = nengo_source("run", ensembles={"a": spikes}, trange=TRANGE)

    assert [(one.kept, one.total) for one in source.header.accounting] == [(2, 4)]


def test_a_step_that_is_no_whole_microsecond_is_told() -> None:
    source = nengo_source("run", ensembles={"a": {"neurons": 2}}, trange=np.arange(1, 5) * 1.5e-7)

    assert any("0.15 us, is no whole number" in note for note in source.header.source.notes)


def test_shapes_and_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInput, match="5 times"):
        ensemble_of(np.zeros((4, 2)))
    with pytest.raises(InvalidTime, match="step is unknown"):
        nengo_source("run", ensembles={"a": {"neurons": 2}}, trange=[0.001])
    with pytest.raises(UnknownLayer, match="'b'"):
        nengo_source(
            "run", ensembles={"a": {"neurons": 2}}, trange=TRANGE, connections=[NengoConnection("b", "a")]
        )
    with pytest.raises(InvalidInput, match="shape"):
        weights = NengoConnection("a", "x", np.zeros((5, 2)))
        nengo_source("run", ensembles={"a": {"neurons": 2}}, trange=TRANGE, connections=[weights])
