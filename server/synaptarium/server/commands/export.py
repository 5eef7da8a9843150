"""``export``: the scene of a recording at one moment as a file, or all of its events as a folder of Parquet files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from synaptarium.adapters.column_folder import write_folder
from synaptarium.scenes.gltf import glyphs_glb, points_glb
from synaptarium.schemas.errors import InvalidInput, RecordingExists
from synaptarium.server.commands.console import ProgressLine, library_of, print_json, size
from synaptarium.server.moment import moment_of
from synaptarium.store import recordings
from synaptarium.store.database import Store
from synaptarium.store.stored_source import StoredSource


def export(arguments: argparse.Namespace) -> int:
    """Write the scene at a moment as GLB, and the events as Parquet."""
    if arguments.glb is None and arguments.glyphs is None:
        if arguments.parquet is None:
            raise InvalidInput(
                "Nothing was asked for.",
                hint="Say --glb FILE (points and lines), --glyphs FILE (a glyph for each neuron), or --parquet FOLDER (all events).",
            )
        with library_of(arguments, "export") as library:
            files = _columns(library.store, arguments)
        return _tell({"id": arguments.id, "files": files}, arguments)
    with library_of(arguments, "export") as library:
        recording = recordings.get(library.store, arguments.id)
        at_s = recording.header.t_stop_us / 1e6 if arguments.at is None else arguments.at
        moment, drawn, total = moment_of(
            library.store,
            recording,
            round(at_s * 1e6),
            layout=arguments.layout,
            n_synapses=arguments.synapses,
        )
        columns = _columns(library.store, arguments) if arguments.parquet else []
    written = list(columns)
    for path, make in ((arguments.glb, points_glb), (arguments.glyphs, glyphs_glb)):
        if path is None:
            continue
        data = make(moment)
        Path(path).write_bytes(data)
        written.append({"file": path, "bytes": len(data)})
    found = {
        "id": recording.id,
        "at_s": at_s,
        "neurons": len(moment.glow),
        "synapses": drawn,
        "of": total,
        "files": written,
    }
    _tell(found, arguments)
    if not arguments.json:
        print(
            f"{recording.id!r} at {at_s:g} s: {len(moment.glow):,} neurons, {drawn:,} of {total:,} synapses."
        )
    return 0


def _columns(store: Store, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Write everything that was recorded as a folder of Parquet files, and return them."""
    recording = recordings.get(store, arguments.id)
    folder = Path(arguments.parquet)
    if folder.exists():
        raise RecordingExists(
            f"{arguments.parquet!r} exists.",
            hint="Choose another name, or delete it.",
            where=arguments.parquet,
        )
    total = sum(recording.counts.spikes.values())
    with ProgressLine("Writing") as line:
        write_folder(
            StoredSource(store, recording),
            folder,
            progress=lambda kind, done: line.show(
                done, total if kind == "spikes" else 0, str(folder / f"{kind}.parquet")
            ),
        )
    return [{"file": str(file), "bytes": file.stat().st_size} for file in sorted(folder.iterdir())]


def _tell(found: dict[str, Any], arguments: argparse.Namespace) -> int:
    if arguments.json:
        print_json(found)
        return 0
    for file in found["files"]:
        print(f"Wrote {file['file']} ({size(file['bytes'])}).")
    return 0
