"""What the viewers are connected to: our server on recordings whose chunks all have one size, or a bare websocket."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.manifest import Grid, Level, Manifest, Stream, Tile, pack_presence
from synaptarium.schemas.recording import Header, Layer, Source
from synaptarium.schemas.sealing import Sealed, seal
from synaptarium.server.library import open_library
from synaptarium.store import chunks, recordings, summaries
from synaptarium.store.database import Store

HERE = Path(__file__).parent
BIN_US = 1000


def payload(size: int) -> Sealed:
    """Bytes that do not compress, as sealed chunks do not."""
    return seal(np.random.default_rng(1).integers(0, 256, size, np.uint8).tobytes())


def name_of(size: int) -> str:
    """Return the id of the recording whose chunks have that size."""
    return f"bench-{size}"


def store_recording(store: Store, size: int, *, n_chunks: int, k: int) -> None:
    """Store a recording of one tile whose chunks hold 2**k frames of a millisecond."""
    frames = n_chunks << k
    header = Header(
        name=name_of(size),
        bin_us=BIN_US,
        t_start_us=0,
        t_stop_us=frames * BIN_US,
        layers=(Layer(name="a", neurons=60_000, shape=(60_000,), offset=0),),
        source=Source(format="bench"),
    )
    recording = recordings.create(store, header, id=name_of(size))
    recordings.finish(store, recording.id)
    stored = payload(size)
    chunks.write(
        store, [(ChunkKey(recording.num, 1, 0, 0, chunk, 0), stored, 1) for chunk in range(n_chunks)]
    )
    manifest = Manifest(
        recording=recording.id,
        num=recording.num,
        build=1,
        revision=1,
        open=False,
        bin_us=BIN_US,
        t_start_us=0,
        t_stop_us=frames * BIN_US,
        closed_us=frames * BIN_US,
        levels=tuple(Level(level=n, bins=16**n, frames=-(-frames // 16**n)) for n in range(3)),
        tiles=(Tile(tile=0, kind="layer", name="a", first=0, n=60_000),),
        streams=(Stream(stream=0, name="spikes", kind="spikes", of="spikes"),),
        grids=(
            Grid(
                stream=0,
                level=0,
                target="a",
                k=k,
                tiles=(0,),
                presence=(pack_presence(np.ones(n_chunks, np.bool_)),),
            ),
        ),
    )
    summaries.write(store, recording.num, "manifest", "1", msgspec.to_builtins(manifest))
    recordings.set_build(store, recording.id, 1)


def keys_of(data: Path, size: int, n_chunks: int) -> list[ChunkKey]:
    """Return the keys of a stored recording's chunks."""
    with open_library(data, purpose="bench") as library:
        num = recordings.get(library.store, name_of(size)).num
    return [ChunkKey(num, 1, 0, 0, chunk, 0) for chunk in range(n_chunks)]


@contextmanager
def served(data: Path, settings: Mapping[str, Any] | None = None) -> Iterator[tuple[str, int]]:
    """A server process on a data folder; yields its address and process id.

    Parameters
    ----------
    data : pathlib.Path
        Data folder.
    settings : mapping
        Settings of the server by name, e.g. ``{"look_ahead_s": 3600}``.
    """
    environment = os.environ | {"SYNAPTARIUM_DATA": str(data)}
    environment |= {f"SYNAPTARIUM_{name.upper()}": str(value) for name, value in (settings or {}).items()}
    environment.pop("SYNAPTARIUM_MONGO_URI", None)
    words = [sys.executable, "-m", "synaptarium.server.cli", "serve", "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment, text=True)
    assert process.stdout
    try:
        yield process.stdout.readline().split()[-1].rstrip("/"), process.pid
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@contextmanager
def bare(message: bytes, *limits: int) -> Iterator[str]:
    """A server that does nothing but send: at most a window of chunks and bytes unacknowledged, or so many a second."""
    words = [sys.executable, str(HERE / "bare.py"), *map(str, limits)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    process.stdin.write(message)
    process.stdin.close()
    try:
        yield f"ws://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
