"""The pages about adapters quote the code as it is, and their snippets run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from synaptarium.adapters.archive import ArchiveSource
from synaptarium.adapters.base import EventSource, adapters
from synaptarium.adapters.vs2n_documents import OPTIONAL, REQUIRED, fields
from synaptarium.server.library import open_library
from synaptarium.store.recordings import get

REPOSITORY = Path(__file__).parents[2]
ADDING = REPOSITORY / "docs" / "adding-an-adapter.md"
RECORDING = REPOSITORY / "docs" / "recording-your-own-data.md"
EXAMPLE = REPOSITORY / "schemas" / "synaptarium" / "adapters" / "example.py"


def snippets(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "documentation", "exec"), names)
    return names


def test_the_tutorial_quotes_the_example_as_it_is() -> None:
    assert snippets(ADDING) == [EXAMPLE.read_text()]


def test_the_call_from_plain_arrays_writes_a_recording(data_folder: Path) -> None:
    names = run(snippets(RECORDING)[0])

    with open_library(data_folder, purpose="test") as library:
        recording = get(library.store, names["recording_id"])
    assert recording.status == "ready"
    assert recording.counts.spikes == {"input": 5000, "output": 4}
    assert recording.counts.images == 3


def test_the_script_without_a_database_saves_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(snippets(RECORDING)[1])

    assert ArchiveSource(tmp_path / "run.synaptarium").counts().spikes == {"a": 2}


@pytest.mark.parametrize(("index", "format"), [(2, "nengo"), (3, "brian2")])
def test_the_simulators_snippets_make_sources(index: int, format: str) -> None:
    source: EventSource = run(snippets(RECORDING)[index])["source"]

    assert source.describe().source.format == format


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
