"""What recording a session costs: milliseconds of JavaScript a frame, and stored bytes a minute of a moving camera.

Real parts: a server with its MongoDB, and headless Chromium (software GL), in which the camera turns without a pause while
the recording plays, a selection a second. Its operations are then recorded again twenty times in batches of two seconds, a
checkpoint after each, its poses moved at random: what the files grow by. Beside that: the session's own export, plain and gzipped.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from playwright.sync_api import sync_playwright

from synaptarium.adapters.arrays import arrays_source
from synaptarium.client import Client
from synaptarium.jobs.build import precompute
from synaptarium.schemas.session_messages import SessionChange
from synaptarium.schemas.sessions import Operation, PoseOp
from synaptarium.server.app import serving
from synaptarium.server.config import Config
from synaptarium.server.library import open_library
from synaptarium.store import recordings, sessions
from synaptarium.store.database import Store
from synaptarium.store.importing import import_source

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
MINUTE_MS, BATCH_MS = 60_000, 2000
AGAIN = 20
SPAN_US = 90_000_000
COLLECTIONS = ("sessions", "session_log", "session_snapshots")

WATCH = """async (ms) => {
  const { synaptarium } = window;
  await synaptarium.ready;
  const home = synaptarium.scene().pose();
  const began = performance.now();
  let selected = -1;
  for (;;) {
    const now = performance.now() - began;
    if (now > ms) return;
    const angle = now / 4000;
    const [x, y, z] = home.position;
    const position = [x * Math.cos(angle) - z * Math.sin(angle), y + 9 * Math.sin(now / 900), x * Math.sin(angle) + z * Math.cos(angle)];
    synaptarium.scene().place({ position, target: home.target });
    if (Math.floor(now / 1000) !== selected) {
      selected = Math.floor(now / 1000);
      synaptarium.select([selected]);
    }
    await new Promise((next) => requestAnimationFrame(next));
  }
}"""


def rows() -> Iterator[dict[str, Any]]:
    """Yield JS a frame (ms) and stored bytes a minute."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit("Chromium is missing: apt-get install chromium")
    with (
        tempfile.TemporaryDirectory(prefix="bench-sessions-") as folder,
        open_library(Path(folder), purpose="bench") as library,
        serving(library, Config(port=0)) as (app, server),
        sync_playwright() as playwright,
    ):
        rng = np.random.default_rng(1)
        spikes = (np.sort(rng.integers(0, SPAN_US, 200_000)), rng.integers(0, 256, 200_000))
        source = arrays_source(
            "bench",
            bin_us=1000,
            t_stop_us=SPAN_US,
            layers=[{"name": "in", "neurons": 256, "shape": (16, 16)}, {"name": "out", "neurons": 100}],
            spikes={"in": spikes},
        )
        id = import_source(library.store, source).id
        precompute(library.store, id, engine="local")
        url = app.url(server.port, "").rstrip("/")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
        page.goto(f"{url}/view/{id}?t=0&speed=1")
        page.evaluate("window.synaptarium.ready")
        page.wait_for_timeout(1000)
        before = stored(library.store)
        page.keyboard.press("o")
        page.wait_for_timeout(500)
        page.evaluate("window.synaptarium.play()")
        page.evaluate(WATCH, MINUTE_MS)
        recorder = page.evaluate("window.synaptarium.session().recorder")
        assert recorder["state"] == "recording", page.locator(".toasts").inner_text()
        page.keyboard.press("o")
        page.get_by_role("dialog").wait_for()
        first = stored(library.store) - before
        file = Client(url).export_session(recorder["session"])
        browser.close()
        took = again(library.store, id, recorder["session"])
    minutes = recorder["elapsed_ms"] / MINUTE_MS
    yield {
        # Software GL draws a few frames a second; recording works by time, so its cost is shared out over a real screen's.
        "name": "sessions.recording_ms_per_frame_at_60hz",
        "value": recorder["cost_ms"] / recorder["elapsed_ms"] * 1000 / 60,
        "unit": "ms",
        "goal": "<= 0.2",
    }
    yield {"name": "sessions.frames", "value": recorder["frames"] / minutes, "unit": "frames/min"}
    yield {
        "name": "sessions.stored_per_minute",
        "value": took / minutes / 1000,
        "unit": "kB/min",
        "goal": "<= 60",
    }
    yield {
        # MongoDB's own book-keeping, about 16 kB for each of seven files, is written with the first session and no other.
        "name": "sessions.stored_first_minute",
        "value": first / minutes / 1000,
        "unit": "kB",
    }
    yield {
        "name": "sessions.stored_of_export",
        "value": took / 1000,
        "unit": "kB",
        "reference": "the session's export as plain JSON lines",
        "reference_value": len(file) / 1000,
    }
    yield {
        "name": "sessions.stored_of_gzip",
        "value": took / 1000,
        "unit": "kB",
        "reference": "the same export gzipped whole",
        "reference_value": len(gzip.compress(file)) / 1000,
    }


def again(store: Store, recording: str, session: str) -> float:
    """Record a session's operations again, many times; returns the bytes that the files grew by for each."""
    original = list(sessions.operations_of(store, sessions.get(store, session)))
    before = stored(store)
    rng = np.random.default_rng(2)
    for _ in range(AGAIN):
        made = sessions.create(store, recordings.get(store, recording))
        # Other numbers each time: of equal sessions, which share blocks, all but the first would take nothing.
        operations = [varied(op, rng) for op in original]
        for start_ms in range(0, operations[-1].at_ms + 1, BATCH_MS):
            batch = [op for op in operations if start_ms <= op.at_ms < start_ms + BATCH_MS]
            made = sessions.append(store, made.id, made.n_recorded, start_ms + BATCH_MS - 1, batch)
        sessions.change(store, made.id, SessionChange(state="done"))
        stored(store)
    return (stored(store) - before) / AGAIN


def varied(op: Operation, rng: np.random.Generator) -> Operation:
    """Return a pose moved by up to a tenth, with the six digits that the page writes; others as they are."""
    if not isinstance(op, PoseOp):
        return op
    x, y, z = (float(f"{value * rng.uniform(0.9, 1.1):.6g}") for value in op.position)
    return msgspec.structs.replace(op, position=(x, y, z))


def stored(store: Store) -> int:
    """Return the bytes in use on disk, checkpointed: what earlier checkpoints left in a file is written over later."""
    store.db.client.admin.command("fsync")
    used = 0
    for name in COLLECTIONS:
        size = store.db.command("collStats", name, indexDetails=True)
        for part in (size, *size["indexDetails"].values()):
            manager = part.get("wiredTiger", part)["block-manager"]
            used += int(manager["file size in bytes"]) - int(manager["file bytes available for reuse"])
    return used
