"""What the page will ask of a server about one recording, answered beforehand by the very same routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from synaptarium.schemas.errors import SynaptariumError
from synaptarium.schemas.recording import Recording
from synaptarium.schemas.sealing import payload_of
from synaptarium.server.endpoint import ARROW, Payload
from synaptarium.server.offline.part import Part
from synaptarium.server.routes import arrays, layouts, neurons, overview, recordings
from synaptarium.server.site import Site

#: As many columns as the page's own first question for the activity.
OVERVIEW_COLUMNS = 600
#: Bytes of one neuron in one layout, of one synapse, and of the facts of one neuron, before compression.
PLACE_BYTES, SYNAPSE_BYTES, FACTS_BYTES = 12, 8, 14


class Answer(NamedTuple):
    """An answer to one question; ``query`` is None where it is the same whatever the parameters are."""

    path: str
    query: dict[str, str] | None
    type: str
    data: bytes


def answers(site: Site, recording: Recording, part: Part) -> Iterator[Answer]:
    """Yield everything but chunks that a page showing this part needs; what cannot be had is left out, as it would fail."""
    id = recording.id
    base = f"/api/recordings/{id}"

    def json(path: str, value: Any) -> Answer:
        return Answer(path, {}, "application/json", msgspec.json.encode(value))

    def payload(path: str, query: dict[str, str] | None, ask: Callable[[], Payload]) -> Iterator[Answer]:
        try:
            found = ask()
        except SynaptariumError:
            return
        yield Answer(path, query, found.content_type, found.data)

    yield json(base, recordings.info(site, id))
    yield json(f"{base}/manifest", part.manifest)
    yield json(f"{base}/network", recordings.network(site, id))
    kinds = layouts.layouts(site, id)
    yield json(f"{base}/layouts", kinds)
    for kind in kinds:
        if kind.lacks:
            continue
        for made in payload(
            f"{base}/scene", {"layout": kind.name}, lambda name=kind.name: layouts.scene(site, id, name, "")
        ):
            yield made
            if kind.default:
                yield made._replace(query={"layout": "auto"})
    yield from payload(f"{base}/neurons", {}, lambda: neurons.neurons(site, id))
    for projection in recording.header.projections:
        yield from payload(
            f"{base}/projections/{projection.name}/synapses",
            {},
            lambda name=projection.name: arrays.synapses(site, id, name),
        )
    for values in ("all", "sum"):
        curve = overview.overview(site, id, part.t_start_us, part.t_stop_us, OVERVIEW_COLUMNS, values)
        query = {"columns": str(OVERVIEW_COLUMNS), "values": values}
        yield Answer(f"{base}/overview", query, curve.content_type, curve.data)
    shown = _shown(arrays.stimuli(site, id), part)
    yield Answer(f"{base}/stimuli", {}, ARROW, payload_of(shown).to_pybytes())
    for image in sorted({number for number in shown.column("image").to_pylist() if number is not None}):
        yield from payload(
            f"{base}/images/{image}.png", {}, lambda image=image: arrays.image(site, id, image)
        )


def most_bytes(recording: Recording, n_layouts: int) -> int:
    """Return how many bytes the answers' arrays have at most, before they are compressed."""
    n_neurons = sum(layer.neurons for layer in recording.header.layers)
    n_synapses = sum(projection.synapses for projection in recording.header.projections)
    return n_neurons * (n_layouts * PLACE_BYTES + FACTS_BYTES) + n_synapses * SYNAPSE_BYTES


def _shown(stimuli: Payload, part: Part) -> pa.RecordBatch:
    """The stimuli that can be seen in the part."""
    with pa.ipc.open_stream(stimuli.data) as reader:
        batch = reader.read_next_batch()
    start_us, stop_us = (batch.column(name).to_numpy() for name in ("t_start_us", "t_stop_us"))
    seen = (stop_us > part.t_start_us) & (start_us < part.t_stop_us)
    return batch.filter(pa.array(seen))
