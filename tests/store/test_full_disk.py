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
from synaptarium.store import database, importing, recordings
from synaptarium.store.importing import import_source

SMALL_MIB = 340
#: Noise, which does not shrink, of a megabyte each: more than the 100 MiB that the database's journal has set aside.
N_IMAGES = 120
#: Left when the import begins.
LEFT_MIB = 8


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
    # A database that died of a full disk dies again at each start: no need to wait long for it.
    monkeypatch.setattr(importing, "PATIENCE_S", 0.5)
    monkeypatch.setattr(database, "SELECTION_TIMEOUT_S", 0.5)
    n_images = N_IMAGES if grow else 1
    noise = np.random.default_rng(1).bytes(n_images * 1_000_000)
    pixels = np.frombuffer(noise, np.uint8).reshape(n_images, 1000, 1000)
    source = arrays_source(
        "big", layers=[{"name": "a", "neurons": 1}], spikes={"a": ([1], [0])}, images=pixels
    )
    with open_library(tmp_path / "disk" / "data", purpose="test") as library:
        store = library.store
        if grow is not None:
            # Piece by piece: the database still sets files for its journal aside.
            with (tmp_path / "disk" / "other people's data").open("wb") as file:
                while shutil.disk_usage(tmp_path / "disk").free > LEFT_MIB << 20:
                    file.write(bytes(1 << 20))
                    file.flush()
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
