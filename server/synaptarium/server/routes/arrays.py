"""What the scene and the scrub bar need as Arrow streams: synapses, stimuli, metrics."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import pyarrow as pa

from synaptarium.schemas.errors import NotFound
from synaptarium.schemas.events import METRICS, STIMULI, EventKind
from synaptarium.schemas.sealing import payload_of
from synaptarium.server.endpoint import ARROW, Endpoint, Payload
from synaptarium.server.png import grey_png
from synaptarium.server.site import Site
from synaptarium.store import events, network, recordings

#: More rows than any page shows; a longer table is told as such in the stream's metadata.
MAX_ROWS = 1_000_000


def synapses(site: Site, id: str, name: str) -> Payload:
    """Return the synapses of a projection: ids within the source and target layer, in synapse order."""
    recording = recordings.get(site.store, id)
    projection = recording.projection(name)
    pre, post, delay_ms = network.read_synapses(site.store, recording.num, name)
    columns = {"pre": pre, "post": post} | ({} if delay_ms is None else {"delay_ms": delay_ms})
    metadata = {
        "projection": name.encode(),
        "kind": projection.kind.encode(),
        "source": projection.source.encode(),
    }
    return arrow(columns, metadata | {"target": projection.target.encode()}, f"{recording.num}.{len(pre)}")


def stimuli(site: Site, id: str) -> Payload:
    """Return the stimuli: start, end, label, prediction, image."""
    return _events(site, id, "stimuli", STIMULI)


def metrics(site: Site, id: str) -> Payload:
    """Return the metrics: time, name, value."""
    return _events(site, id, "metrics", METRICS)


def _events(site: Site, id: str, kind: EventKind, schema: pa.Schema) -> Payload:
    recording = recordings.get(site.store, id)
    batches: list[pa.RecordBatch] = []
    n_rows = 0
    for batch in events.read(site.store, recording.num, kind):
        batches.append(_with_all_columns(batch, schema))
        n_rows += batch.num_rows
        if n_rows >= MAX_ROWS:
            break
    table = pa.Table.from_batches(batches, schema).combine_chunks()
    batch = table.to_batches()[0] if table.num_rows else pa.RecordBatch.from_pylist([], schema)
    header = recording.header
    metadata = {"rows": str(n_rows), "classes": msgspec.json.encode(header.classes).decode()}
    data = payload_of(batch.replace_schema_metadata(metadata)).to_pybytes()
    return Payload(data=data, content_type=ARROW, etag=f"{recording.num}.{recording.revision}.{kind}")


def _with_all_columns(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        batch.column(field.name) if field.name in batch.schema.names else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.record_batch(columns, schema=schema)


def image(site: Site, id: str, n: int) -> Payload:
    """Return one stimulus image as a grey PNG."""
    recording = recordings.get(site.store, id)
    shape = recording.header.image_shape
    if shape is None or n >= recording.counts.images:
        raise NotFound(
            f"Image {n} was asked for; {id!r} has {recording.counts.images}.",
            hint="Images are numbered from 0; the stimuli name theirs.",
            where="images",
        )
    for batch in events.read(site.store, recording.num, "images", "", n, n + 1):
        pixels = np.frombuffer(batch.column("pixels")[0].as_buffer(), np.uint8)
        png = grey_png(pixels.reshape(shape))
        return Payload(data=png, content_type="image/png", etag=f"{recording.num}.image.{n}")
    raise NotFound(
        f"Image {n} of {id!r} is not stored.",
        hint="Delete the recording and import it again.",
        where="images",
    )


def arrow(columns: Mapping[str, np.ndarray], metadata: Mapping[str, bytes], etag: str) -> Payload:
    """Return columns of equal length as one Arrow stream."""
    arrays = [pa.array(values) for values in columns.values()]
    fields = [pa.field(name, array.type, nullable=False) for name, array in zip(columns, arrays, strict=True)]
    batch = pa.record_batch(arrays, schema=pa.schema(fields, metadata=dict(metadata)))
    return Payload(data=payload_of(batch).to_pybytes(), content_type=ARROW, etag=etag)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/projections/<path:name>/synapses",
        call=synapses,
        summary="Synapses of a projection: pre, post and, where known, delay_ms",
        answer=ARROW,
    ),
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/stimuli",
        call=stimuli,
        summary="Stimuli: t_start_us, t_stop_us, label, prediction, image",
        answer=ARROW,
    ),
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/images/<int:n>.png",
        call=image,
        summary="One stimulus image",
        answer="image/png",
    ),
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/metrics",
        call=metrics,
        summary="Metrics: time_us, name, value",
        answer=ARROW,
    ),
)
