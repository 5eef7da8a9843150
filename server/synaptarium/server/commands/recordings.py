"""``list``, ``info`` and ``delete``: what there is, and how to get rid of it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from synaptarium.schemas.errors import InvalidInput
from synaptarium.server.commands.console import library_of, print_json, print_table, reduction, size
from synaptarium.store import recordings
from synaptarium.store.recording_info import recording_info


def list_recordings(arguments: argparse.Namespace) -> int:
    """Print every recording, newest first."""
    with library_of(arguments, "list") as library:
        found = recordings.all_recordings(library.store)
        status = {one.id: recordings.told_status(library.store, one) for one in found}
    if arguments.json:
        print_json(
            [
                {
                    "id": one.id,
                    "name": one.header.name,
                    "status": status[one.id],
                    "layers": len(one.header.layers),
                    "neurons": sum(layer.neurons for layer in one.header.layers),
                    "spikes": sum(one.counts.spikes.values()),
                    "span_us": [one.header.t_start_us, one.header.t_stop_us],
                    "build": one.build,
                    "format": one.header.source.format,
                    "created_us": one.created_us,
                }
                for one in found
            ]
        )
        return 0
    if not found:
        print("No recordings yet. `synaptarium demo` makes one, `synaptarium import SRC` brings yours.")
        return 0
    print_table(
        ("id", "status", "layers", "neurons", "spikes", "span (s)", "precomputed"),
        [
            (
                one.id,
                status[one.id],
                f"{len(one.header.layers)}",
                f"{sum(layer.neurons for layer in one.header.layers):,}",
                f"{sum(one.counts.spikes.values()):,}",
                f"{(one.header.t_stop_us - one.header.t_start_us) / 1e6:,.3f}",
                "no" if one.build is None else "yes",
            )
            for one in found
        ],
    )
    if "interrupted" in status.values():
        print(
            "interrupted: the same `synaptarium import` goes on from what is stored, `synaptarium delete ID` removes it"
        )
    return 0


def info(arguments: argparse.Namespace) -> int:
    """Print what a recording holds."""
    with library_of(arguments, "info") as library:
        found = recording_info(library.store, arguments.id)
    if arguments.json:
        print_json(found)
        return 0
    start_us, stop_us = found["span_us"]
    print(f"{found['id']}: {found['name']} ({found['format']}, {found['status']})")
    print(f"  span        {start_us / 1e6:,.6g} to {stop_us / 1e6:,.6g} s in bins of {found['bin_us']:,} us")
    for layer in found["layers"]:
        shape = f" ({'x'.join(map(str, layer['shape']))})" if len(layer["shape"]) > 1 else ""
        rest = f", {layer['potentials']:,} potential values" if layer["potentials"] else ""
        print(
            f"  layer       {layer['name']}: {layer['neurons']:,} neurons{shape}, {layer['spikes']:,} spikes{rest}"
        )
    for one in found["projections"]:
        print(
            f"  projection  {one['name']}: {one['synapses']:,} synapses ({one['kind']}){_weights(one['weights'])}"
        )
    print(
        f"  stimuli     {found['stimuli']:,}" + (f", {found['images']:,} images" if found["images"] else "")
    )
    for name, n in found["metrics"].items():
        print(f"  metric      {name}: {n:,} values")
    levels = ", ".join(f"{level['level']}: {level['frames']:,} frames" for level in found["levels"])
    print(f"  levels      {levels}")
    print(f"  precomputed {'no' if found['build'] is None else 'build ' + str(found['build'])}")
    print(f"  stored      {size(found['stored_bytes'])}")
    for note in found["notes"]:
        print(f"  note        {note}")
    for one in found["accounting"]:
        print(f"  reduced     {reduction(one)}")
    return 0


def _weights(weights: dict[str, Any]) -> str:
    if not weights["first"]:
        return ""
    spread = " to ".join(
        "{min:.4g} / {mean:.4g} / {max:.4g}".format(**weights[when]) for when in ("first", "last")
    )
    return f", {weights['changes']:,} weight changes, min / mean / max {spread}"


def delete(arguments: argparse.Namespace) -> int:
    """Delete a recording after asking."""
    with library_of(arguments, "delete") as library:
        recording = recordings.get(library.store, arguments.id)
        if not arguments.yes:
            if not sys.stdin.isatty():
                raise InvalidInput(
                    f"Nobody is there to confirm that {recording.id!r} shall be deleted.",
                    hint=f"Add --yes: synaptarium delete {recording.id} --yes",
                )
            asked = input(
                f"Delete {recording.id!r} ({recording.header.name}) and all that was made of it? [y/N] "
            )
            if asked.strip().lower() not in ("y", "yes"):
                print("Nothing was deleted.")
                return 1
        recordings.delete(library.store, recording.id)
    if arguments.json:
        print_json({"deleted": recording.id})
    else:
        print(f"Deleted {recording.id!r}.")
    return 0
