"""A recording: its network, its span and what is known of its source, without any array."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

from synaptarium.schemas.errors import InvalidInput, InvalidTime, UnknownLayer

RECORDING_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

#: Frames of one recording at level 0, its neurons, and the synapses of one projection: all are numbered in 32 bits.
MAX_FRAMES = MAX_NEURONS = MAX_SYNAPSES = 2**32

Status = Literal["importing", "open", "ready", "failed"]
#: As it is told: nobody works on an import that was interrupted.
ToldStatus = Literal["importing", "interrupted", "open", "ready", "failed"]
ProjectionKind = Literal["explicit", "kernel", "decoder"]


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """An ordered group of neurons (a population) with a shape.

    Parameters
    ----------
    name : str
        As the source names it; unique in the recording.
    neurons : int
        Number of neurons, at least 1.
    shape : tuple of int
        Row-major shape, e.g. ``(28, 28)``; its product is ``neurons``.
    offset : int
        Global index of neuron 0.
    cell_type : str
        ``"excitatory"``, ``"inhibitory"``, ``"input"`` or empty.
    neuron_type : str
        The simulator's model, e.g. ``"LIF"``; may be empty.
    positions : bool
        True when the source gives coordinates (um) for its neurons.
    """

    name: str
    neurons: int
    shape: tuple[int, ...]
    offset: int
    cell_type: str = ""
    neuron_type: str = ""
    positions: bool = False


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """The synapses from one layer to another.

    Parameters
    ----------
    name : str
        Unique in the recording.
    source : str
        Name of the presynaptic layer.
    target : str
        Name of the postsynaptic layer; for a decoder the name of what is decoded.
    kind : {"explicit", "kernel", "decoder"}
        Explicit (pre, post) arrays, convolution kernel, or decoder (post = dimensions).
    synapses : int
        Number of synapses.
    target_neurons : int
        Neurons of the target layer, or dimensions of the decoder.
    learning_rule : str
        As the source names it; empty when the weights are fixed or unknown.
    delays : bool
        True when each synapse has a delay (ms).
    """

    name: str
    source: str
    target: str
    kind: ProjectionKind
    synapses: int
    target_neurons: int
    learning_rule: str = ""
    delays: bool = False


class PotentialStream(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded state variable of one layer (membrane potential, threshold, ...).

    Parameters
    ----------
    variable : str
        ``"v"``, ``"theta"``, ...
    layer : str
        Layer whose neurons were recorded.
    unit : str
        ``"mV"``, ``"V"``, or ``"1"`` for dimensionless values.
    n_recorded : int
        How many of the layer's neurons were recorded; the others are unknown, not unchanged.
    sampling_period_us : int or None
        Sampling period in microseconds; None for values stored at their changes.
    """

    variable: str
    layer: str
    unit: str
    n_recorded: int
    sampling_period_us: int | None = None


