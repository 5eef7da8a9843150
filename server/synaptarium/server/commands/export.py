"""``export``: the scene at a moment as a model, a part of the run as a page that plays or a film, all events as Parquet."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import Any

from synaptarium.adapters.column_folder import write_folder
from synaptarium.scenes.gltf import glyphs_glb, points_glb
from synaptarium.schemas.errors import InvalidInput, RecordingExists
from synaptarium.server.app import create_app
from synaptarium.server.commands.console import (
    ProgressLine,
    config_of,
    duration,
    library_of,
    print_json,
    size,
)
from synaptarium.server.commands.film import film
from synaptarium.server.library import Library
from synaptarium.server.moment import moment_of
from synaptarium.server.offline.page import check, measure, offline_page, part_for
from synaptarium.store import recordings
from synaptarium.store.database import Store
from synaptarium.store.stored_source import StoredSource

#: Of the models, as the route that gives them has them.
_BOUNDS = {"spread": (0.01, 100), "fan": (0, 1), "synapses": (0, 1_000_000)}


def export(arguments: argparse.Namespace) -> int:
    """Write what was asked for: models, a page, Parquet files."""
    models = bool(arguments.glb or arguments.glyphs)
    if not (models or arguments.html or arguments.video or arguments.parquet):
        raise InvalidInput(
            "Nothing was asked for.",
            hint="Say --glb FILE (points and lines), --glyphs FILE (a glyph for each neuron), --html FILE (a part of the "
            "run that plays offline), --video FILE (a film), or --parquet FOLDER (all events).",
        )
    found: dict[str, Any] = {"id": arguments.id}
    files: list[dict[str, Any]] = []
    with library_of(arguments, "export") as library:
        if arguments.parquet:
            files += _columns(library.store, arguments)
        if models:
            told, written = _models(library.store, arguments)
            found |= told
            files += written
        if arguments.html:
            files.append(_page(library, arguments))
        if arguments.video:
            files.append(film(library, arguments))
    if arguments.json:
        print_json(found | {"files": files})
        return 0
    for file in files:
        filmed = (
            f", {file['frames']:,} frames, {duration(file['seconds'])}, {file['codec']}"
            if "frames" in file
            else ""
        )
        print(f"Wrote {file['file']} ({size(file['bytes'])}{filmed}).")
    if models:
        print(
            f"{arguments.id!r} at {found['at_s']:g} s: {found['neurons']:,} neurons, "
            f"{found['synapses']:,} of {found['of']:,} synapses."
        )
    if arguments.html:
        print(f"{arguments.html} opens from the disk, with the network off.")
    return 0


def _models(store: Store, arguments: argparse.Namespace) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Write the scene at a moment as GLB; return what it shows, and the files."""
    for name, (least, most) in _BOUNDS.items():
        value = getattr(arguments, name)
        if not least <= value <= most:
            raise InvalidInput(
                f"--{name} is {value}.", hint=f"Give {least:,} to {most:,}.", where=f"--{name}"
            )
    recording = recordings.get(store, arguments.id)
    at_s = recording.header.t_stop_us / 1e6 if arguments.at is None else arguments.at
    moment, drawn, total = moment_of(
        store,
        recording,
        round(at_s * 1e6),
        layout=arguments.layout,
        spread=arguments.spread,
        fan=arguments.fan,
        hidden=arguments.hide,
        clip=_planes(arguments.clip),
        n_synapses=arguments.synapses,
    )
    files: list[dict[str, Any]] = []
    for path, make in ((arguments.glb, points_glb), (arguments.glyphs, glyphs_glb)):
        if path is None:
            continue
        data = make(moment)
        Path(path).write_bytes(data)
        files.append({"file": path, "bytes": len(data)})
    n_neurons = sum(len(moment.neurons_of(layer)) for layer in moment.layers)
    return {"at_s": at_s, "neurons": n_neurons, "synapses": drawn, "of": total}, files


def _planes(text: str) -> list[float]:
    """Return where the clipping planes stand: from and to along x, y and z."""
    try:
        planes = [float(part) for part in text.split(",")]
    except ValueError:
        planes = []
    if len(planes) != 6 or not all(0 <= planes[i] < planes[i + 1] <= 1 for i in (0, 2, 4)):
        raise InvalidInput(
            f"--clip is {text!r}.",
            hint="Give from and to along x, y and z as parts of the network's extent: --clip 0,0.5,0,1,0,1 leaves its "
            "first half along x.",
            where="--clip",
        )
    return planes


def _page(library: Library, arguments: argparse.Namespace) -> dict[str, Any]:
    """Write a part of the run as one HTML file, and return it; its size is told first."""
    with contextlib.closing(create_app(library, config_of(arguments))) as app:
        recording = recordings.get(library.store, arguments.id)
        start_us, stop_us = (
            None if seconds is None else round(seconds * 1e6) for seconds in (arguments.start, arguments.stop)
        )
        part = part_for(app.site, recording, start_us, stop_us)
        measured = measure(app.site, recording, part)
        check(measured)
        if not arguments.json:
            told = f"{part.t_start_us / 1e6:g} to {part.t_stop_us / 1e6:g} s of {recording.id!r}"
            print(f"{told}: at most {size(measured.bytes)}, {measured.chunks:,} chunks.")
        data = offline_page(app.site, recording, part, view=arguments.view)
    Path(arguments.html).write_bytes(data)
    return {
        "file": arguments.html,
        "bytes": len(data),
        "t_start_us": part.t_start_us,
        "t_stop_us": part.t_stop_us,
    }


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
