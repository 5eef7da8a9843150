"""Generating spikes, and importing a Parquet file of them, beside numpy and pyarrow on the same machine."""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from pymongo import MongoClient

from synaptarium.adapters.base import EventSource, open_source
from synaptarium.adapters.column_writing import write_spikes
from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list
from synaptarium.server.mongod import Mongod
from synaptarium.store.database import connect, prepare
from synaptarium.store.importing import import_source

NAMES = (
    "import.generated",
    "import.columns_read",
    "import.columns_first",
    "import.columns",
    "import.vs2n",
    "import.vs2n_folder",
)
N_SPIKES = 20_000_000
N_NEURONS = 100_000
N_DOCUMENTS = 1_000_000


def rows() -> Iterator[dict[str, Any]]:
    """Yield the speeds of generating, of reading a file in time order, and of a whole import."""
    source = GeneratedSource(
        Generation(layers=layer_list(f"all:{N_NEURONS}"), seconds=10, spikes=N_SPIKES, seed=1)
    )

    def drawn() -> None:
        random = np.random.default_rng(1)
        time_us, neuron = random.integers(0, 10_000_000, N_SPIKES), random.integers(0, N_NEURONS, N_SPIKES)
        np.sort((time_us << 32) | neuron)

    yield row("import.generated", lambda: through(source), drawn, "numpy draws and sorts uniform spikes")

    with tempfile.TemporaryDirectory(prefix="synaptarium-bench-") as folder:
        path = Path(folder) / "run.parquet"
        write_spikes(source, path)
        columns = open_source(path)
        columns.describe()

        def loaded() -> None:
            table = pq.read_table(path, columns=["time_us", "neuron"], use_threads=False)
            table["time_us"].to_numpy(), table["neuron"].to_numpy()

        yield row(
            "import.columns_read", lambda: through(columns), loaded, "pyarrow loads the two columns, one core"
        )
        with Mongod(Path(folder), purpose="benchmark") as mongod:
            store = connect(mongod.uri, "bench")
            prepare(store)
            try:
                # The first import of a process loads modules and touches memory: a bit more than a second in all.
                first = seconds(lambda: import_source(store, open_source(path), name="first"))
                took = min(
                    seconds(lambda one=one: import_source(store, open_source(path), name=one)) for one in "bc"
                )
            finally:
                store.close()
        yield {"name": "import.columns_first", "value": N_SPIKES / first / 1e6, "unit": "M spikes/s"}
        yield {
            "name": "import.columns", "value": N_SPIKES / took / 1e6, "unit": "M spikes/s", "goal": ">= 20",
        }  # fmt: skip
        with Mongod(Path(folder) / "vs2n", purpose="benchmark") as mongod:
            yield from vs2n(mongod)
            yield vs2n_folder(mongod, Path(folder) / "folder")


def documents() -> Iterator[dict[str, Any]]:
    """Yield the spikes of a VS2N run, a document each."""
    random = np.random.default_rng(0)
    times = np.sort(random.random(N_DOCUMENTS) * 600).round(3).tolist()
    neurons = random.integers(0, 884, N_DOCUMENTS).tolist()
    for t, n in zip(times, neurons, strict=True):
        place = {"L": "Input", "N": n} if n < 784 else {"L": "Layer1", "N": n - 784}
        yield {"T": t, "i": place, "Input": int(2 * t) % 10, "S": 1}


INFO: dict[str, Any] = {"n": "run", "L:N": {"Input": 784, "Layer1": 100}, "T": "", "D": ""}


def vs2n_folder(mongod: Mongod, folder: Path) -> dict[str, Any]:
    """Return how fast the same documents are imported from JSON lines, beside parsing each line and no more."""
    folder.mkdir()
    (folder / "info.jsonl").write_text(json.dumps(INFO) + "\n")
    for name in ("potential", "synapseWeight"):
        (folder / f"{name}.jsonl").touch()
    with (folder / "spikes.jsonl").open("w") as file:
        file.writelines(json.dumps(one, separators=(",", ":")) + "\n" for one in documents())
    store = connect(mongod.uri, "bench-folder")
    prepare(store)
    names = iter("xyz")
    ours = min(
        seconds(lambda: import_source(store, open_source(str(folder)), name=next(names))) for _ in range(2)
    )
    store.close()

    def parsed() -> None:
        with (folder / "spikes.jsonl").open("rb") as file:
            for line in file:
                json.loads(line)

    return {
        "name": "import.vs2n_folder",
        "value": N_DOCUMENTS / ours / 1e6,
        "unit": "M spikes/s",
        "goal": ">= 0.5",
        "met": N_DOCUMENTS / ours / 1e6 >= 0.5,
        "reference": "Python's json parses each line, nothing else",
        "reference_value": N_DOCUMENTS / min(seconds(parsed) for _ in range(2)) / 1e6,
    }


def vs2n(mongod: Mongod) -> Iterator[dict[str, Any]]:
    """Yield how fast per-event documents of VS2N are imported, beside reading their bytes alone."""
    with MongoClient[dict[str, Any]](mongod.uri) as client:
        database = client["vs2n"]
        database["info"].insert_one(dict(INFO))
        for name in ("potential", "synapseWeight"):
            database.create_collection(name)
        spikes = documents()
        while some := list(itertools.islice(spikes, 50_000)):
            database["spikes"].insert_many(some)
        address = mongod.uri.rstrip("/") + "/vs2n"
        store = connect(mongod.uri, "bench")
        names = iter("xyz")
        ours = min(
            seconds(lambda: import_source(store, open_source(address), name=next(names))) for _ in range(2)
        )
        store.close()
        theirs = min(
            seconds(lambda: [len(raw) for raw in database["spikes"].find_raw_batches({}, batch_size=25_000)])
            for _ in range(2)
        )
    yield {
        "name": "import.vs2n",
        "value": N_DOCUMENTS / ours / 1e6,
        "unit": "M spikes/s",
        "goal": ">= 0.5",
        "met": N_DOCUMENTS / ours / 1e6 >= 0.5,
        "reference": "the database sends the same documents, nobody decodes them",
        "reference_value": N_DOCUMENTS / theirs / 1e6,
    }


def row(name: str, ours: Callable[[], object], theirs: Callable[[], object], what: str) -> dict[str, Any]:
    """Return a row of two speeds, each the best of three."""
    best = [min(seconds(one) for _ in range(3)) for one in (ours, theirs)]
    value, reference = (N_SPIKES / took / 1e6 for took in best)
    return {
        "name": name,
        "value": value,
        "unit": "M spikes/s",
        "reference": what,
        "reference_value": reference,
    }


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def through(source: EventSource) -> None:
    """Read all spikes once."""
    for _ in source.read("spikes"):
        pass