class Accounting(msgspec.Struct, frozen=True, kw_only=True):
    """One reduction, told as "x of y": what is kept of how much, and why.

    Parameters
    ----------
    what : str
        What is reduced, in the user's words.
    kept, total : int
        "You see kept of total".
    why : str
        The reason, and what to do to see the rest where that is possible.
    """

    what: str
    kept: int
    total: int
    why: str


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a recording came from.

    Parameters
    ----------
    format : str
        Adapter name: ``"vs2n"``, ``"nengo"``, ``"brian2"``, ``"arrays"``, ``"archive"``, ...
    details : dict of str to str
        Facts worth keeping: simulator version, date, data set, accuracy.
    notes : tuple of str
        Findings of the import: guesses, disagreements, what the source lacks.
    """

    format: str
    details: dict[str, str] = {}
    notes: tuple[str, ...] = ()


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter tells of a source before any event is read.

    Parameters
    ----------
    name : str
        Name shown to people.
    bin_us : int
        Width of a frame at level 0 in microseconds.
    t_start_us, t_stop_us : int
        Half-open span in microseconds.
    layers : tuple of Layer
        In order; offsets ascend without gaps.
    projections, potentials : tuple
        May be empty.
    source : Source
        Origin and findings.
    classes : tuple of str
        Names of the stimulus classes, in order; empty when unlabelled.
    image_shape : tuple of int or None
        (height, width) of the stimulus images, None when there are none.
    accounting : tuple of Accounting
        Reductions that the adapter makes.
    """

    name: str
    bin_us: int
    t_start_us: int
    t_stop_us: int
    layers: tuple[Layer, ...]
    source: Source
    projections: tuple[Projection, ...] = ()
    potentials: tuple[PotentialStream, ...] = ()
    classes: tuple[str, ...] = ()
    image_shape: tuple[int, int] | None = None
    accounting: tuple[Accounting, ...] = ()


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Smallest, mean and largest of a set of weights."""

    min: float
    mean: float
    max: float


class WeightSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A projection's weights over each synapse's first and last recorded value."""

    first: Spread
    last: Spread


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many events a recording holds, per layer, stream and projection.

    Parameters
    ----------
    spikes : dict of str to int
        Layer name to spikes, multiplicity included.
    potentials : dict of str to int
        ``"<variable>/<layer>"`` to values.
    weights : dict of str to int
        Projection name to stored weight events.
    stimuli, images : int
        Presentations and images.
    metrics : dict of str to int
        Metric name to values.
    """

    spikes: dict[str, int] = {}
    potentials: dict[str, int] = {}
    weights: dict[str, int] = {}
    stimuli: int = 0
    images: int = 0
    metrics: dict[str, int] = {}


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A recording as it is stored: the header, its counts and its state.

    Parameters
    ----------
    id : str
        Name for URLs and the command line, matching ``RECORDING_ID``.
    num : int
        Number for keys, unique.
    status : {"importing", "open", "ready", "failed"}
        ``open`` while its run still goes on.
    header : Header
        Network, span and origin.
    counts : Counts
        Events stored.
    weights : dict of str to WeightSpan
        Per projection, absent where no weight was recorded.
    build : int or None
        Published build, None before the first precompute.
    revision : int
        Grows with every change of the recording's data.
    fingerprint : str
        Identity of the imported source, so that a killed import can go on.
    created_us : int
        Wall clock, microseconds since 1970.
    schema_version : int
        Of this document.
    """

    id: str
    num: int
    status: Status
    header: Header
    counts: Counts = Counts()
    weights: dict[str, WeightSpan] = {}
    build: int | None = None
    revision: int = 0
    fingerprint: str = ""
    created_us: int = 0
    schema_version: int = 1

    def layer(self, name: str) -> Layer:
        """Return the layer of that name; raises UnknownLayer."""
        return find_layer(self.header, name)

    def projection(self, name: str) -> Projection:
        """Return the projection of that name; raises UnknownLayer."""
        return find_projection(self.header, name)


def find_layer(header: Header, name: str) -> Layer:
    """Return the layer of that name; raises UnknownLayer, naming those that exist."""
    for layer in header.layers:
        if layer.name == name:
            return layer
    raise UnknownLayer(
        f"There is no layer {name!r} in {header.name!r}.",
        hint="Its layers: " + ", ".join(repr(layer.name) for layer in header.layers),
    )


def find_projection(header: Header, name: str) -> Projection:
    """Return the projection of that name; raises UnknownLayer, naming those that exist."""
    for projection in header.projections:
        if projection.name == name:
            return projection
    known = ", ".join(repr(projection.name) for projection in header.projections) or "none"
    raise UnknownLayer(
        f"There is no projection {name!r} in {header.name!r}.", hint=f"Its projections: {known}"
    )


def class_names(labels: Iterable[str | None]) -> tuple[str, ...]:
    """Return the classes that occur among labels, each once: numbers first, by their value, then names.

    Parameters
    ----------
    labels : iterable of str or None
        None and the empty text are no class.

    Examples
    --------
    >>> class_names(["10", "cat", "2", None, "2"])
    ('2', '10', 'cat')
    """
    names = {label for label in labels if label}
    return tuple(
        sorted(names, key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name))
    )


