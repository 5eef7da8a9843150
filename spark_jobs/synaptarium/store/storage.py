"""What a recording takes on disk and why, against what its data must take at least; and how to drop what can be rebuilt."""

from __future__ import annotations

import math
from typing import Any

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import Conflict
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.recording import Recording, n_frames
from synaptarium.store import chunks, events, jobs, recordings, summaries
from synaptarium.store.database import Document, Store, call

_LAST_CHUNK, _LAST_TILE = 0xFFFFFFFF, 0xFFFFFF


def entropy_bytes(n_spikes: int, n_neurons: int, frames: int) -> float:
    """Return the fewest bytes that independent spikes at their mean rate can be kept in.

    Parameters
    ----------
    n_spikes, n_neurons, frames : int
        Spikes of a layer at level 0, its neurons, its frames.

    Notes
    -----
    Shannon's bound for n_neurons x frames Bernoulli variables of p = n_spikes / (n_neurons x frames). A neuron that
    spikes more than once in a frame is one spike there, so above p = 1/2 the bound is that of 1/2.

    Examples
    --------
    >>> round(entropy_bytes(10, 1000, 1), 2)
    10.1
    """
    n = n_neurons * frames
    p = min(n_spikes / n, 0.5) if n else 0.0
    if p <= 0:
        return 0.0
    return n * -(p * math.log2(p) + (1 - p) * math.log2(1 - p)) / 8


def stored_bytes(store: Store, recording: Recording) -> int:
    """Return the stored bytes of a recording's events and of its published build."""
    pipeline: list[Document] = [
        {"$match": {"recording": recording.num}},
        {"$group": {"_id": None, "size_bytes": {"$sum": "$size_bytes"}}},
    ]
    hint = "recording_1_kind_1_stream_1_t0_us_1_t1_us_1_seq_1_n_1_size_bytes_1"
    found = call(store, lambda: list(store.db.events.aggregate(pipeline, hint=hint)))
    total = int(found[0]["size_bytes"]) if found else 0
    if recording.build is None:
        return total
    known = summaries.read(store, recording.num, "stored_bytes", str(recording.build))
    if known is None:
        known = chunks.sizes(store, recording.num, recording.build).size_bytes
        if recording.status == "ready":  # published builds never change then
            summaries.write(store, recording.num, "stored_bytes", str(recording.build), known)
    return total + int(known)


def stats(store: Store, recording: Recording, manifest: Manifest | None) -> dict[str, Any]:
    """Return where the bytes of a recording are.

    Parameters
    ----------
    recording : Recording
        Any; one that was not precomputed has no streams.
    manifest : Manifest or None
        Of its published build.

    Returns
    -------
    dict
        ``collections``, ``events`` (by kind and stream, with the compression ratio), ``streams`` (by stream and
        level), ``spikes`` (bytes per spike beside the entropy bound), ``weights`` (how values are quantised),
        ``builds``, ``stored_bytes``. JSON-like; bytes are those of documents, without indexes.
    """
    of_events = _events(store, recording)
    streams = [] if manifest is None else _streams(store, manifest)
    builds = _builds(store, recording)
    collections: list[dict[str, Any]] = [
        {"collection": "events", **_summed(of_events, "blocks")},
        {"collection": "chunks", **_summed(builds, "chunks")},
        *(
            _of_collection(store, name, recording.num)
            for name in ("neurons", "synapses", "summaries", "jobs")
        ),
    ]
    return {
        "id": recording.id,
        "stored_bytes": sum(one["bytes"] for one in collections),
        "collections": collections,
        "events": of_events,
        "streams": streams,
        "spikes": _per_spike(recording, of_events, streams),
        "weights": [] if manifest is None else _quantised(manifest),
        "builds": [one | {"published": one["build"] == recording.build} for one in builds],
    }


def drop_derived(store: Store, id: str) -> int:
    """Delete what was computed from a recording's events: chunks, summaries, jobs. Returns the bytes freed.

    The events, the network and the sessions stay; precomputing again gives the same bytes.

    Raises
    ------
    RecordingNotFound
        It does not exist.
    RecordingBusy
        It is being imported or precomputed.
    Conflict
        Its run still goes on.
    """
    recording = recordings.get(store, id)
    if recording.status == "open":
        raise Conflict(
            f"The run of {id!r} still goes on: its chunks are made as it grows.",
            hint="Drop them when it has ended.",
        )
    owner = jobs.new_owner()
    jobs.claim(store, recording.num, 0, owner)
    try:
        freed = sum(one["bytes"] for one in _builds(store, recording))
        freed += _of_collection(store, "summaries", recording.num)["bytes"]
        # First of all no reader may look for what goes away now; whoever interrupts this can repeat it.
        recordings.set_build(store, id, None)
        chunks.delete_all(store, recording.num)
        call(store, lambda: store.durable("summaries").delete_many({"recording": recording.num}))
        built: Document = {"recording": recording.num, "build": {"$gt": 0}}
        call(store, lambda: store.durable("jobs").delete_many(built))
    finally:
        jobs.release(store, recording.num, 0, owner)
    return freed


