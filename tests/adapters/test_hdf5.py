"""SONATA and NWB files: what is read, guessed, told and refused; the real ones against facts found without us."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from synaptarium.adapters.base import EventSource, open_source
from synaptarium.schemas.errors import (
    ForeignFile,
    InvalidInput,
    NeuronOutOfRange,
    SynaptariumError,
    TruncatedFile,
)

from .conftest import write_nwb, write_sonata

real = pytest.mark.skipif(
    not os.environ.get("SYNAPTARIUM_RECORDINGS"), reason="SYNAPTARIUM_RECORDINGS is not set"
)


@pytest.fixture
def recordings() -> Path:
    return Path(os.environ["SYNAPTARIUM_RECORDINGS"])


def spikes(source: EventSource) -> list[tuple[int, int]]:
    return [(row["time_us"], row["neuron"]) for batch in source.read("spikes") for row in batch.to_pylist()]


def per_neuron(source: EventSource) -> dict[str, list[int]]:
    layers = source.describe().layers
    counts = np.zeros(sum(layer.neurons for layer in layers), np.int64)
    for batch in source.read("spikes"):
        np.add.at(counts, batch["neuron"].to_numpy(), 1)
    return {layer.name: counts[layer.offset : layer.offset + layer.neurons].tolist() for layer in layers}


def notes(source: EventSource) -> str:
    return "\n".join(source.describe().source.notes)


def test_populations_of_sonata_are_layers_and_their_sizes_a_guess(tmp_path: Path) -> None:
    source = open_source(write_sonata(tmp_path / "run")[0])

    header = source.describe()
    assert header.name == "lgn, v1" and header.source.format == "sonata"
    assert {layer.name: layer.neurons for layer in header.layers} == {"lgn": 4, "v1": 10}
    first = {layer.name: layer.offset for layer in header.layers}
    v1, lgn = first["v1"], first["lgn"]
    assert spikes(source) == [
        (500, v1 + 7), (1000, v1 + 2), (10_000, lgn), (20_000, lgn + 3), (22_900, v1 + 7), (30_000, v1 + 9)
    ]  # fmt: skip
    assert "guess" in notes(source) and "--option nodes=" in notes(source)


def test_nodes_of_sonata_say_ids_and_places(tmp_path: Path) -> None:
    run, nodes = write_sonata(tmp_path / "run")
    source = open_source(run, options={"nodes": str(nodes), "bin_us": "500", "t_stop_us": "40000"})

    header = source.describe()
    assert (header.bin_us, header.t_stop_us) == (500, 40_000)
    assert [(layer.name, layer.neurons) for layer in header.layers] == [("v1", 3), ("lgn", 4)]
    places = source.positions("v1")
    assert places is not None and places.tolist() == [[9, 90, 0], [7, 70, 0], [2, 20, 0]]
    assert source.positions("lgn") is None
    assert per_neuron(source) == {"v1": [1, 2, 1], "lgn": [1, 0, 0, 1]}


def test_the_old_layout_of_sonata_takes_its_name_from_an_option_or_the_nodes(tmp_path: Path) -> None:
    _, nodes = write_sonata(tmp_path / "run")
    path = tmp_path / "input.h5"
    with h5py.File(path, "w") as file:
        file["spikes/timestamps"], file["spikes/gids"] = [1.0, 2.0], [9, 2]

    named = open_source(path, options={"population": "lgn"})
    with_nodes = open_source(path, options={"nodes": str(nodes)})

    assert per_neuron(open_source(path)).keys() == {"input"}
    assert per_neuron(named) == {"lgn": [0, 0, 1, 0, 0, 0, 0, 0, 0, 1]}
    assert per_neuron(with_nodes) == {"v1": [1, 0, 1]}


def test_units_of_nwb_are_neurons_of_the_layers_of_a_column(tmp_path: Path) -> None:
    path = write_nwb(tmp_path / "run.nwb")
    source = open_source(path)

    assert per_neuron(source) == {"exc": [3, 2], "inh": [0, 1]}
    assert spikes(source)[:2] == [(100_000, 0), (200_000, 1)]
    assert source.describe().t_stop_us == 2_500_000  # observed until then
    stimuli = [row for batch in source.read("stimuli") for row in batch.to_pylist()]
    assert [(row["t_start_us"], row["t_stop_us"], row["label"]) for row in stimuli] == [
        (0, 500_000, "go, left"), (1_000_000, 1_500_000, "stop")
    ]  # fmt: skip
    assert [(one.what, one.kept, one.total) for one in source.describe().accounting] == [("trials", 2, 3)]
    for told in ("'population': a guess", "unit ids (6 to 206)", "1 of acquisition (V_m) is not read"):
        assert told in notes(source)
    chosen = open_source(path, options={"layer": "electrode_group", "label": "contrast"})
    assert per_neuron(chosen) == {"left": [3, 2], "right": [0, 1]}
    assert chosen.describe().classes == ("0", "1") and "guess: the layers" not in notes(chosen)


def test_units_of_nwb_without_a_column_of_layers_are_one(tmp_path: Path) -> None:
    path = write_nwb(tmp_path / "run.nwb")
    with h5py.File(path, "a") as file:
        del file["units/population"], file["intervals"]

    source = open_source(path)

    assert per_neuron(source) == {"units": [3, 0, 1, 2]}
    assert "by one of electrode_group, location" in notes(source)


SONATA_REFUSED = [
    ("spikes", {}, {}, ForeignFile, "holds no spikes: it has nodes"),
    ("spikes/v1/node_ids", {}, {}, InvalidInput, "no column 'node_ids' in '/spikes/v1'"),
    ("spikes/lgn/timestamps", {}, {}, InvalidInput, "no column 'timestamps'"),
    ("spikes/lgn/node_ids", {"spikes/lgn/node_ids": [1]}, {}, InvalidInput, "2 timestamps and 1"),
    ("spikes/lgn/node_ids", {"spikes/lgn/node_ids": [1, 2**40]}, {}, NeuronOutOfRange, "too few to guess"),
    ("", {}, {"nodes": "nodes.h5"}, ForeignFile, "'nodes.h5' is not there"),
    ("", {}, {"nodes": "SELF"}, NeuronOutOfRange, "spikes of node 7 in 'v1', whose 2 nodes"),
    ("", {}, {"time_unit": "h"}, InvalidInput, "'h'"),
    ("", {}, {"bin_us": "1 ms"}, InvalidInput, "bin_us is '1 ms'"),
]  # fmt: skip
NWB_REFUSED = [
    ("units", {}, {}, ForeignFile, "no units with spike times: it holds acquisition and intervals"),
    ("units/spike_times", {}, {}, ForeignFile, "no units with spike times"),
    ("units/spike_times_index", {}, {}, InvalidInput, "no column 'spike_times_index'"),
    ("units/spike_times_index", {"units/spike_times_index": [3, 9]}, {}, InvalidInput, "does not fit"),
    ("", {}, {"layer": "area"}, InvalidInput, "no column 'area'"),
    ("", {}, {"layer": "location"}, InvalidInput, "1 of 4 units .* have nothing in 'location'"),
    ("", {}, {"label": "colour"}, InvalidInput, "no column 'colour'"),
    ("intervals", {}, {"label": "tags"}, InvalidInput, "neither trials nor epochs"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("format", "removed", "added", "options", "error", "message"),
    [("sonata", *case) for case in SONATA_REFUSED] + [("nwb", *case) for case in NWB_REFUSED],
)
def test_files_that_make_no_sense_are_refused(
    tmp_path: Path,
    format: str,
    removed: str,
    added: dict[str, Any],
    options: dict[str, str],
    error: type[SynaptariumError],
    message: str,
) -> None:
    path = write_nwb(tmp_path / "run.nwb") if format == "nwb" else write_sonata(tmp_path / "run")[0]
    with h5py.File(path, "a") as file:
        if format == "sonata":
            file["nodes/v1/node_type_id"] = [100, 100]
        if removed:
            del file[removed]
        file.update(added)
    options = {name: str(path) if value == "SELF" else value for name, value in options.items()}

    with pytest.raises(error, match=message) as refused:
        open_source(path, options=options).describe()

    assert refused.value.hint


def test_a_file_cut_short_is_told(tmp_path: Path) -> None:
    path = write_nwb(tmp_path / "run.nwb")
    path.write_bytes(path.read_bytes()[:3000])

    for format in ("nwb", None):
        with pytest.raises(TruncatedFile, match=r"run\.nwb cannot be read"):
            open_source(path, format=format).describe()


@real
@pytest.mark.parametrize(
    ("path", "population"),
    [
        ("300_cells/output/spikes.h5", "internal"),
        ("300_intfire/output/spikes.h5", "v1"),
        ("9_cells/output/spikes.h5", "cortex"),
        ("9_cells/inputs/exc_spike_trains.h5", "excvirt"),
        ("300_intfire/inputs/lgn_spikes.h5", ""),
        ("300_pointneurons/inputs/external_spike_trains.h5", ""),
    ],
)
def test_spikes_of_the_official_sonata_examples_are_true(
    recordings: Path, path: str, population: str
) -> None:
    truth = json.loads((recordings / "sonata" / "truth.json").read_text())[f"examples/{path}"]
    ids = truth[f"spikes/{population}/node_ids" if population else "spikes/gids"]
    times = truth[f"spikes/{population}/timestamps" if population else "spikes/timestamps"]

    source = open_source(recordings / "sonata" / "examples" / path)

    (found,) = per_neuron(source).values()
    assert (sum(found), len(found) - 1) == (ids["shape"][0], ids["max"])
    if "per_neuron_counts_nonzero" in ids:
        assert {str(neuron): n for neuron, n in enumerate(found) if n} == ids["per_neuron_counts_nonzero"]
    every = spikes(source)
    assert [every[0][0] / 1000, every[-1][0] / 1000] == pytest.approx([times["min"], times["max"]], abs=5e-4)


@real
def test_places_of_the_official_sonata_examples_are_true(recordings: Path) -> None:
    folder = recordings / "sonata" / "examples" / "300_cells"
    truth = json.loads((recordings / "sonata" / "truth.json").read_text())
    axes = truth["examples/300_cells/network/internal_nodes.h5"]

    source = open_source(
        folder / "output" / "spikes.h5", options={"nodes": str(folder / "network" / "internal_nodes.h5")}
    )

    places = source.positions("internal")
    assert places is not None and places.shape == (300, 3)
    for k, axis in enumerate("xyz"):
        true = axes[f"nodes/internal/0/{axis}"]
        assert [places[:, k].min(), places[:, k].max()] == pytest.approx([true["min"], true["max"]])


@real
def test_units_of_the_real_nwb_files_are_true(recordings: Path) -> None:
    truth = json.loads((recordings / "nwb" / "truth.json").read_text())
    session = truth["A8604-211122.nwb"]

    ours = open_source(recordings / "nwb" / "microcircuit.nwb")
    foreign = open_source(recordings / "nwb" / "A8604-211122.nwb")

    assert per_neuron(ours) == truth["microcircuit.nwb"]["counts"]
    assert ours.counts().stimuli == truth["microcircuit.nwb"]["trials"]
    assert per_neuron(foreign) == {"units": session["counts"]}
    times = [[time for time, neuron in spikes(foreign) if neuron == unit] for unit in range(3)]
    assert [one[0] for one in times] == [round(first * 1e6) for first in session["first"]]
    assert [one[-1] for one in times] == [round(last * 1e6) for last in session["last"]]
