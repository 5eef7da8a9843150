"""A disk that fills up during an import: said in one sentence, and with more room the same import goes on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.schemas.errors import StoreUnavailable
from synaptarium.server.library import open_library
from synaptarium.store import importing, recordings
from synaptarium.store.importing import import_source

SMALL_MIB = 340
#: Noise, which does not shrink: more than the 100 MiB that the database's journal has set aside.
N_IMAGES = 170
#: Left when the import begins.
LEFT_MIB = 24


@pytest.fixture
def grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None] | None]:
    """A small file system at tmp_path/disk and the call that makes it large; None where only root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount") or "mount"
    size = ["-t", "tmpfs", "-o", f"size={SMALL_MIB}m", "tmpfs"]
    try:
        subprocess.run([mount, *size, str(disk)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        yield None
        return
    yield lambda: subprocess.run([mount, "-o", "remount,size=1g", str(disk)], check=True) and None
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_told_and_with_room_the_import_goes_on(
    tmp_path: Path, grow: Callable[[], None] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "PATIENCE_S", 1.0)
    pixels = np.random.default_rng(1).integers(0, 256, (N_IMAGES if grow else 1, 1000, 1000), np.uint8)
    source = arrays_source(
        "big", layers=[{"name": "a", "neurons": 1}], spikes={"a": ([1], [0])}, images=pixels
    )
    with open_library(tmp_path / "disk" / "data", purpose="test") as library:
        store = library.store
        free = shutil.disk_usage(tmp_path / "disk").free
        if grow is not None and free > LEFT_MIB << 20:
            (tmp_path / "disk" / "other people's data").write_bytes(bytes(free - (LEFT_MIB << 20)))
        if grow is None:  # what a full disk does to a database: it ends
            usage = shutil.disk_usage(tmp_path)._replace(free=10 << 20)
            monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
            assert library.mongod is not None
            library.mongod.stop()

        with pytest.raises(
            StoreUnavailable, match=r"no room left on its disk|its disk is full: \d+ MiB are left"
        ):
            import_source(store, source)

        if grow is not None:
            grow()
            store = type(store)(**{**vars(store), "patience_s": 30.0})
            [left] = recordings.all_recordings(store)
            assert left.status == "importing"
            monkeypatch.setattr(importing, "PATIENCE_S", 30.0)
            recording = import_source(store, source)
            assert (recording.num, recording.status) == (left.num, "ready")
            assert recording.counts.images == N_IMAGES
