from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from synaptarium.adapters.archive import save
from synaptarium.adapters.archive_source import ArchiveSource
from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.arrays import LayerArrays, arrays_source
from synaptarium.adapters.base import open_source, streams
from synaptarium.schemas.errors import (
    CorruptData,
    ForeignFile,
    InvalidInput,
    NeuronOutOfRange,
    RecordingExists,
    TruncatedFile,
)


def test_an_archive_gives_back_what_was_saved(everything: ArraySource, tmp_path: Path) -> None:
    folder = save(everything, tmp_path / "run")
    archive = open_source(folder)

    assert folder.name == "run.synaptarium"
    assert archive.describe() == everything.describe()
    assert archive.counts() == everything.counts()
    for kind, stream in streams(everything.describe(), everything.counts()):
        saved = [row for batch in archive.read(kind, stream) for row in batch.to_pylist()]
        assert saved == [row for batch in everything.read(kind, stream) for row in batch.to_pylist()]


def test_an_archive_of_an_archive_is_the_same(everything: ArraySource, tmp_path: Path) -> None:
    first = save(everything, tmp_path / "first")
    second = save(open_source(first), tmp_path / "second")

    for path in sorted(first.iterdir()):
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_layers_may_have_any_name(tmp_path: Path) -> None:
    layer = LayerArrays("../a/b: c", neurons=1, positions=[[1, 2, 3]])
    folder = save(arrays_source("odd", layers=[layer], bin_us=1), tmp_path / "odd")

    assert ArchiveSource(folder).positions("../a/b: c").tolist() == [[1, 2, 3]]  # type: ignore[union-attr]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["odd.synaptarium"]


def test_an_archive_is_replaced_only_when_asked(everything: ArraySource, tmp_path: Path) -> None:
    save(everything, tmp_path / "run")

    with pytest.raises(RecordingExists, match="exists"):
        save(everything, tmp_path / "run")
    save(everything, tmp_path / "run", overwrite=True)


def test_a_save_that_fails_leaves_nothing(everything: ArraySource, tmp_path: Path) -> None:
    class Failing(ArchiveSource):
        def read(self, *_: Any) -> Any:
            raise OSError("disk full")

    failing = Failing(save(everything, tmp_path / "good"))
    with pytest.raises(OSError, match="disk full"):
        save(failing, tmp_path / "bad")
    assert [path.name for path in tmp_path.iterdir()] == ["good.synaptarium"]


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda folder: (folder / "header.json").unlink(), TruncatedFile, "not written to its end"),
        (lambda folder: _cut(folder / "header.json"), TruncatedFile, "cut short"),
        (lambda folder: _cut(folder / "events-0.arrow"), TruncatedFile, "bytes were written"),
        (lambda folder: (folder / "events-1.arrow").unlink(), TruncatedFile, "is missing"),
        (lambda folder: (folder / "header.json").write_text("{}"), ForeignFile, "none of an archive"),
        (lambda folder: _edit(folder, '"version": 1', '"version": 2'), ForeignFile, "version 2"),
        (lambda folder: _edit(folder, '"bin_us": 1000', '"bin_us": 0'), InvalidInput, "bin_us is 0"),
        (lambda folder: _edit(folder, '"events-0.arrow"', '"../x.arrow"'), InvalidInput, "outside of itself"),
    ],
)
def test_a_damaged_archive_is_refused(
    everything: ArraySource, tmp_path: Path, damage: Any, error: Any, message: str
) -> None:
    folder = save(everything, tmp_path / "run")
    damage(folder)

    with pytest.raises(error, match=message):
        open_source(folder).describe()


def test_bytes_that_changed_in_place_are_found_when_read(everything: ArraySource, tmp_path: Path) -> None:
    folder = save(everything, tmp_path / "run")
    path = folder / "events-0.arrow"
    path.write_bytes(b"\0" * path.stat().st_size)

    with pytest.raises(TruncatedFile, match="cannot be read"):
        list(open_source(folder).read("spikes"))


def test_network_bytes_that_changed_in_place_are_found_when_read(
    everything: ArraySource, tmp_path: Path
) -> None:
    folder = save(everything, tmp_path / "run")
    source = open_source(folder)
    projection = source.describe().projections[0].name
    path = folder / "synapses-0.arrow"
    cut = pa.record_batch({"pre": pa.array([0], pa.uint32())})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, cut.schema) as out:
        out.write_batch(cut)

    with pytest.raises(CorruptData, match=r"synapses-0\.arrow of .* cannot be read"):
        source.synapses(projection)


def test_ids_beyond_the_header_are_refused(everything: ArraySource, tmp_path: Path) -> None:
    one = arrays_source("one", layers=[LayerArrays("a", neurons=9)], bin_us=1, spikes={"a": ([0], [8])})
    folder = save(one, tmp_path / "run")
    _edit(folder, '"neurons": 9', '"neurons": 8')
    _edit(folder, "9\n", "8\n")

    with pytest.raises(NeuronOutOfRange, match="has id 8") as caught:
        list(open_source(folder).read("spikes"))
    assert caught.value.hint


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _edit(folder: Path, old: str, new: str) -> None:
    path = folder / "header.json"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
