"""Runs of NEST and snnTorch through the one array call, against facts that were computed without us (``truth.json``).

No adapter of their own: these are the twenty lines that a user's script has for a file of its own.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.adapters.base import EventSource

pytestmark = pytest.mark.skipif(
    not os.environ.get("SYNAPTARIUM_RECORDINGS"), reason="SYNAPTARIUM_RECORDINGS is not set"
)


@pytest.fixture(scope="module")
def recordings() -> Path:
    return Path(os.environ["SYNAPTARIUM_RECORDINGS"])


def nest_run(folder: Path) -> EventSource:
    """NEST numbers all nodes of a simulation from 1; a population is a range of them."""
    with h5py.File(folder / "recording.h5") as run:
        groups = run["populations"]
        first = {name: int(group.attrs["first_id"]) for name, group in groups.items()}
        synapses = {
            name: {key: np.asarray(group[key]) for key in group} for name, group in run["connections"].items()
        }
        ends = {name: name.split("->") for name in synapses}
        meter = {key: np.asarray(run["multimeter"][key]) for key in ("times", "senders", "V_m")}
        inside = {
            name: (meter["senders"] >= first[name]) & (meter["senders"] < first[name] + int(group.attrs["N"]))
            for name, group in groups.items()
        }
        return arrays_source(
            "nest microcircuit",
            time_unit="ms",
            bin_us=100,
            layers=[
                {
                    "name": name,
                    "neurons": int(group.attrs["N"]),
                    "positions": 1000 * np.asarray(group["positions_mm"]),
                    "cell_type": "excitatory" if name.endswith("E") else "inhibitory",
                }
                for name, group in groups.items()
            ],
            spikes={
                name: (np.asarray(group["times"]), np.asarray(group["senders"]) - first[name])
                for name, group in groups.items()
            },
            potentials=[
                {
                    "layer": name,
                    "variable": "V_m",
                    "unit": "mV",
                    "times": meter["times"][here],
                    "neurons": meter["senders"][here] - first[name],
                    "values": meter["V_m"][here],
                }
                for name, here in inside.items()
                if here.any()
            ],
            projections=[
                {
                    "name": name,
                    "source": ends[name][0],
                    "target": ends[name][1],
                    "pre": arrays["source"] - first[ends[name][0]],
                    "post": arrays["target"] - first[ends[name][1]],
                    "delays_ms": arrays["delay"],
                }
                for name, arrays in synapses.items()
            ],
            weights={
                name: (np.zeros(len(arrays["weight"])), arrays["weight"], np.arange(len(arrays["weight"])))
                for name, arrays in synapses.items()
            },
        )


def snntorch_run(folder: Path) -> EventSource:
    """Tensors [time, batch, ..]: the pictures of the batch are laid one behind the other."""
    with np.load(folder / "recording.npz", allow_pickle=False) as run:
        labels = run["labels"]
        tensors = {
            name: run[f"spk_{name}"].reshape(20, len(labels), -1)
            for name in ("input", "conv1", "conv2", "fc")
        }
    steps, pictures = tensors["input"].shape[:2]
    shapes = {"input": (28, 28), "conv1": (12, 12, 12), "conv2": (32, 4, 4), "fc": (10,)}

    def spikes(tensor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        step, picture, neuron = np.nonzero(tensor)
        return picture * steps + step, neuron

    with np.load(folder / "weights.npz", allow_pickle=False) as saved:
        learned = saved["fc_weight"]
    return arrays_source(
        "snntorch conv",
        time_unit=1000.0,  # microseconds of a step
        bin_us=1000,
        t_stop_us=steps * pictures * 1000,
        layers=[{"name": name, "shape": shape} for name, shape in shapes.items()],
        projections=[{"name": "fc", "source": "conv2", "target": "fc"}],
        spikes={name: spikes(tensor) for name, tensor in tensors.items()},
        weights={"fc": (np.linspace(0, steps * pictures - 1, len(learned)).round(), learned)},
        stimuli={
            "t_start": steps * np.arange(pictures),
            "t_stop": steps * (1 + np.arange(pictures)),
            "labels": labels,
        },
    )


def per_neuron(source: EventSource) -> dict[str, np.ndarray]:
    layers = source.describe().layers
    counts = np.zeros(sum(layer.neurons for layer in layers), np.int64)
    for batch in source.read("spikes"):
        np.add.at(counts, batch["neuron"].to_numpy(), 1)
    return {layer.name: counts[layer.offset : layer.offset + layer.neurons] for layer in layers}


def truth_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "truth.json").read_text())


def test_spikes_of_nest_are_true(recordings: Path) -> None:
    folder = recordings / "nest_microcircuit"
    source, truth = nest_run(folder), truth_of(folder)["spikes"]

    counts = per_neuron(source)

    assert {name: found.tolist() for name, found in counts.items()} == {
        name: layer["per_neuron"] for name, layer in truth.items()
    }
    assert source.counts().spikes == {name: layer["total"] for name, layer in truth.items()}
    for name, layer in truth.items():
        assert counts[name].sum() / layer["N"] / 1.2 == pytest.approx(layer["mean_rate_hz"])


def test_positions_potentials_and_synapses_of_nest_are_all_here(recordings: Path) -> None:
    source = nest_run(recordings / "nest_microcircuit")

    header = source.describe()

    assert all(layer.positions for layer in header.layers)
    assert sum(source.counts().potentials.values()) == 47_960
    assert len(header.projections) == 53
    with h5py.File(recordings / "nest_microcircuit" / "recording.h5") as run:
        assert {one.name: one.synapses for one in header.projections} == {
            name: len(group["weight"]) for name, group in run["connections"].items()
        }


def test_spikes_and_labels_of_snntorch_are_true(recordings: Path) -> None:
    folder = recordings / "snntorch_conv"
    source, truth = snntorch_run(folder), truth_of(folder)

    counts = per_neuron(source)

    for name, found in counts.items():
        assert found.tolist() == truth["spikes"][f"spk_{name}"]["per_neuron_over_batch"]
    labels = [label for batch in source.read("stimuli") for label in batch["label"].to_pylist()]
    assert [labels.count(str(digit)) for digit in range(10)] == truth["label_counts"]


def test_weights_of_snntorch_are_true(recordings: Path) -> None:
    folder = recordings / "snntorch_conv"
    source, truth = snntorch_run(folder), truth_of(folder)["weights"]["fc.weight"]
    n = source.describe().projections[0].synapses
    first, last = np.full(n, np.nan), np.full(n, np.nan)
    for batch in source.read("weights", "fc"):
        synapse, value = batch["synapse"].to_numpy(), batch["value"].to_numpy()
        new, at = np.unique(synapse, return_index=True)
        unknown = np.isnan(first[new])
        first[new[unknown]] = value[at[unknown]]
        last[synapse] = value

    for values, true in ((first, truth["start"]), (last, truth["end"])):
        found = {"mean": values.mean(), "min": values.min(), "max": values.max()}
        assert found == pytest.approx(true, rel=1e-4)
