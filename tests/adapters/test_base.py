from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from synaptarium.adapters import example
from synaptarium.adapters.base import EventSource, adapters, open_source
from synaptarium.adapters.report import report
from synaptarium.schemas.errors import ForeignFile, Internal, InvalidInput, NeuronOutOfRange


class Explodes:
    """Unpickling it would make a folder."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("exploded",)


def hdf5_of_something_else() -> bytes:
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        file["voltages"] = [1.0, 2.0]
    return held.getvalue()


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.h5", hdf5_of_something_else(), "an HDF5 file"),
        ("a.npz", b"PK\x03\x04...", "a zip file"),
        ("a.npy", b"\x93NUMPY...", "a numpy array file"),
        ("a.gz", b"\x1f\x8b\x08...", "a gzip file"),
        ("a.txt", b"hello world", "a file that starts with b'hello wo'"),
        ("a", b"", "an empty file"),
    ],
)
def test_a_foreign_file_is_named_with_the_known_formats(
    tmp_path: Path, name: str, content: bytes, found: str
) -> None:
    with pytest.raises(ForeignFile) as caught:
        open_source(write(tmp_path / name, content))

    assert found in caught.value.message
    for known in ("vs2n", "archive", "spike-list"):
        assert known in caught.value.hint


def test_folders_and_addresses_that_are_none_of_ours_are_named(tmp_path: Path) -> None:
    with pytest.raises(ForeignFile, match="There is no file or folder"):
        open_source(tmp_path / "nothing")
    with pytest.raises(ForeignFile, match="an empty folder"):
        open_source(tmp_path)
    write(tmp_path / "readme.md", b"x")
    with pytest.raises(ForeignFile, match=r"a folder with readme\.md"):
        open_source(tmp_path)
    with pytest.raises(ForeignFile, match="address of the kind ftp://"):
        open_source("ftp://host/run")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "run.pkl", pickle.dumps(Explodes(), protocol))

    with pytest.raises(ForeignFile):
        open_source(path)
    with pytest.raises(ForeignFile):
        open_source(path, format="spike-list")
    np.save(tmp_path / "objects.npy", np.array([Explodes()], object), allow_pickle=True)
    with pytest.raises(ForeignFile):
        open_source(tmp_path / "objects.npy")
    assert not (tmp_path / "exploded").exists()


def test_an_unknown_format_or_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no format 'edf'") as caught:
        open_source(tmp_path, format="edf")
    assert "vs2n" in caught.value.hint
    with pytest.raises(InvalidInput, match="no format 'nengo'"):
        open_source(tmp_path, format="nengo")
    with pytest.raises(InvalidInput, match="no option 'unit'") as caught:
        open_source("mongodb://127.0.0.1/run", options={"unit": "s"})
    assert "time_unit" in caught.value.hint


def test_two_adapters_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "ADAPTER", adapters()["vs2n"])

    with pytest.raises(Internal, match=r"named 'vs2n'.*example.*vs2n"):
        adapters()


def test_every_adapter_says_what_it_reads() -> None:
    for name, adapter in adapters().items():
        assert adapter.name == name
        assert adapter.title
        assert (adapter.open is None) == (adapter.sniff is None)


def test_the_example_reads_a_spike_list(tmp_path: Path) -> None:
    path = write(tmp_path / "run.txt", b"# spike list\n# layer a 2\n# layer b 3\n# a note\n1.5 4\n0.5 1\n")
    source = open_source(path)

    assert source.counts().spikes == {"a": 1, "b": 1}
    assert next(source.read("spikes")).to_pydict() == {"time_us": [500, 1500], "neuron": [1, 4]}


def test_the_example_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Line 3 of"):
        open_source(write(tmp_path / "a.txt", b"# spike list\n# layer a 2\n1.5\n"))
    with pytest.raises(NeuronOutOfRange, match="its layers have 2"):
        open_source(write(tmp_path / "b.txt", b"# spike list\n# layer a 2\n1.5 2\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"# spike list\n# layer a 3\n\xff\xfe 1\n", "Line 3 of"),
        (b"# spike list\n1 0\n", "spikes of neurons 0 to 0; its layers have 0."),
        (b"# spike list\n# layer a 9999999999\n1 0\n", "has 9,999,999,999 neurons"),
        (b"# spike list\n# layer a 3\n1e12 0\n", "The run lasts 1,000,000,000 s"),
    ],
)
def test_a_spike_list_that_makes_no_sense_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path / "run.txt", content)

    with pytest.raises(InvalidInput, match=message) as caught:
        open_source(path).describe()
    assert caught.value.hint


@pytest.mark.parametrize("source", ["arrays", "vs2n"], indirect=True)
def test_the_report_tells_network_guesses_missing_and_reductions(source: EventSource) -> None:
    dry = report(source)
    text = dry.text()

    for layer in source.describe().layers:
        assert f"{layer.name} " in text
        sides = f" ({'x'.join(map(str, layer.shape))})" if len(layer.shape) > 1 else "  "
        assert f"{layer.neurons} neurons{sides}" in text
    assert [one.spikes for one in dry.layers] == list(source.counts().spikes.values())
    assert set(dry.guesses) | set(dry.notes) == set(source.describe().source.notes)
    for entry in (*dry.guesses, *dry.notes, *dry.missing, *(one.why for one in dry.dropped)):
        assert entry in text
    assert "guess" in "".join(dry.guesses) or dry.format == "arrays"


@pytest.mark.parametrize("source", ["spike-list"], indirect=True)
def test_the_report_lists_what_a_source_lacks(source: EventSource) -> None:
    missing = " ".join(report(source).missing)

    for what in ("projections", "state variables", "stimuli", "metrics", "positions"):
        assert what in missing
