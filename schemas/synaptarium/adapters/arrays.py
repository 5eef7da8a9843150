"""Plain arrays: the one call that every other adapter, the demo and users with their own formats go through.

>>> source = arrays_source(
...     "two layers", time_unit="ms", bin_us=1000,
...     layers=[LayerArrays("input", shape=(2, 2)), LayerArrays("output", neurons=3)],
...     spikes={"input": ([0.0, 1.0, 1.0], [3, 0, 2]), "output": ([2.0], [1])},
... )
>>> source.counts().spikes
{'input': 3, 'output': 1}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from synaptarium.adapters import checks
from synaptarium.adapters.array_inputs import (
    Array,
    LayerArrays,
    PotentialArrays,
    ProjectionArrays,
    SpikeArrays,
    StimulusArrays,
    WeightArrays,
)
from synaptarium.adapters.array_network import ArrayNetwork
from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.assembly import Assembly
from synaptarium.adapters.base import Adapter
from synaptarium.schemas.recording import Accounting

__all__ = [
    "LayerArrays",
    "PotentialArrays",
    "ProjectionArrays",
    "SpikeArrays",
    "StimulusArrays",
    "WeightArrays",
    "arrays_source",
]


def arrays_source(
    name: str,
    *,
    layers: Iterable[LayerArrays | Mapping[str, Any]],
    time_unit: str | float = "us",
    bin_us: int | None = None,
    t_start_us: int = 0,
    t_stop_us: int | None = None,
    projections: Iterable[ProjectionArrays | Mapping[str, Any]] = (),
    spikes: Mapping[str, SpikeArrays | Mapping[str, Any] | Sequence[Array]] | None = None,
    potentials: Iterable[PotentialArrays | Mapping[str, Any]] = (),
    weights: Mapping[str, WeightArrays | Mapping[str, Any] | Sequence[Array]] | None = None,
    stimuli: StimulusArrays | Mapping[str, Any] | None = None,
    metrics: Mapping[str, tuple[Array, Array]] | None = None,
    images: Array = None,
    classes: Sequence[str | int] = (),
    format: str = "arrays",
    details: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    accounting: Sequence[Accounting] = (),
) -> ArraySource:
    """Return a source of plain arrays, every array checked.

    Parameters
    ----------
    name : str
        Name shown to people.
    layers : iterable of LayerArrays or dict
        In order, at least one.
    time_unit : str or float
        Of every time given here: ``"ns"``, ``"us"``, ``"ms"``, ``"s"``, or the microseconds of one step.
    bin_us : int or None
        Width of a frame: the simulator's step where that is whole. None: guessed from the times, and told.
    t_start_us, t_stop_us : int
        Half-open span; by default from 0 to the last event plus one bin. A declared end is moved behind the
        last event where it would lose any, and that is told.
    projections : iterable of ProjectionArrays or dict
        Explicit synapses and decoders.
    spikes : dict of layer name to SpikeArrays, dict or (times, ids[, counts[, payload]])
        In any order: they are sorted.
    potentials : iterable of PotentialArrays or dict
        At most one per layer and variable.
    weights : dict of projection name to WeightArrays, dict or (times, values[, synapses])
        Snapshots are read as the first one whole, then what changed.
    stimuli : StimulusArrays or dict, or None
        What was shown.
    metrics : dict of name to (times, values)
        Loss, accuracy, anything.
    images : (n, height, width) array of uint8 or None
        Stimulus images.
    classes : sequence of str
        Names of the stimulus classes; taken from the labels where empty.
    format, details, notes, accounting
        Of an adapter: its name, facts worth keeping, findings, and reductions made before.

    Returns
    -------
    ArraySource
        Its header, counts and findings are complete; nothing was written anywhere.

    Raises
    ------
    InvalidInput
        An array with the wrong shape, type or length, or a name given twice.
    InvalidTime
        A time that is not a number, negative (before ``t_start_us``), or out of order in snapshots.
    UnknownLayer
        A layer or projection that was not given.
    NeuronOutOfRange
        An id that its layer or projection does not have.
    """
    assembly = Assembly(
        name,
        ArrayNetwork(layers, projections),
        time_unit=time_unit,
        bin_us=bin_us,
        t_start_us=t_start_us,
        t_stop_us=t_stop_us,
        notes=notes,
        accounting=accounting,
    )
    assembly.add_spikes(checks.named(spikes, "spikes", "layer name to (times, ids)"))
    assembly.add_potentials(potentials)
    assembly.add_weights(checks.named(weights, "weights", "projection name to (times, values)"))
    assembly.add_images(images)
    assembly.add_stimuli(stimuli)
    assembly.add_metrics(checks.named(metrics, "metrics", "name to (times, values)"))
    return assembly.source(classes, format, dict(details or {}))


ADAPTER = Adapter("arrays", "plain arrays, handed over in Python")
