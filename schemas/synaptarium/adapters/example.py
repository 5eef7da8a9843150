"""Spike lists: the tutorial's adapter, for text files of ``time_ms neuron`` lines under a short head.

The file starts with ``# spike list``; lines ``# layer NAME NEURONS`` give the layers in order, with neuron numbers
running through the layers. Every adapter is such a file: a sniff, an open, and an ``ADAPTER`` that names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from synaptarium.adapters.arrays import LayerArrays, SpikeArrays, arrays_source
from synaptarium.adapters.base import Adapter, EventSource
from synaptarium.schemas.errors import ForeignFile, InvalidInput, NeuronOutOfRange

_FIRST_LINE = "# spike list"


def sniff(address: str) -> bool:
    """Return whether a file starts as a spike list; cheap, and false for anything that is no such file."""
    path = Path(address)
    if "://" in address or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline().decode("utf-8", "replace").strip() == _FIRST_LINE


def open_list(address: str, options: Mapping[str, str]) -> EventSource:
    """Return the source of a spike list.

    Raises
    ------
    ForeignFile
        The file is no spike list.
    InvalidInput
        A line is neither a comment nor two numbers.
    """
    if not sniff(address):
        raise ForeignFile(
            f"{address!r} is no spike list.", hint=f"Its first line is {_FIRST_LINE!r}.", where=address
        )
    layers: list[LayerArrays] = []
    rows: list[tuple[float, int]] = []
    for number, line in enumerate(Path(address).read_text("utf-8", "replace").splitlines(), start=1):
        words = line.split()
        try:
            if words[:2] == ["#", "layer"]:
                layers.append(LayerArrays(words[2], neurons=int(words[3])))
            elif words and words[0] != "#":
                time_ms, neuron = words
                rows.append((float(time_ms), int(neuron)))
        except (ValueError, IndexError) as error:
            raise InvalidInput(
                f"Line {number} of {address!r} is {line!r}.",
                hint="A line is 'time_ms neuron', or '# layer NAME NEURONS'.",
                where=f"{address}:{number}",
            ) from error
    time_ms = np.array([row[0] for row in rows])
    neuron = np.array([row[1] for row in rows], np.int64)
    # Neuron ids start at 0 in each layer; this format counts through all of them.
    sizes = [int(layer.neurons or 0) for layer in layers]
    first = np.cumsum([0, *sizes])
    if neuron.size and not 0 <= neuron.min() <= neuron.max() < first[-1]:
        raise NeuronOutOfRange(
            f"{address!r} has spikes of neurons {neuron.min()} to {neuron.max()}; its layers have {first[-1]}.",
            hint="Neurons are numbered from 0 through all layers.",
            where=address,
        )
    inside = np.searchsorted(first, neuron, "right") - 1
    # Shapes, times, ids and names are checked here; what was guessed or rounded is told in the report.
    return arrays_source(
        Path(address).stem,
        layers=layers,
        time_unit="ms",
        spikes={
            layer.name: SpikeArrays(time_ms[inside == k], neuron[inside == k] - first[k])
            for k, layer in enumerate(layers)
        },
        format="spike-list",
    )


ADAPTER = Adapter("spike-list", "a text file of 'time_ms neuron' lines", sniff, open_list)
