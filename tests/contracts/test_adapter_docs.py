"""The pages about adapters quote the code as it is, and their snippets run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from synaptarium.adapters.archive_source import ArchiveSource
from synaptarium.adapters.base import EventSource, adapters, open_source
from synaptarium.adapters.vs2n_documents import OPTIONAL, REQUIRED, fields
from synaptarium.server.library import open_library
from synaptarium.store.recordings import get

REPOSITORY = Path(__file__).parents[2]
ADDING = REPOSITORY / "docs" / "adding-an-adapter.md"
RECORDING = REPOSITORY / "docs" / "recording-your-own-data.md"
EXAMPLE = REPOSITORY / "schemas" / "synaptarium" / "adapters" / "example.py"


def snippets(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def snippet_under(heading: str) -> str:
    """Return the first snippet below a heading of the page about recording."""
    _, found, below = RECORDING.read_text().partition(f"# {heading}\n")
    assert found, heading
    return re.findall(r"^```python\n(.*?)^```$", below, re.MULTILINE | re.DOTALL)[0]


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "documentation", "exec"), names)
    return names


def test_the_tutorial_quotes_the_example_as_it_is() -> None:
    assert snippets(ADDING) == [EXAMPLE.read_text()]


def test_the_call_from_plain_arrays_writes_a_recording(data_folder: Path) -> None:
    names = run(snippet_under("From plain arrays, in one call"))

    with open_library(data_folder, purpose="test") as library:
        recording = get(library.store, names["recording_id"])
    assert recording.status == "ready"
    assert recording.counts.spikes == {"input": 5000, "output": 4}
    assert recording.counts.images == 3


def test_the_script_without_a_database_saves_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(snippet_under("From a script without a database"))

    assert ArchiveSource(tmp_path / "run.synaptarium").counts().spikes == {"a": 2}


def test_brian2s_snippet_makes_a_source() -> None:
    source: EventSource = run(snippet_under("Brian2"))["source"]

    assert source.describe().source.format == "brian2"
    assert source.counts().spikes == {"input": 2, "exc": 0}


def test_the_simulators_snippets_write_recordings(data_folder: Path) -> None:
    with open_library(data_folder, purpose="test") as library:
        nest = get(library.store, run(snippet_under("NEST"))["recording_id"])
        tensors = run(snippet_under("Tensors: snnTorch, Norse, SpikingJelly and others"))
        torch = get(library.store, tensors["recording_id"])
        trains = run(snippet_under("Spike trains: PyNN, Neo, Elephant"))
        units = get(library.store, trains["recording_id"])

    assert nest.counts.spikes == {"exc": 3, "inh": 1}
    assert (nest.counts.weights, nest.counts.potentials) == ({"exc -> inh": 2}, {"V_m/exc": 2})
    assert torch.counts.spikes == {name: tensors[name].sum() for name in ("image", "hidden", "output")}
    assert [layer.shape for layer in torch.header.layers] == [(1, 8, 8), (8, 6, 6), (10,)]
    assert torch.header.projections[0].synapses == 8 * 6 * 6 * 9
    assert units.counts.spikes == {"units": 3}


@pytest.mark.filterwarnings("ignore:numpy.core:DeprecationWarning")
def test_nengos_snippet_simulates_and_writes_a_recording(data_folder: Path) -> None:
    names = run(snippet_under("Nengo"))

    with open_library(data_folder, purpose="test") as library:
        recording = get(library.store, names["recording_id"])
    assert recording.counts.spikes["hidden"] == (names["sim"].data[names["spikes"]] > 0).sum() > 1000
    assert recording.counts.potentials == {"v/hidden": 5 * 200}
    assert recording.header.projections[0].kind == "decoder"


def test_the_file_of_spikes_alone_comes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(snippet_under("Spikes alone, in one file"))

    source = open_source("run.parquet", options={"layers": "exc:100,inh:20"})

    assert source.counts().spikes == {"exc": 3, "inh": 1}


def test_the_table_of_vs2n_names_every_field_that_is_read() -> None:
    text = RECORDING.read_text().partition("## From VS2N")[2]

    for collection in (*REQUIRED, *OPTIONAL):
        row = next(line for line in text.splitlines() if line.startswith(f"| `{collection}`"))
        if collection in {"spikes", "potential", "synapseWeight"}:
            assert all(f"`{part}`" in row for name in fields(collection) for part in name.split("."))


def test_options_and_families_of_adapters_stand_in_the_docs() -> None:
    text = RECORDING.read_text() + ADDING.read_text()

    for name, adapter in adapters().items():
        assert name.replace("-", " ") in text.lower() or name in text, name
        assert all(f"{option}=" in text for option in adapter.options)
