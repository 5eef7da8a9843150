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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list
from synaptarium.jobs.build import precompute
from synaptarium.kernels.similarity import Template, template_similarity
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
#: Of the run; a stretch for similar moments may be a quarter of it at most.
STRETCH_PART = 10
GOAL_MS = 100
REPEATS = 5
SELECTION = tuple(NeuronRef(layer=layer, neuron=neuron) for layer, neuron in (("a", 5), ("a", 6), ("out", 7)))
NAMES = (*(f"modules.{module.name}" for module in Registry()), "modules.find_similar_search_77k")


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
                if module.name == "find_similar":
                    # Its window is the stretch that it looks for in all of the run.
                    stretch_us = min(WINDOW_S * 1_000_000, (t1_us - t0_us) // STRETCH_PART)
                    minute = TimeWindow(t_start_us=middle_us, t_stop_us=middle_us + stretch_us)
                    yield row(
                        library.store, reader, module, minute, f"{stretch_us // 1_000_000}s_in_all_of", n
                    )
                    continue
                yield row(library.store, reader, module, minute, f"{WINDOW_S}s_of", n)
                if n == long:
                    whole = TimeWindow(t_start_us=t0_us, t_stop_us=t1_us)
                    yield row(library.store, reader, module, whole, "all_of", n)
    yield search_row()


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


def search_row() -> dict[str, Any]:
    """Return the row of the search for similar stretches alone: 8 bins of 77,000 neurons in 256, beside dense vectors."""
    random = np.random.default_rng(1)
    n_channels, n_bins, m = 77_000, 256, 8
    cells = np.unique(random.integers(0, n_bins * n_channels, 400_000))
    bins, channels, counts = cells // n_channels, cells % n_channels, np.ones(len(cells), np.int64)
    mean = np.bincount(channels, counts, n_channels) / n_bins
    dense = np.zeros((m, n_channels))
    inside = bins < m
    dense[bins[inside], channels[inside]] = 1
    template = Template.of(dense, mean)

    def naive() -> NDArray[np.float64]:
        away = np.zeros((n_bins, n_channels))
        away[bins, channels] = counts
        away -= mean
        wanted = away[:m].ravel()
        windows = np.lib.stride_tricks.sliding_window_view(away.ravel(), m * n_channels)[::n_channels]
        sizes = np.sqrt(np.convolve((away**2).sum(axis=1), np.ones(m), "valid"))
        return windows @ wanted / (sizes * np.linalg.norm(wanted))

    ours, ours_s = _fastest(
        lambda: template_similarity(bins, channels, counts, template=template, n_bins=n_bins)
    )
    reference, naive_s = _fastest(naive, repeats=2)
    np.testing.assert_allclose(ours[: len(reference)], reference, atol=1e-9)
    return {
        "name": "modules.find_similar_search_77k",
        "value": ours_s * 1000,
        "unit": "ms",
        "reference": "the same cosine over dense vectors, numpy",
        "reference_value": naive_s * 1000,
        "goal": "<= 0.2",
    }


def _fastest(
    run: Callable[[], NDArray[np.float64]], *, repeats: int = REPEATS
) -> tuple[NDArray[np.float64], float]:
    took_s: list[float] = []
    found = np.empty(0)
    for _ in range(repeats):
        start = time.perf_counter()
        found = run()
        took_s.append(time.perf_counter() - start)
    return found, min(took_s)


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
