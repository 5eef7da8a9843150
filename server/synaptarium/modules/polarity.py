"""Whether the synapses of a projection excite or inhibit."""

from __future__ import annotations

import numpy as np

from synaptarium.modules.reader import RecordingReader
from synaptarium.schemas.recording import Projection


def inhibits(reader: RecordingReader, projection: Projection) -> bool:
    """Tell whether a projection is inhibitory: by the sign of its mean weight, its source's cell type, or the source's name
    where it has no cell type."""
    source = next(one for one in reader.recording.header.layers if one.name == projection.source)
    weights = reader.recording.weights.get(projection.name)
    if weights and np.isfinite(weights.last.mean) and weights.last.mean < 0:
        return True
    if source.cell_type:
        return source.cell_type == "inhibitory"
    return source.name.lower().startswith("inh")
