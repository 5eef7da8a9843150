"""Layers in one line: ``input:28x28,exc:400``, as the command line and the options of adapters take them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import Layer

# A name may hold commas and colons: an entry ends at the first ":SHAPE" that a comma or the end follows.
_ENTRY = re.compile(r"(.+?):([1-9]\d*(?:x[1-9]\d*)*)(?:,|$)")


def layer_list(text: str, where: str = "layers") -> tuple[Layer, ...]:
    """Return the layers that a line names, in order, numbered through.

    Parameters
    ----------
    text : str
        ``NAME:SHAPE,...``; a shape is a number of neurons or sides joined by ``x``. Names may be odd.
    where : str
        Named in errors.

    Raises
    ------
    InvalidInput
        The text does not read so, or a name comes twice.

    Examples
    --------
    >>> [(layer.name, layer.shape, layer.offset) for layer in layer_list("in:28x28,a, b:c:3")]
    [('in', (28, 28), 0), ('a, b:c', (3,), 784)]
    """
    named: list[tuple[str, tuple[int, ...]]] = []
    at = 0
    while at < len(text):
        entry = _ENTRY.match(text, at)
        if entry is None:
            raise InvalidInput(
                f"{text[at:]!r} is no list of layers.",
                hint="It reads NAME:SHAPE,NAME:SHAPE, for instance input:28x28,exc:400.",
                where=where,
            )
        named.append((entry[1], tuple(int(side) for side in entry[2].split("x"))))
        at = entry.end()
    return numbered_layers(named, where)


def numbered_layers(named: Iterable[tuple[str, tuple[int, ...]]], where: str = "layers") -> tuple[Layer, ...]:
    """Return layers of names and shapes, neuron numbers running through; raises InvalidInput."""
    layers: list[Layer] = []
    offset = 0
    for name, shape in named:
        if any(layer.name == name for layer in layers):
            raise InvalidInput(f"There are two layers {name!r}.", hint="Give each its own name.", where=where)
        neurons = math.prod(shape)
        layers.append(Layer(name=name, neurons=neurons, shape=shape, offset=offset))
        offset += neurons
    if not layers:
        raise InvalidInput("No layer is named.", hint="For instance input:28x28,exc:400.", where=where)
    if offset >= 2**32:
        raise InvalidInput(
            f"The layers have {offset:,} neurons.", hint="A recording numbers them with 32 bits.", where=where
        )
    return tuple(layers)
