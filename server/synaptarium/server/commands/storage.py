"""``stats`` and ``drop-chunks``: where the bytes of a recording are, and how to get back those that can be rebuilt."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from synaptarium.server.commands.console import BAR_CELLS, amount, library_of, print_json, print_table, size
from synaptarium.server.stream.hub import read_manifest
from synaptarium.store import recordings, storage

#: An eighth of a cell more from each to the next.
_EIGHTHS = " ▏▎▍▌▋▊▉"


def stats(arguments: argparse.Namespace) -> int:
    """Print the stored bytes of a recording: by collection, by kind of event, by stream and level."""
    with library_of(arguments, "stats") as library:
        recording = recordings.get(library.store, arguments.id)
        manifest = None if recording.build is None else read_manifest(library.store, recording)
        found = storage.stats(library.store, recording, manifest)
    if arguments.json:
        print_json(found)
        return 0
    total = found["stored_bytes"]
    print(f"{found['id']}: {size(total)}, {amount(found['spikes']['n'])} spikes")
    _section("collection", ("documents",), found["collections"], total, lambda row: row["collection"])
    _section(
        "events",
        ("blocks", "events", "compression", "bytes_per_event"),
        found["events"],
        total,
        lambda row: f"{row['kind']} {row['stream']}".strip(),
    )
    _section(
        "chunks",
        ("chunks", "events", "bytes_per_event"),
        found["streams"],
        total,
        lambda row: f"{row['stream']}, level {row['level']}",
    )
    _per_spike(found["spikes"])
    for one in found["weights"]:
        print(f"{one['stream']} of {one['target']}: {one['dtype']}, at most {one['max_error']:.3g} off")
    for one in found["builds"]:
        state = (
            "published"
            if one["published"]
            else "not published: the next precompute goes on with it or drops it"
        )
        print(f"build {one['build']}: {one['chunks']:,} chunks, {size(one['bytes'])}, {state}")
    if recording.build is None:
        print(f"Not precomputed. Next: synaptarium precompute {recording.id}")
    return 0


def drop_chunks(arguments: argparse.Namespace) -> int:
    """Delete everything that precomputing made; the raw events stay."""
    with library_of(arguments, "drop-chunks") as library:
        freed = storage.drop_derived(library.store, arguments.id)
    if arguments.json:
        print_json({"id": arguments.id, "freed_bytes": freed})
        return 0
    if not freed:
        print(f"{arguments.id!r} has no chunks: nothing was dropped.")
        return 0
    print(
        f"Dropped {size(freed)} of chunks and summaries of {arguments.id!r}; its events stay. "
        "MongoDB keeps the room for what comes next."
    )
    print(f"To see it again: synaptarium precompute {arguments.id}")
    return 0


def bar(part: float, cells: int = BAR_CELLS) -> str:
    """Return a bar of that part of its cells, an eighth of a cell exact.

    Examples
    --------
    >>> bar(0.5, 4), bar(0.3, 4)
    ('██', '█▏')
    """
    eighths = round(max(0.0, min(1.0, part)) * cells * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).strip()


def _section(
    title: str, columns: Sequence[str], rows: Sequence[dict[str, Any]], total: int, name: Any
) -> None:
    if not rows:
        return
    print()
    print_table(
        (title, *(one.replace("_", " ") for one in columns), "size", "of all"),
        [
            (
                name(row),
                *(_cell(row[one]) for one in columns),
                size(row["bytes"]),
                f"{row['bytes'] / max(1, total):4.0%} {bar(row['bytes'] / max(1, total))}",
            )
            for row in rows
        ],
    )


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _per_spike(spikes: dict[str, Any]) -> None:
    if not spikes["stored"]:
        return
    print()
    print_table(
        ("a spike", "bytes", "of the entropy bound"),
        [
            (
                row["what"],
                f"{row['bytes_per_spike']:.3f}",
                "-" if row["of_entropy"] is None else f"{row['of_entropy']:.2f}",
            )
            for row in spikes["stored"]
        ]
        + [("entropy bound", f"{spikes['entropy_bytes_per_spike']:.3f}", "1.00")],
    )
    print("The bound: independent spikes in frames, at each layer's mean rate.")
    print()
