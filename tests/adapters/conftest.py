"""Small sources, one of every adapter, generated so that everything is tested without any recording at hand."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from synaptarium.adapters.archive import save
from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.arrays import LayerArrays, PotentialArrays, ProjectionArrays, arrays_source
from synaptarium.adapters.base import EventSource, open_source
from synaptarium.adapters.brian2 import Brian2Group, Brian2State, Brian2Synapses, brian2_source
from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list
from synaptarium.adapters.nengo import NengoConnection, NengoEnsemble, nengo_source

WriteVs2n = Callable[..., Path]

SPIKE_LIST = "# spike list\n# layer input 4\n# layer output 2\n0.5 0\n1.0 5\n1.0 3\n22.900000000100004 4\n"


@pytest.fixture
def everything() -> ArraySource:
    """Arrays of every kind: two layers, a decoder, samples and changes, stimuli, metrics and images."""
    generator = np.random.default_rng(1)
    snapshots = np.repeat(generator.random((1, 12)).astype(np.float32), 4, axis=0)
    snapshots[1:, 3] += 1
    snapshots[2:, 5] = np.nan
    return arrays_source(
        "everything",
        time_unit="ms",
        bin_us=1000,
        layers=[
            LayerArrays("input", shape=(2, 2), cell_type="input", positions=generator.random((4, 3))),
            LayerArrays("output", neurons=3, labels=[0, 1, -1], labels_method="by hand"),
        ],
        projections=[
            ProjectionArrays("input", "output", delays_ms=np.full(12, 1.5), learning_rule="STDP"),
            ProjectionArrays("output", "digit", dimensions=2),
        ],
        spikes={
            "input": (generator.integers(0, 90, 200), generator.integers(0, 4, 200)),
            "output": (generator.integers(0, 90, 50), generator.integers(0, 3, 50), np.arange(50) % 3 + 1),
        },
        potentials=[
            PotentialArrays("output", "v", generator.random((45, 2)), unit="mV", period=2.0, ids=[2, 0]),
            PotentialArrays("input", "v", [1.0, 2.0, 3.0], unit="mV", times=[0, 7, 7], neurons=[3, 1, 3]),
        ],
        weights={
            "input -> output": ([0, 25, 50, 75], snapshots.reshape(4, 3, 4)),
            "output -> digit": ([10, 5, 5], [0.5, None, 0.25], [0, 1, 2]),
        },
        stimuli={"t_start": [0, 50], "labels": [0, 1], "predictions": [1, None]},
        metrics={"accuracy": ([40, 80], [0.5, 0.75]), "loss": ([80], [1.0])},
        images=np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4),
    )


@pytest.fixture
def write_vs2n(tmp_path: Path) -> WriteVs2n:
    """Return a writer of small VS2N folders: 4x4 input, 3 neurons in "Layer 1", 4 presentations of 100 ms.

    ``unit`` is "s" (doubles) or "us" (integers); ``changes`` replaces collections (None leaves one out).
    """

    def write(
        unit: str = "s",
        *,
        suffix: str = ".jsonl",
        name: str = "vs2n",
        changes: Mapping[str, Any] | None = None,
    ) -> Path:
        folder = tmp_path / f"{name}-{unit}"
        folder.mkdir()
        collections = {**vs2n_collections(unit), **(changes or {})}
        for collection, documents in collections.items():
            if documents is None:
                continue
            text = "\n".join(map(json.dumps, documents)) + "\n" if documents else ""
            path = folder / f"{collection}{suffix}"
            path.write_bytes(gzip.compress(text.encode()) if suffix.endswith(".gz") else text.encode())
        return folder

    return write


def vs2n_collections(unit: str) -> dict[str, list[dict[str, Any]]]:
    """Return the documents of a small run, as the real collector leaves them."""

    def time(ms: float) -> float | int:
        return ms / 1000 if unit == "s" else round(ms * 1000)

    shown = [3, 0, 3, 7]
    spikes: list[dict[str, Any]] = []
    for step in range(80):
        ms = step * 5.0
        # The collector writes the label of the image before; the first image gets the last label.
        said = shown[int(ms // 100) - 1]
        spikes.append(
            {"T": time(ms), "i": {"L": "Input", "N": step % 16}, "Input": said if unit == "s" else str(said)}
        )
        if step % 8 == 0:
            spikes.append({"T": time(ms), "i": {"L": "layer1", "N": step % 3}, "Input": said, "S": 1})
    weights = [
        {"T": time(0), "C": c, "To": to, "V": c / 16 + to, "index": {"x": c // 4, "y": c % 4}, "L": "Layer1"}
        for c in range(16)
        for to in range(3)
    ]
    weights += [
        {"T": time(ms), "C": 5, "To": 1, "V": v, "index": {"x": 1, "y": 1}, "L": "Layer1"}
        for ms, v in ((100, 0.5), (200, -0.25))
    ]
    starts = [(1, 0.0), (1, 10.0), (2, 100.0), (3, 200.0)]  # a duplicate G, and the fourth label missing
    return {
        "info": [
            {"n": "small", "L:N": {"Input": 16, "Layer 1": 3}, "T": "26-02-2021-00:37:39", "D": "Mnist"},
            {"MaxS": 84.45 if unit == "s" else "84.45%", "NLabel": [{"L": "layer_1", "N": 0, "Label": 3}]},
        ],
        "spikes": spikes,
        "potential": [
            {"T": time(ms), "L": "Layer 1", "N": n, "V": ms / 10 + n} for ms in (0, 20, 5) for n in (0, 2)
        ],
        "synapseWeight": weights,
        "labels": [{"L": shown[g - 1], "T": time(ms), "G": g} for g, ms in starts],
    }


@pytest.fixture
def nengo_arrays() -> dict[str, Any]:
    """What a script holds after a Nengo run of 40 ms at 1 ms: arguments of ``nengo_source``."""
    generator = np.random.default_rng(2)
    trange = np.arange(1, 41) * 0.001
    hidden = (generator.random((40, 6)) < 0.2) * 1000.0
    output = (generator.random((40, 3)) < 0.2) * 2000.0
    output[7, 1] = 4000.0  # two spikes in one step
    output[8, 0] = 2000.0
    return {
        "ensembles": {
            "hidden": NengoEnsemble(
                hidden, voltage=generator.random((8, 2)), voltage_t=trange[4::5], voltage_ids=[1, 4]
            ),
            "output": NengoEnsemble(output, amplitude=2.0, neuron_type="LIF"),
        },
        "trange": trange,
        "nodes": {"digits": 16},
        "connections": [
            NengoConnection(
                "hidden", "class", generator.random((4, 2, 6)), trange[9::10], learning_rule="PES"
            ),
            NengoConnection("hidden", "output", np.zeros((2, 3, 6)), trange[19::20]),
            NengoConnection("digits", "hidden"),
        ],
        "stimuli": {"t_start": [0.0, 0.02], "labels": ["three", "four"]},
    }


@pytest.fixture
def brian2_arrays() -> dict[str, Any]:
    """What a script holds after a Brian2 run: arguments of ``brian2_source``."""
    times = np.array([0.0, 0.0005, 0.0005, 0.0015])
    return {
        "groups": {
            "input": Brian2Group(shape=(2, 2), spikes=(times, np.array([3, 0, 2, 1], np.int32))),
            "exc": Brian2Group(
                neurons=3,
                spikes={"t": np.array([0.001]), "i": np.array([2]), "count": np.array([0, 0, 1]), "N": 1},
                states={
                    "v": Brian2State(
                        t=times[[0, 1, 3]], values=np.arange(6.0).reshape(2, 3), record=[0, 2], unit="V"
                    )
                },
            ),
        },
        "synapses": [
            Brian2Synapses(
                "input",
                "exc",
                i=np.array([0, 1, 1]),
                j=np.array([0, 2, 2]),
                w=np.array([[0.1, 0.2, 0.3], [0.1, 0.5, 0.3]]),
                w_t=[0.0, 0.001],
                delay=np.array([0.001, 0.002, 0.0]),
            )
        ],
        "dt": 0.0005,
        "duration": 0.002,
    }


def write_columns(folder: Path) -> Path:
    """Write a folder of column files as a user's tool might: Parquet and Arrow, times in several units, unsorted."""
    folder.mkdir()
    generator = np.random.default_rng(5)
    spikes = pa.table(
        {
            "time_ms": generator.permutation(np.arange(400) * 0.25),
            "neuron": generator.integers(0, 4, 400),
            "layer": generator.choice(["in", "ö, ut"], 400),
            "count": generator.integers(1, 4, 400),
        }
    )
    pq.write_table(spikes, folder / "spikes.parquet", row_group_size=64)
    synapses = {"pre": [0, 1, 2, 3, 0], "post": [3, 2, 1, 0, 0], "delay_ms": [1.0, 1, 2, 2, 3]}
    feather.write_feather(pa.table(synapses), folder / "synapses.feather")
    weights = {"time_s": [0.0, 0.01, 0.03, 0.02], "synapse": [4, 0, 0, 1], "value": [0.5, 0.25, None, 1.0]}
    feather.write_feather(pa.table(weights), folder / "weights.arrow")
    stimuli = {
        "t_start_us": [0, 50_000],
        "t_stop_us": [40_000, 90_000],
        "label": [3, 7],
        "prediction": [3, None],
        "image": [1, 0],
    }
    pq.write_table(pa.table(stimuli), folder / "stimuli.parquet")
    metrics = {"time_ms": [10, 99], "name": ["loss", "loss"], "value": [1.0, 0.5]}
    pq.write_table(pa.table(metrics), folder / "metrics.parquet")
    potentials = {
        "time_ms": [0.0, 2, 1, 0, 1],
        "neuron": [1, 1, 1, 3, 3],
        "layer": ["in"] * 3 + ["ö, ut"] * 2,
        "value": [-65.0, -60, -62, 0.5, 0.25],
        "variable": ["v", "v", "v", "θ", "θ"],
    }
    pq.write_table(pa.table(potentials), folder / "potentials.parquet", row_group_size=2)
    neurons = {
        "layer": ["ö, ut"] * 4 + ["in"] * 4,
        "neuron": [3, 2, 1, 0, 0, 1, 2, 3],
        "x_um": np.arange(8.0),
        "y_um": np.arange(8.0) * 10,
        "label": ["7", None, "3", "3"] + [None] * 4,
    }
    pq.write_table(pa.table(neurons), folder / "neurons.parquet")
    pq.write_table(pa.table({"pixels": [[0, 1, 2, 3], [255, 0, 0, 9]]}), folder / "images.parquet")
    header = {
        "layers": [{"name": "in", "shape": [2, 2], "cell_type": "input"}, {"name": "ö, ut", "neurons": 4}],
        "potentials": [{"variable": "v", "unit": "mV", "sampling_period_us": 1000}],
        "projections": [{"source": "in", "target": "ö, ut", "learning_rule": "STDP"}],
    }
    (folder / "header.json").write_text(json.dumps(header))
    return folder


