"""What others need for level-0 frames of the same spikes, as a process of its own: `references.py WAY FOLDER START STOP`.

It reads time_us.npy and neuron.npy, says `ready`, waits for a line, works, and prints the seconds that took.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from synaptarium.kernels.processor import prefer_quick_sorts

prefer_quick_sorts()  # numpy's best sort, for the reference as for us

import numpy as np  # noqa: E402

BIN_US = 1000
SLICE = 2**21


def numpy_frames(time_us: np.ndarray, neuron: np.ndarray) -> int:
    """Sort and count (frame, neuron) pairs, two million spikes at a time; nothing is coded, nothing stored."""
    n_neurons = np.uint32(int(neuron.max()) + 1)
    cells = 0
    for start in range(0, len(time_us), SLICE):
        time_part, neuron_part = time_us[start : start + SLICE], neuron[start : start + SLICE]
        frame = (time_part - time_part[0] // BIN_US * BIN_US) // BIN_US
        key = frame.astype(np.uint32) * n_neurons + neuron_part
        key.sort()
        starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
        ids, counts = key[starts] % n_neurons, np.diff(starts, append=len(key))
        cells += min(len(ids), len(counts))
    return cells


def duckdb_frames(time_us: np.ndarray, neuron: np.ndarray) -> int:
    """Group and order the same pairs in DuckDB, on two threads, from Arrow columns in memory."""
    import duckdb
    import pyarrow as pa

    spikes = pa.table({"time_us": time_us, "neuron": neuron})
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("spikes", spikes)
        connection.execute(
            f"CREATE TABLE frames AS SELECT time_us // {BIN_US} AS frame, neuron, count(*) AS n "
            "FROM spikes GROUP BY ALL ORDER BY ALL"
        )
        found = connection.execute("SELECT count(*) FROM frames").fetchone()
        assert found is not None
        return int(found[0])


def main(way: str, folder: str, start: str, stop: str) -> None:
    """Work when told to, and say how long it took."""
    part = slice(int(start), int(stop))
    columns = [np.load(Path(folder) / f"{name}.npy", mmap_mode="r")[part] for name in ("time_us", "neuron")]
    time_us, neuron = (np.array(column) for column in columns)
    print("ready", flush=True)
    sys.stdin.readline()
    begin = time.perf_counter()
    cells = {"numpy": numpy_frames, "duckdb": duckdb_frames}[way](time_us, neuron)
    print(time.perf_counter() - begin, cells, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
