"""Neurons as short text: ``layer:3.5-9``, or ``layer:~bits`` where that is shorter; parts joined by commas.

Layer names are percent-encoded. Bits are base64url without padding, neuron 0 first, the lowest bit of a byte first. The
order of the parts and of the ids in a range list is the order of selection. A million of a million neurons in no order is
167 kB. ``static/src/state/link/neuron_ranges.ts`` is the page's twin.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from synaptarium.schemas.errors import InvalidInput, NeuronOutOfRange, UnknownLayer

I64 = NDArray[np.int64]
#: Ids of one layer, in the order of selection.
NeuronGroup = tuple[str, I64]

#: Of a selection in no order the neurons selected last keep theirs; those before them are sorted, which is shorter.
ORDERED = 64
#: Ranges are read by people; they give way to bits where they are longer than this, and longer than the bits.
READABLE = 64
_RANGE = re.compile(r"(\d{1,10})(?:-(\d{1,10}))?")
_BITS = re.compile(r"[A-Za-z0-9_-]*")


def neurons_to_text(groups: Iterable[tuple[str, Sequence[int] | NDArray[np.integer]]]) -> str:
    """Write neurons, each once.

    Parameters
    ----------
    groups : iterable of (str, ids)
        Layers and ids within them, in the order of selection; a layer may come more than once.

    Returns
    -------
    str
        The text; of more than 64 neurons that are in no order only the last 64 keep their place.

    Examples
    --------
    >>> neurons_to_text([("hidden", [3, 5, 6, 7, 8, 9]), ("out", [1])])
    'hidden:3.5-9,out:1'
    """
    ordered = [(layer, np.asarray(ids, np.int64)) for layer, ids in groups]
    ordered = [(layer, ids) for layer, ids in ordered if len(ids)]
    names = [layer for layer, _ in ordered]
    if len(set(names)) < len(names) or not all(bool((np.diff(ids) > 0).all()) for _, ids in ordered):
        ordered = _head_and_tail(ordered)
    return ",".join(f"{quote(layer, safe='')}:{_code(ids)}" for layer, ids in ordered)


def text_to_neurons(text: str, sizes: Mapping[str, int]) -> tuple[NeuronGroup, ...]:
    """Read what `neurons_to_text` writes.

    Parameters
    ----------
    text : str
        Neurons.
    sizes : mapping of str to int
        Neurons of each layer.

    Raises
    ------
    InvalidInput
        It is no such text, or names more neurons than there are.
    UnknownLayer, NeuronOutOfRange
        There is no such layer, or no such neuron in it.

    Examples
    --------
    >>> text_to_neurons("hidden:7.2-4", {"hidden": 10})
    (('hidden', array([7, 2, 3, 4])),)
    """
    left = sum(sizes.values())
    groups: list[NeuronGroup] = []
    for part in text.split(",") if text else ():
        name, colon, code = part.rpartition(":")
        if not colon:
            raise InvalidInput(
                f"{part[:80]!r} names no neurons.",
                hint="Neurons are written as layer:3.5-9, layers joined by commas.",
                where="selection",
            )
        layer = unquote(name)
        n_neurons = layer_size(layer, sizes)
        ids = _from_bits(code[1:]) if code.startswith("~") else _from_ranges(code, layer, n_neurons, left)
        in_layer(layer, ids, n_neurons)
        left -= len(ids)
        if left < 0:
            raise InvalidInput(
                f"The selection names more neurons than the recording's {sum(sizes.values()):,}.",
                hint="Name each neuron once.",
                where="selection",
            )
        groups.append((layer, ids))
    return tuple(groups)


def layer_size(layer: str, sizes: Mapping[str, int]) -> int:
    """Return how many neurons a layer has; raises UnknownLayer."""
    if layer not in sizes:
        raise UnknownLayer(
            f"There is no layer {layer[:80]!r}.", hint="Layers: " + ", ".join(sizes), where="selection"
        )
    return sizes[layer]


def in_layer(layer: str, ids: I64, n_neurons: int) -> None:
    """Raise NeuronOutOfRange where an id lies outside its layer."""
    outside = ids[(ids < 0) | (ids >= n_neurons)]
    if len(outside):
        raise NeuronOutOfRange(
            f"Layer {layer!r} has {n_neurons} neurons; neuron {outside[0]} was asked for.",
            hint="Neuron ids start at 0 in each layer.",
            where="selection",
        )


def _head_and_tail(groups: list[NeuronGroup]) -> list[NeuronGroup]:
    """Sort all but the last neurons by layer and id."""
    n_head = sum(len(ids) for _, ids in groups) - ORDERED
    head: dict[str, list[I64]] = {}
    tail: list[NeuronGroup] = []
    for layer, ids in groups:
        here = min(len(ids), max(0, n_head))
        n_head -= here
        if here:
            head.setdefault(layer, []).append(ids[:here])
        if here < len(ids):
            tail.append((layer, ids[here:]))
    return [*((layer, np.unique(np.concatenate(parts))) for layer, parts in head.items()), *tail]


def _code(ids: I64) -> str:
    """Return ids in their order as ranges, or as bits where those are shorter and keep the order."""
    starts = np.flatnonzero(np.concatenate(([True], np.diff(ids) != 1)))
    ascending = len(ids) < 2 or bool((np.diff(ids) > 0).all())
    n_letters = max(READABLE, -(-((int(ids.max()) >> 3) + 1) * 4 // 3) + 1)
    # A range is two letters at least, with its point.
    if not ascending or 2 * len(starts) - 1 <= n_letters:
        stops = np.concatenate((starts[1:], [len(ids)])) - 1
        pairs = zip(ids[starts].tolist(), ids[stops].tolist(), strict=True)
        ranges = ".".join(str(first) if first == last else f"{first}-{last}" for first, last in pairs)
        if not ascending or len(ranges) <= n_letters:
            return ranges
    mask = np.zeros(int(ids[-1]) + 1, np.bool_)
    mask[ids] = True
    packed = np.packbits(mask, bitorder="little").tobytes()
    return "~" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _from_bits(text: str) -> I64:
    try:
        if not _BITS.fullmatch(text):
            raise ValueError(text[:80])
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as error:
        raise InvalidInput(
            "The bits of a selection are no base64url.",
            hint="Without padding, as the page writes it.",
            where="selection",
        ) from error
    return np.flatnonzero(np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")).astype(np.int64)


def _from_ranges(text: str, layer: str, n_neurons: int, most: int) -> I64:
    firsts: list[int] = []
    lasts: list[int] = []
    for part in text.split("."):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise InvalidInput(
                f"{part[:80]!r} is no neuron id and no range of them.", hint="As 3.5-9.", where="selection"
            )
        firsts.append(int(match[1]))
        lasts.append(int(match[2] or match[1]))
    first, last = np.array(firsts, np.int64), np.array(lasts, np.int64)
    # Before anything is as large as the text says.
    in_layer(layer, np.concatenate((first, last)), n_neurons)
    sizes = np.maximum(0, last - first + 1)
    total = int(sizes.sum())
    if total > most:
        raise InvalidInput(
            f"The selection names more neurons than the recording has; {total:,} of {layer!r} alone.",
            hint="Name each neuron once.",
            where="selection",
        )
    return np.repeat(first - (np.cumsum(sizes) - sizes), sizes) + np.arange(total, dtype=np.int64)
