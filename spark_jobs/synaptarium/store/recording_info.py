"""What a recording holds, in one document."""

from __future__ import annotations

from typing import Any

import msgspec

from synaptarium.schemas.manifest import levels_of
from synaptarium.schemas.recording import n_frames
from synaptarium.store import recordings, summaries
from synaptarium.store.database import Store
from synaptarium.store.storage import stored_bytes


def recording_info(store: Store, id: str) -> dict[str, Any]:
    """Return what ``synaptarium info ID --json`` prints: network, counts, weights, levels and accounting."""
    recording = recordings.get(store, id)
    header, counts = recording.header, recording.counts
    weights = msgspec.to_builtins(recording.weights)
    accounting = [msgspec.to_builtins(entry) for entry in header.accounting]
    manifest = None
    if recording.build is not None:
        manifest = summaries.read(store, recording.num, "manifest", str(recording.build))
        accounting += [entry for entry in (manifest or {}).get("accounting", []) if entry not in accounting]
    potentials: dict[str, int] = {}
    for name, n in counts.potentials.items():
        layer = name.partition("/")[2]
        potentials[layer] = potentials.get(layer, 0) + n
    return {
        "id": recording.id,
        "name": header.name,
        "status": recordings.told_status(store, recording),
        "format": header.source.format,
        "bin_us": header.bin_us,
        "span_us": [header.t_start_us, header.t_stop_us],
        "layers": [
            {
                "name": layer.name,
                "neurons": layer.neurons,
                "shape": list(layer.shape),
                "offset": layer.offset,
                "spikes": counts.spikes.get(layer.name, 0),
                "potentials": potentials.get(layer.name, 0),
                "cell_type": layer.cell_type,
                "neuron_type": layer.neuron_type,
                "positions": layer.positions,
            }
            for layer in header.layers
        ],
        "projections": [
            {
                "name": projection.name,
                "source": projection.source,
                "target": projection.target,
                "kind": projection.kind,
                "synapses": projection.synapses,
                "weights": {
                    "first": weights.get(projection.name, {}).get("first"),
                    "last": weights.get(projection.name, {}).get("last"),
                    "changes": counts.weights.get(projection.name, 0),
                },
                "learning_rule": projection.learning_rule,
            }
            for projection in header.projections
        ],
        "variables": [msgspec.to_builtins(stream) for stream in header.potentials],
        "stimuli": counts.stimuli,
        "images": counts.images,
        "classes": list(header.classes),
        "metrics": dict(counts.metrics),
        "levels": [msgspec.to_builtins(level) for level in levels_of(n_frames(header))],
        "accounting": accounting,
        "notes": list(header.source.notes),
        "details": dict(header.source.details),
        "build": recording.build,
        "revision": recording.revision,
        "num": recording.num,
        "created_us": recording.created_us,
        "stored_bytes": stored_bytes(store, recording),
    }
