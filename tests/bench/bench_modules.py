"""Each module's answer without the network, against the 100 ms that a panel may take: of 60 s and of the whole run.

Generated recordings with the same rates, one of a million spikes and one a hundred times as long with a hundred million (with
ten where nobody asks for this file: `make bench ONLY=modules` takes a hundred; SYNAPTARIUM_BENCH_SPIKES takes another number).
They are made once and kept in build/bench-data. Answers come from the summary tables or a bounded sample, so they should not
grow. Three neurons are selected, so that modules answer for each of them too.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list
from synaptarium.jobs.build import precompute
from synaptarium.modules.base import Module
from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.registry import Registry, answer_of
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Failure, encode_answer
from synaptarium.schemas.view_state import NeuronRef
from synaptarium.server.library import open_library
from synaptarium.store import recordings, summaries
from synaptarium.store.database import Store
from synaptarium.store.importing import import_source

FOLDER = Path(__file__).parents[2] / "build" / "bench-data"
SHORT = 1_000_000
RATE_HZ = SHORT / 60  # of all neurons together
WINDOW_S = 60
GOAL_MS = 100
REPEATS = 5
SELECTION = tuple(NeuronRef(layer=layer, neuron=neuron) for layer, neuron in (("a", 5), ("a", 6), ("out", 7)))
NAMES = tuple(f"modules.{module.name}" for module in Registry())


def rows() -> Iterator[dict[str, Any]]:
    """Yield rows per module: the fastest of some answers of 60 s of both recordings, and of all of the long one."""
    asked = any("modules" in word for word in sys.argv[1:])
    long = int(os.environ.get("SYNAPTARIUM_BENCH_SPIKES", 100_000_000 if asked else 10_000_000))
    for n in dict.fromkeys((SHORT, long)):
        folder = FOLDER / f"modules-{n}"
        folder.mkdir(parents=True, exist_ok=True)
        with open_library(folder, purpose="benchmark") as library:
            reader = recorded(library.store, n)
            t0_us, t1_us = reader.manifest.t_start_us, reader.manifest.t_stop_us
            middle_us = max(t0_us, (t0_us + t1_us - WINDOW_S * 1_000_000) // 2)
            for module in sorted(Registry(), key=lambda one: one.order):
                minute = TimeWindow(t_start_us=middle_us, t_stop_us=middle_us + WINDOW_S * 1_000_000)
                yield row(library.store, reader, module, minute, f"{WINDOW_S}s_of", n)
                if n == long:
                    whole = TimeWindow(t_start_us=t0_us, t_stop_us=t1_us)
                    yield row(library.store, reader, module, whole, "all_of", n)


def recorded(store: Store, n: int) -> RecordingReader:
    """Return a reader of the kept recording of so many spikes, made and precomputed where it is not there yet."""
    found = next((one for one in recordings.all_recordings(store) if one.build is not None), None)
    if found is None:
        print(f"making {n // 10**6} M spikes", file=sys.stderr, flush=True)
        seconds = n / RATE_HZ
        source = GeneratedSource(
            Generation(
                layers=layer_list("input:28x28,a:2000,b:1000,out:216"),
                seconds=seconds,
                spikes=n,
                fan_in=20,
                weights=n // 10,
                stimuli=round(4 * seconds),
                seed=1,
            )
        )
        id = import_source(store, source).id
        precompute(store, id, engine="local")
        found = recordings.get(store, id)
    document = summaries.read(store, found.num, "manifest", str(found.build))
    return RecordingReader(store, found, msgspec.convert(document, Manifest))


def row(
    store: Store, known: RecordingReader, module: Module, window: TimeWindow, what: str, n: int
) -> dict[str, Any]:
    """Return the row of one module and window."""
    took_ms: list[float] = []
    n_bytes = 0
    for _ in range(REPEATS):
        reader = RecordingReader(store, known.recording, known.manifest)
        start = time.perf_counter()
        answer, columns = answer_of(module, reader, window, SELECTION, {})
        encode_answer(answer, columns)
        took_ms.append((time.perf_counter() - start) * 1000)
        n_bytes = reader.bytes_read
        assert not [panel for panel in answer.panels if isinstance(panel, Failure)], answer.panels
    assert n_bytes <= BUDGET_BYTES
    return {
        "name": f"modules.{module.name}_{what}_{n // 10**6}M",
        "value": min(took_ms),
        "unit": "ms",
        "reference": f"what a panel may take; {n_bytes / 1e6:.2f} MB read",
        "reference_value": float(GOAL_MS),
        "goal": "<= 1",
    }