def _events(store: Store, recording: Recording) -> list[dict[str, Any]]:
    pipeline: list[Document] = [
        {"$match": {"recording": recording.num}},
        {
            "$group": {
                "_id": {"kind": "$kind", "stream": "$stream"},
                "blocks": {"$sum": 1},
                "events": {"$sum": "$n"},
                "bytes": {"$sum": "$size_bytes"},
            }
        },
        {"$sort": {"_id.kind": 1, "_id.stream": 1}},
    ]
    hint = "recording_1_kind_1_stream_1_t0_us_1_t1_us_1_seq_1_n_1_size_bytes_1"
    rows: list[dict[str, Any]] = []
    for found in call(store, lambda: list(store.db.events.aggregate(pipeline, hint=hint))):
        kind, stream = found["_id"]["kind"], found["_id"]["stream"]
        first = events.blocks(store, recording.num, kind, stream)[0]
        batch = events.load(store, recording.num, kind, first)
        raw = round(batch.nbytes / max(1, batch.num_rows) * found["events"])
        rows.append(
            {
                "kind": kind,
                "stream": stream,
                "blocks": found["blocks"],
                "events": found["events"],
                "bytes": found["bytes"],
                "raw_bytes": raw,
                "compression": raw / found["bytes"],
                "bytes_per_event": found["bytes"] / found["events"],
            }
        )
    return rows


def _streams(store: Store, manifest: Manifest) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for stream in manifest.streams:
        for level in manifest.levels:
            base = (manifest.num, manifest.build, stream.stream, level.level)
            found = chunks.sizes_between(
                store, ChunkKey(*base, 0, 0), ChunkKey(*base, _LAST_CHUNK, _LAST_TILE)
            )
            if found.chunks:
                rows.append(
                    {
                        "stream": stream.name,
                        "of": stream.of,
                        "level": level.level,
                        "chunks": found.chunks,
                        "bytes": found.size_bytes,
                        "events": found.n,
                        "bytes_per_event": found.size_bytes / found.n if found.n else None,
                    }
                )
    return rows


def _per_spike(
    recording: Recording, of_events: list[dict[str, Any]], streams: list[dict[str, Any]]
) -> dict[str, Any]:
    header = recording.header
    n_spikes = sum(recording.counts.spikes.values())
    bound = sum(
        entropy_bytes(recording.counts.spikes.get(one.name, 0), one.neurons, n_frames(header))
        for one in header.layers
    )
    of_spikes = [row for row in streams if row["of"] == "spikes"]
    sizes = {
        "events": sum(row["bytes"] for row in of_events if row["kind"] == "spikes"),
        "base level": sum(
            row["bytes"] for row in of_spikes if row["level"] == 0 and row["stream"] == "spikes"
        ),
        "all levels": sum(row["bytes"] for row in of_spikes),
    }
    return {
        "n": n_spikes,
        "entropy_bytes": bound,
        "entropy_bytes_per_spike": bound / n_spikes if n_spikes else None,
        "stored": [
            {
                "what": what,
                "bytes": size_bytes,
                "bytes_per_spike": size_bytes / n_spikes,
                # Events keep each spike's microsecond, of which the bound of frames knows nothing.
                "of_entropy": size_bytes / bound if bound and what != "events" else None,
            }
            for what, size_bytes in sizes.items()
            if n_spikes and size_bytes
        ],
    }


def _quantised(manifest: Manifest) -> list[dict[str, Any]]:
    names = {stream.stream: stream for stream in manifest.streams}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for grid in manifest.grids:
        if grid.quantisation is not None and names[grid.stream].kind == "values":
            found.setdefault(
                (names[grid.stream].name, grid.target),
                {
                    "stream": names[grid.stream].name,
                    "target": grid.target,
                    "dtype": grid.quantisation.dtype,
                    "step": grid.quantisation.scale,
                    "max_error": grid.quantisation.max_error,
                },
            )
    return list(found.values())


def _builds(store: Store, recording: Recording) -> list[dict[str, Any]]:
    """Return the builds of which chunks are kept, in order: each is found by one jump in the ordered keys."""
    rows: list[dict[str, Any]] = []
    build = 0
    while build < 0xFFFF:
        first = ChunkKey(recording.num, build + 1, 0, 0, 0, 0).pack()
        last = ChunkKey(recording.num, 0xFFFF, 0xFFFF, 0xFF, _LAST_CHUNK, _LAST_TILE).pack()
        where: Document = {"_id": {"$gte": first, "$lte": last}}
        found = call(
            store, lambda where=where: store.db.chunks.find_one(where, {"_id": 1}, sort=[("_id", 1)])
        )
        if found is None:
            break
        build = ChunkKey.unpack(found["_id"]).build
        sizes = chunks.sizes(store, recording.num, build)
        rows.append({"build": build, "chunks": sizes.chunks, "events": sizes.n, "bytes": sizes.size_bytes})
    return rows


def _of_collection(store: Store, name: str, num: int) -> dict[str, Any]:
    pipeline: list[Document] = [
        {"$match": {"recording": num}},
        {"$group": {"_id": None, "documents": {"$sum": 1}, "bytes": {"$sum": {"$bsonSize": "$$ROOT"}}}},
    ]
    found = call(store, lambda: list(store.db[name].aggregate(pipeline)))
    return {
        "collection": name,
        "documents": found[0]["documents"] if found else 0,
        "bytes": found[0]["bytes"] if found else 0,
    }


def _summed(rows: list[dict[str, Any]], documents: str) -> dict[str, Any]:
    return {
        "documents": sum(row[documents] for row in rows),
        "bytes": sum(row["bytes"] for row in rows),
    }
