"""``import`` and ``precompute``: from a source to something that can be watched."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from synaptarium.adapters.base import EventSource, open_source
from synaptarium.adapters.report import report
from synaptarium.jobs.build import precompute as build_recording
from synaptarium.kernels.processor import keep_memory
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import Engine, Job
from synaptarium.schemas.recording import Recording
from synaptarium.server.commands.console import ProgressLine, amount, library_of, print_json, reduction
from synaptarium.store import recordings
from synaptarium.store.database import Store
from synaptarium.store.importing import import_source
from synaptarium.store.recording_info import recording_info


def import_recording(arguments: argparse.Namespace) -> int:
    """Import a source, or with --dry-run only say what an import would store."""
    source = open_source(arguments.source, arguments.format, _options(arguments.option))
    if arguments.dry_run:
        found = report(source)
        if arguments.json:
            print_json(found)
        else:
            print(found.text(), end="")
            print("Nothing was stored.")
        return 0
    with library_of(arguments, "import") as library:
        recording = store_source(library.store, source, arguments.name)
        if arguments.precompute:
            build(library.store, recording.id, "auto", None)
        found_info = recording_info(library.store, recording.id)
    if arguments.json:
        print_json(found_info)
        return 0
    print(f"Imported {recording.id!r}: {amount(sum(recording.counts.spikes.values()))} spikes.")
    for note in recording.header.source.notes:
        print(f"  note: {note}")
    for one in found_info["accounting"]:
        print(f"  reduced: {reduction(one)}")
    if not arguments.precompute:
        print(f"Next: synaptarium precompute {recording.id}")
    print(f"{'Then' if not arguments.precompute else 'Next'}: synaptarium open {recording.id}")
    return 0


def _options(given: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidInput(
                f"--option {text!r} is no NAME=VALUE.", hint="For instance --option time_unit=s"
            )
        options[name] = value
    return options


def store_source(
    store: Store, source: EventSource, name: str | None = None, *, what: str = "Importing"
) -> Recording:
    """Import a source with a line of progress."""
    started = time.monotonic()
    with ProgressLine(what) as line:

        def show(done: int, total: int, part: str) -> None:
            elapsed = max(time.monotonic() - started, 1e-3)
            rate = done / elapsed
            eta_s = (total - done) / rate if total and done else None
            line.show(done, total, part, rate=f"{amount(rate)} events/s", eta_s=eta_s)

        return import_source(store, source, name=name, progress=show)


def precompute(arguments: argparse.Namespace) -> int:
    """Make the chunks of a recording."""
    keep_memory()
    with library_of(arguments, "precompute") as library:
        number = build(library.store, arguments.id, arguments.engine, arguments.master)
        found = recording_info(library.store, arguments.id)
    if arguments.json:
        print_json({"id": arguments.id, "build": number, "accounting": found["accounting"]})
        return 0
    print(f"Precomputed {arguments.id!r} as build {number}. Next: synaptarium open {arguments.id}")
    for one in found["accounting"]:
        print(f"  reduced: {reduction(one)}")
    return 0


def build(store: Store, id: str, engine: Engine, master: str | None) -> int:
    """Precompute with a line of progress; returns the build."""
    recordings.get(store, id)
    with ProgressLine("Precomputing") as line:

        def show(job: Job) -> None:
            rate = f"{amount(job.rate_hz)} events/s" if job.rate_hz else ""
            message = job.message or f"{job.engine}, range {job.done} of {job.total}"
            line.show(job.done, job.total, message, rate=rate, eta_s=job.eta_s)

        line.show(0, 0, "starting", force=True)
        return build_recording(store, id, engine=engine, master=master, progress=show)


def archive_folder(data: Path) -> Path:
    """Return where the demo's archive is kept."""
    return data / "demo" / "digits.synaptarium"
