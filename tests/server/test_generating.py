"""`synaptarium generate`: into the store, into files, and what it refuses."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from synaptarium.schemas.events import EventKind
from synaptarium.server.cli import main
from synaptarium.server.library import open_library
from synaptarium.store import events, network, recordings
from synaptarium.store.database import Store


@pytest.fixture(autouse=True)
def terminated_as_before() -> object:
    """The command line sets a handler for SIGTERM; tests give it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_generated_recording_is_stored_as_asked(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "generate --layers in:5x4,b,a:d:30 --neurons 50 --spikes 5000 --seconds 2 --seed 3 --weights 100"

    code = main([*words.split(), "--stimuli", "4", "--json"])

    out, err = capsys.readouterr()
    found = json.loads(out)
    assert code == 0
    assert found["span_us"] == [0, 2_000_000]
    assert [(one["name"], one["shape"], one["spikes"]) for one in found["layers"]] == [
        ("in", [5, 4], 2000),
        ("b,a:d", [30], 3000),
    ]
    assert found["projections"][0]["weights"]["changes"] == 400
    assert found["stimuli"] == 4
    assert "Generating" in err
    assert main(["precompute", found["id"], "--engine", "local"]) == 0


def test_generated_file_of_spikes_names_its_layers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.parquet"

    code = main(["generate", "--layers", "2", "--neurons", "7", "--spikes", "500", "--to", str(path)])

    table = pq.read_table(path)
    assert (code, table.num_rows, table.column_names) == (0, 500, ["time_us", "neuron", "layer"])
    assert set(table["layer"].to_pylist()) == {"layer 0", "layer 1"}
    assert f"synaptarium import {path}" in capsys.readouterr().out


def _rows(store: Store, num: int, kind: EventKind, stream: str) -> list[dict[str, object]]:
    return [row for batch in events.read(store, num, kind, stream) for row in batch.to_pylist()]


def test_generated_folder_imports_as_the_recording_that_is_stored_at_once(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = "big:1000x1000,one:1,'ä; b\"/->:40,c:7"
    words = ["generate", "--layers", layers, "--spikes", "4000", "--seconds", "3", "--seed", "5"]
    words += ["--weights", "300", "--fan-in", "6", "--stimuli", "9", "--name", "the run", "--bin-us", "500"]
    words += ["--potentials", "2", "--sampling-us", "5000"]
    folder = tmp_path / "run"

    assert main([*words, "--json"]) == 0
    stored = json.loads(capsys.readouterr().out)
    assert main([*words, "--to", f"{folder}/"]) == 0
    assert main(["import", str(folder), "--json"]) == 0
    imported = json.loads(capsys.readouterr().out.partition("\n")[2])

    assert {one.name for one in folder.iterdir()} == {
        "header.json",
        *(f"{stem}.parquet" for stem in ("spikes", "synapses", "weights", "potentials", "stimuli")),
    }
    for field in ("name", "span_us", "bin_us", "layers", "projections", "variables", "stimuli", "classes"):
        assert imported[field] == stored[field], field
    with open_library(data_folder, purpose="test") as library:
        first, second = (recordings.get(library.store, one["id"]) for one in (stored, imported))
        assert first.counts == second.counts
        kinds: tuple[EventKind, ...] = ("spikes", "weights", "potentials", "stimuli")
        for kind in kinds:
            for stream in recordings.streams_of(first.header, kind):
                assert _rows(library.store, first.num, kind, stream) == _rows(
                    library.store, second.num, kind, stream
                ), (kind, stream)
        for one in first.header.projections:
            for ours, theirs in zip(
                *(network.read_synapses(library.store, run.num, one.name) for run in (first, second)),
                strict=True,
            ):
                np.testing.assert_array_equal(ours, theirs)


def test_a_folder_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--to", str(tmp_path)]) == 1

    assert f"{str(tmp_path)!r} exists" in capsys.readouterr().err


def test_generated_archive_holds_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.synaptarium"

    assert main(["generate", "--spikes", "500", "--weights", "9", "--to", str(path)]) == 0
    assert main(["import", str(path), "--dry-run", "--json"]) == 0

    out = capsys.readouterr().out
    assert json.loads(out[out.index("{") :])["format"] == "generated"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--layers a:3 --neurons 4", "--layers names 3"),
        ("--layers 5 --neurons 4", "4 neurons in 5 layers"),
        ("--rates fast", "no numbers"),
        ("--to run.csv", "no kind of file"),
        ("--spikes -1", "spikes is -1"),
    ],
)
def test_what_cannot_be_generated_is_told(
    words: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["generate", *words.split()])

    assert code == 1
    assert message in capsys.readouterr().err
