"""Every layout by name: what it is for, which networks it suits, and the one that a recording opens with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from synaptarium.scenes.column import column, is_cortical
from synaptarium.scenes.force import force
from synaptarium.scenes.layout import Layout, PositionsUm
from synaptarium.scenes.recorded import recorded
from synaptarium.scenes.rings import rings
from synaptarium.scenes.sheets import has_channels, sheets, stacks
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import Layer, Projection

Layers = Sequence[Layer]
Projections = Sequence[Projection]


class Make(Protocol):
    """What every layout is: a pure function of a network."""

    def __call__(
        self, layers: Layers, *, projections: Projections = (), positions_um: PositionsUm | None = None
    ) -> Layout:
        """Return where everything lies."""
        ...


@dataclass(frozen=True, kw_only=True)
class LayoutKind:
    """One layout.

    Parameters
    ----------
    name, title, summary : str
        Its word in an address, its name in the menu, one line about it.
    make : callable
        The layout.
    lacks : callable
        ``lacks(layers, projections)`` says what the recording lacks for it; empty where it can be made.
    suits : callable
        ``suits(layers, projections)``: True for networks that open with it, asked in the order of ``LAYOUTS``.
    """

    name: str
    title: str
    summary: str
    make: Make
    lacks: Callable[[Layers, Projections], str]
    suits: Callable[[Layers, Projections], bool]


def _nothing(layers: Layers, projections: Projections) -> str:
    return ""


def _is_tangled(layers: Layers, projections: Projections) -> bool:
    """True where no order of the layers explains most projections: most go neither to the next layer nor to itself."""
    index = {layer.name: i for i, layer in enumerate(layers)}
    between = [
        (index[p.source], index[p.target]) for p in projections if p.target in index and p.source != p.target
    ]
    return (
        len(layers) > 3
        and len(between) > 2
        and sum(target - source == 1 for source, target in between) * 2 < len(between)
    )


LAYOUTS: tuple[LayoutKind, ...] = (
    LayoutKind(
        name="recorded",
        title="Recorded places",
        summary="At the coordinates of the recording",
        make=recorded,
        lacks=lambda layers, _: (
            "" if any(layer.positions for layer in layers) else "the recording holds no coordinates"
        ),
        suits=lambda layers, _: all(layer.positions for layer in layers),
    ),
    LayoutKind(
        name="stacks",
        title="Stacks",
        summary="Channels of a layer one behind the other",
        make=stacks,
        lacks=lambda layers, _: "" if any(map(has_channels, layers)) else "no layer has channels (C, H, W)",
        suits=lambda layers, _: any(map(has_channels, layers)),
    ),
    LayoutKind(
        name="column",
        title="Column",
        summary="Round slabs above each other, by cortical layer",
        make=column,
        lacks=_nothing,
        suits=lambda layers, _: is_cortical(layers),
    ),
    LayoutKind(
        name="force",
        title="Graph",
        summary="Layers where their projections pull them",
        make=force,
        lacks=lambda layers, projections: "" if projections else "the recording holds no projections",
        suits=_is_tangled,
    ),
    LayoutKind(
        name="sheets",
        title="Sheets",
        summary="By shape, channels as tiles side by side",
        make=sheets,
        lacks=_nothing,
        suits=lambda layers, projections: True,
    ),
    LayoutKind(
        name="rings",
        title="Rings",
        summary="Each layer on circles, neuron 0 at the top",
        make=rings,
        lacks=_nothing,
        suits=lambda layers, projections: False,
    ),
)
BY_NAME = {kind.name: kind for kind in LAYOUTS}
AUTO = "auto"


def default_layout(layers: Layers, projections: Projections = ()) -> str:
    """Return the name of the layout that a recording opens with.

    >>> default_layout([Layer(name="in", neurons=4, shape=(2, 2), offset=0)])
    'sheets'
    """
    return next(
        kind.name
        for kind in LAYOUTS
        if not kind.lacks(layers, projections) and kind.suits(layers, projections)
    )


def lay_out(
    name: str,
    layers: Layers,
    *,
    projections: Projections = (),
    positions_um: PositionsUm | None = None,
    order: Sequence[int] = (),
) -> tuple[str, Layout]:
    """Return a layout by name ("auto": the recording's own default) and the name that it really is.

    Parameters
    ----------
    name : str
        One of ``LAYOUTS``, or "auto".
    layers, projections, positions_um
        The network; offsets cover 0..n without gaps.
    order : sequence of int
        Indices of the layers in the order in which they stand; empty for the recording's.

    Raises
    ------
    InvalidInput
        An unknown name, an order that is no permutation, or a layout for which the recording lacks something.
    """
    known = AUTO if name == AUTO else name if name in BY_NAME else ""
    if not known:
        raise InvalidInput(
            f"There is no layout {name!r}.", hint="There are: " + ", ".join((AUTO, *BY_NAME)), where="layout"
        )
    if order and sorted(order) != list(range(len(layers))):
        raise InvalidInput(
            f"The order {', '.join(map(str, order))} does not name each of the {len(layers)} layers once.",
            hint=f"Give the indices 0 to {len(layers) - 1} in the order in which the layers shall stand.",
            where="order",
        )
    kind = BY_NAME[default_layout(layers, projections) if known == AUTO else known]
    lack = kind.lacks(layers, projections)
    if lack:
        raise InvalidInput(
            f"The layout {kind.name!r} cannot be made: {lack}.",
            hint=f"Use {AUTO!r}, or another one.",
            where="layout",
        )
    standing = [layers[index] for index in order] if order else layers
    return kind.name, kind.make(standing, projections=projections, positions_um=positions_um)