def write_sonata(folder: Path) -> tuple[Path, Path]:
    """Write spikes of two populations, one of them with nodes out of order in two groups, and those nodes."""
    folder.mkdir()
    with h5py.File(folder / "spikes.h5", "w") as file:
        v1 = file.create_group("spikes/v1")
        v1.attrs["sorting"] = "by_time"
        v1["timestamps"] = [0.5, 1.0, 22.900000000100004, 30.0]
        v1["node_ids"] = np.array([7, 2, 7, 9], np.uint64)
        lgn = file.create_group("spikes/lgn")
        lgn["timestamps"] = [0.02, 0.01]
        lgn["timestamps"].attrs["units"] = "s"
        lgn["node_ids"] = [3, 0]
    with h5py.File(folder / "nodes.h5", "w") as file:
        nodes = file.create_group("nodes/v1")
        nodes["node_id"] = [9, 7, 2]
        nodes["node_type_id"] = [100, 100, 101]
        nodes["node_group_id"] = [0, 1, 0]
        nodes["node_group_index"] = [1, 0, 0]
        nodes["0/x"], nodes["0/y"] = [2.0, 9.0], [20.0, 90.0]
        nodes["1/x"], nodes["1/y"], nodes["1/z"] = [7.0], [70.0], [700.0]
    return folder / "spikes.h5", folder / "nodes.h5"


