"""Each module's answer without the network, against the 100 ms that a panel may take: 10^6 spikes by default.

A generated recording of four layers and 60 s; SYNAPTARIUM_BENCH_SPIKES=100000000 makes it as large as the issue asks for. The
window is the whole run: whole-run answers come from the summary tables or a bounded sample, so they should not grow.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list
from synaptarium.jobs.build import precompute
from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.registry import Registry, answer_of
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Failure, encode_answer
from synaptarium.server.library import open_library
from synaptarium.store import recordings, summaries
from synaptarium.store.importing import import_source

N_SPIKES = int(os.environ.get("SYNAPTARIUM_BENCH_SPIKES", "1000000"))
GOAL_MS = 100
REPEATS = 5
NAMES = tuple(f"modules.{module.name}" for module in Registry())


def rows() -> Iterator[dict[str, Any]]:
    """Yield one row per module: the fastest of some answers over the whole run, in ms."""
    with tempfile.TemporaryDirectory() as folder, open_library(Path(folder), purpose="bench") as library:
        source = GeneratedSource(
            Generation(
                layers=layer_list("input:28x28,a:2000,b:1000,out:216"),
                seconds=60.0,
                spikes=N_SPIKES,
                fan_in=20,
                weights=N_SPIKES // 10,
                stimuli=240,
                seed=1,
            )
        )
        id = import_source(library.store, source).id
        precompute(library.store, id, engine="local")
        recording = recordings.get(library.store, id)
        manifest = msgspec.convert(
            summaries.read(library.store, recording.num, "manifest", str(recording.build)), Manifest
        )
        window = TimeWindow(t_start_us=manifest.t_start_us, t_stop_us=manifest.t_stop_us)
        for module in sorted(Registry(), key=lambda one: one.order):
            took_ms: list[float] = []
            n_bytes = 0
            for _ in range(REPEATS):
                reader = RecordingReader(library.store, recording, manifest)
                start = time.perf_counter()
                answer, columns = answer_of(module, reader, window, (), {})
                encode_answer(answer, columns)
                took_ms.append((time.perf_counter() - start) * 1000)
                n_bytes = reader.bytes_read
                assert not [panel for panel in answer.panels if isinstance(panel, Failure)], answer.panels
            assert n_bytes <= BUDGET_BYTES
            yield {
                "name": f"modules.{module.name}",
                "value": min(took_ms),
                "unit": "ms",
                "reference": f"what a panel may take; {N_SPIKES:,} spikes, {n_bytes / 1e6:.2f} MB read",
                "reference_value": float(GOAL_MS),
                "goal": "<= 1",
            }
