"""``export``: the scene of a recording at one moment as a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from synaptarium.scenes.gltf import glyphs_glb, points_glb
from synaptarium.schemas.errors import InvalidInput
from synaptarium.server.commands.console import library_of, print_json, size
from synaptarium.server.moment import moment_of
from synaptarium.store import recordings


def export(arguments: argparse.Namespace) -> int:
    """Write the scene at a moment as GLB."""
    if arguments.glb is None and arguments.glyphs is None:
        raise InvalidInput(
            "Nothing was asked for.",
            hint="Say --glb FILE (points and lines), --glyphs FILE (a glyph for each neuron), or both.",
        )
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
    written = []
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
    if arguments.json:
        print_json(found)
        return 0
    for file in written:
        print(f"Wrote {file['file']} ({size(file['bytes'])}).")
    print(f"{recording.id!r} at {at_s:g} s: {len(moment.glow):,} neurons, {drawn:,} of {total:,} synapses.")
    return 0