def write_nwb(path: Path) -> Path:
    """Write four units, the second without a spike, in two populations, and trials, one of which has no end."""
    with h5py.File(path, "w") as file:
        file.attrs["neurodata_type"] = "NWBFile"
        places = [file.create_group(f"general/ecephys/{name}").ref for name in ("left", "right")]
        units = file.create_group("units")
        units["id"] = [6, 7, 191, 206]
        units["spike_times"] = [0.5, 0.25, 0.1, 1.0, 0.3, 0.2]
        units["spike_times_index"] = np.array([3, 3, 4, 6], np.uint8)
        units["population"] = ["exc", "inh", "inh", "exc"]
        units["location"] = ["CA1", "", "CA1", "CA1"]
        references = units.create_dataset("electrode_group", (4,), h5py.ref_dtype)
        references[:] = [places[0], places[1], places[1], places[0]]
        units["obs_intervals"] = [[0.0, 2.5]] * 4
        units["obs_intervals_index"] = np.arange(1, 5)
        trials = file.create_group("intervals/trials")
        trials["start_time"], trials["stop_time"] = [0.0, 1.0, 2.0], [0.5, 1.5, np.nan]
        trials["tags"], trials["tags_index"] = ["go", "left", "stop"], [2, 3, 3]
        trials["contrast"] = [1.0, 0.0, 1.0]
        file["acquisition/V_m/data"] = [0.0]
    return path


@pytest.fixture
def source(request: pytest.FixtureRequest, tmp_path: Path) -> EventSource:
    """The source that an indirect parameter names, by its adapter."""
    kind: str = request.param
    if kind.startswith("vs2n"):
        write: WriteVs2n = request.getfixturevalue("write_vs2n")
        return open_source(write("us" if kind.endswith("us") else "s"))
    if kind == "spike-list":
        path = tmp_path / "run.txt"
        path.write_text(SPIKE_LIST)
        return open_source(path)
    if kind == "columns":
        return open_source(write_columns(tmp_path / "columns"))
    if kind == "sonata":
        spikes, nodes = write_sonata(tmp_path / "sonata")
        return open_source(spikes, options={"nodes": str(nodes)})
    if kind == "nwb":
        return open_source(write_nwb(tmp_path / "run.nwb"))
    if kind == "generated":
        layers = layer_list("in put:4x5,one:1,ä:b, c:70")
        return GeneratedSource(
            Generation(layers=layers, seconds=2.0, spikes=3000, fan_in=3, weights=500, stimuli=7)
        )
    if kind == "nengo":
        return nengo_source("nengo run", **request.getfixturevalue("nengo_arrays"))
    if kind == "brian2":
        return brian2_source("brian2 run", **request.getfixturevalue("brian2_arrays"))
    everything: ArraySource = request.getfixturevalue("everything")
    return open_source(save(everything, tmp_path / "saved")) if kind == "archive" else everything
