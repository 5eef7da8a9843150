"""The view: the one document behind the URL, saved layouts, sessions and screenshots, defaults left out."""

from __future__ import annotations

from typing import Literal

import msgspec

#: Time since the last spike, rate, membrane potential, time of the first spike, spikes since the last jump.
ColourMode = Literal["spikes", "rate", "potential", "recruitment", "count"]


class Camera(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the viewer is: ``position`` and ``target`` in scene units."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]


class NeuronRef(msgspec.Struct, frozen=True, kw_only=True):
    """One neuron: its layer's name and its id within the layer."""

    layer: str
    neuron: int


class SynapseView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which synapses are drawn.

    Parameters
    ----------
    shown : bool
        False hides them all.
    budget : int
        How many at most without a selection.
    threshold : float
        Least absolute weight, as a fraction of the projection's largest.
    """

    shown: bool = True
    budget: int = 3000
    threshold: float = 0.0


class ViewState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that makes two people see the same.

    Parameters
    ----------
    recording : str
        Recording id.
    t_us : int
        Playhead, microseconds.
    speed : float
        Recorded seconds per second; negative in reverse.
    loop : tuple of int or None
        Half-open range, microseconds.
    colour : {"spikes", "rate", "potential", "recruitment", "count"}
        Colour mode.
    variable : str
        Which potential, in that mode.
    layout : str
        Name of the layout.
    spread : float
        Distance between layers, 1 as laid out.
    hidden : tuple of str
        Layers not shown.
    selection : tuple of NeuronRef
        Selected neurons.
    synapses : SynapseView
        Which synapses.
    camera : Camera or None
        None for the home view.
    modules : tuple of str
        Modules in the dock.
    theme : {"dark", "light"}
        Colours of the page.
    """

    recording: str
    t_us: int = 0
    speed: float = 1.0
    loop: tuple[int, int] | None = None
    colour: ColourMode = "spikes"
    variable: str = ""
    layout: str = "sheets"
    spread: float = 1.0
    hidden: tuple[str, ...] = ()
    selection: tuple[NeuronRef, ...] = ()
    synapses: SynapseView = SynapseView()
    camera: Camera | None = None
    modules: tuple[str, ...] = ("general",)
    theme: Literal["dark", "light"] = "dark"