def n_neurons(header: Header) -> int:
    """Return the number of neurons of all layers."""
    return sum(layer.neurons for layer in header.layers)


def n_frames(header: Header) -> int:
    """Return the number of level-0 frames of the span, the last one possibly partial."""
    return max(0, -(-(header.t_stop_us - header.t_start_us) // header.bin_us))


def check_header(header: Header) -> Header:
    """Return the header unchanged if its parts agree.

    Raises
    ------
    InvalidInput
        Naming the first disagreement: duplicate or empty names, a shape whose product is not the number of
        neurons, offsets with gaps, a projection or potential of an unknown layer, an empty span, a bin below 1 us;
        or more frames, neurons or synapses than 32 bits can number.
    """
    if not header.name.strip():
        raise InvalidInput(
            "The recording has no name.", hint="Give it one: --name NAME, or the argument `name`."
        )
    if not header.layers:
        raise InvalidInput(f"{header.name!r} has no layers.", hint="A recording needs at least one layer.")
    if header.bin_us < 1:
        raise InvalidInput(
            f"bin_us is {header.bin_us}.", hint="A bin is a whole number of microseconds, 1 or more."
        )
    if header.t_stop_us <= header.t_start_us:
        raise InvalidInput(
            f"The span [{header.t_start_us}, {header.t_stop_us}) us is empty.",
            hint="t_stop must lie after t_start.",
        )
    frames = -(-(header.t_stop_us - header.t_start_us) // header.bin_us)
    if frames > MAX_FRAMES:
        raise InvalidTime(
            f"The run lasts {(header.t_stop_us - header.t_start_us) / 1e6:,.0f} s, which is {frames:,} bins of "
            f"{header.bin_us:,} us; a recording has at most {MAX_FRAMES:,}.",
            hint="Check the unit of the times, and whether a single time is far off; or take a longer bin.",
        )
    offset = 0
    for layer in header.layers:
        product = 1
        for side in layer.shape:
            product *= side
        if not layer.name or layer.neurons < 1 or product != layer.neurons or not layer.shape:
            raise InvalidInput(
                f"Layer {layer.name!r} has {layer.neurons} neurons and the shape {layer.shape}.",
                hint="A layer needs a name, at least one neuron and a shape whose product is their number.",
            )
        if layer.offset != offset:
            raise InvalidInput(f"Layer {layer.name!r} starts at {layer.offset}, not at {offset}.")
        offset += layer.neurons
    if offset > MAX_NEURONS:
        raise InvalidInput(
            f"{header.name!r} has {offset:,} neurons; a recording has at most {MAX_NEURONS:,}.",
            hint="Check the sizes of its layers, or record a part of the network.",
        )
    _check_unique("layer", [layer.name for layer in header.layers])
    _check_unique("projection", [projection.name for projection in header.projections])
    _check_unique("potential", [f"{stream.variable}/{stream.layer}" for stream in header.potentials])
    for projection in header.projections:
        if not 0 <= projection.synapses <= MAX_SYNAPSES:
            raise InvalidInput(
                f"Projection {projection.name!r} has {projection.synapses:,} synapses; a projection has at most "
                f"{MAX_SYNAPSES:,}.",
                hint="Split it by its source or target layer.",
            )
        find_layer(header, projection.source)
        if projection.kind != "decoder":
            target = find_layer(header, projection.target)
            if target.neurons != projection.target_neurons:
                raise InvalidInput(
                    f"Projection {projection.name!r} says its target has {projection.target_neurons} neurons; "
                    f"layer {target.name!r} has {target.neurons}."
                )
    for stream in header.potentials:
        find_layer(header, stream.layer)
    return header


def _check_unique(what: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidInput(
                f"Two {what}s are named {name!r}.", hint=f"Every {what} needs a name of its own."
            )
        seen.add(name)
