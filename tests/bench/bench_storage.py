"""Stored bytes per spike of a million neurons at 1 % a frame, beside the entropy bound of independent spikes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list
from synaptarium.jobs.build import precompute
from synaptarium.server.mongod import Mongod
from synaptarium.server.stream.hub import read_manifest
from synaptarium.store import recordings, storage
from synaptarium.store.database import connect, prepare
from synaptarium.store.importing import import_source

NAMES = ("storage.events", "storage.base", "storage.all")
N_NEURONS = 1_000_000
#: Two frames of level 2, so that each level has whole ones.
SECONDS = 0.512
GOALS = {"base level": ("storage.base", "<= 1.15"), "all levels": ("storage.all", "<= 2.1")}


def rows() -> Iterator[dict[str, Any]]:
    """Yield bytes per spike of the events, of level 0 and of all levels."""
    # Equal rates, no oscillation, no bursts: the bound is that of exactly this data.
    generation = Generation(
        layers=layer_list(f"all:{N_NEURONS}"),
        seconds=SECONDS,
        spikes=round(0.01 * N_NEURONS * SECONDS * 1000),
        sigma=0,
        depth=0,
        bursts_hz=0,
        seed=1,
    )
    with (
        tempfile.TemporaryDirectory(prefix="synaptarium-bench-") as folder,
        Mongod(Path(folder), purpose="benchmark") as mongod,
    ):
        store = connect(mongod.uri, "bench")
        try:
            prepare(store)
            recording = import_source(store, GeneratedSource(generation))
            precompute(store, recording.id, engine="local")
            recording = recordings.get(store, recording.id)
            found = storage.stats(store, recording, read_manifest(store, recording))["spikes"]
        finally:
            store.close()
    for one in found["stored"]:
        name, goal = GOALS.get(one["what"], ("storage.events", ""))
        row = {"name": name, "value": one["bytes_per_spike"], "unit": "bytes/spike"}
        if goal:
            row |= {
                "reference": "entropy bound, independent spikes at the mean rate",
                "reference_value": found["entropy_bytes_per_spike"],
                "goal": goal,
            }
        yield row
