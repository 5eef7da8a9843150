"""The view: the one document behind the URL, saved layouts, sessions and screenshots, defaults left out."""

from __future__ import annotations

from typing import Literal

import msgspec

#: Time since the last spike; rate; membrane potential; time of the first spike; part of the frames with a spike; spikes
#: since the last jump; class of the largest response; sum of the incoming weights; dead, silent and saturated
#: neurons; the input that the selected neuron responds to.
ColourMode = Literal[
    "spikes",
    "rate",
    "potential",
    "recruitment",
    "persistence",
    "count",
    "selectivity",
    "in_degree",
    "health",
    "reconstruction",
]

#: The strongest and a random sample, only one of them, or those that changed most over the last interval.
SynapseChoice = Literal["both", "top", "sample", "change"]
SynapseDirection = Literal["both", "incoming", "outgoing"]
#: When a projection is drawn as one bundle: where the camera is far, always, never.
Bundles = Literal["far", "always", "never"]
BundleWidth = Literal["weight", "number"]
Minimap = Literal["off", "above", "side"]


class Camera(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the viewer is: ``position`` and ``target`` in scene units."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]


class NeuronRef(msgspec.Struct, frozen=True, kw_only=True):
    """One neuron: its layer's name and its id within the layer."""

    layer: str
    neuron: int


#: Neurons one by one, or as text (``schemas.neuron_text``), in which a million of them fit a request.
Neurons = tuple[NeuronRef, ...] | str


class NeuronSet(msgspec.Struct, frozen=True, kw_only=True):
    """Neurons kept under a name and a colour ("#rrggbb")."""

    name: str
    colour: str
    neurons: Neurons


class Bookmark(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the camera kept under a name."""

    name: str
    camera: Camera


class RuleEnd(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One end of the measuring rule: a neuron, or else a ``place`` in scene units."""

    neuron: NeuronRef | None = None
    place: tuple[float, float, float] | None = None


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
    choice : {"both", "top", "sample", "change"}
        How they are chosen where there are more than the budget.
    direction : {"both", "incoming", "outgoing"}
        Which synapses of the selection.
    bundles : {"far", "always", "never"}
        When each projection is drawn as one bundle instead of lines.
    bundle_width : {"weight", "number"}
        Whether a bundle is as wide as its summed absolute weight, or as its number of synapses.
    ghosts : bool
        Whether pruned synapses are drawn, faintly.
    ghosts_below : float
        Least absolute weight of a synapse that is not pruned, as a fraction of the projection's full colour; at 0 those
        of weight 0 are.
    ghosts_of : str
        The one projection whose pruning is looked at, ``ghosts_below`` then being a weight of it; empty for all.
    """

    shown: bool = True
    budget: int = 3000
    threshold: float = 0.0
    choice: SynapseChoice = "both"
    direction: SynapseDirection = "both"
    bundles: Bundles = "far"
    bundle_width: BundleWidth = "weight"
    ghosts: bool = False
    ghosts_below: float = 0.0
    ghosts_of: str = ""


#: Two scenes beside each other, or the values of B minus those of A.
ComparisonMode = Literal["side", "difference"]


class Comparison(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is seen (A) is compared with (B): another recording, another moment, or other stimuli.

    Parameters
    ----------
    recording : str
        Id of B; empty for the same recording.
    offset_us : int
        How much later B's playhead stands, each counted from its own run's start, microseconds.
    stimuli : str
        Which stimuli B's panels count, as ``ViewState.stimuli``.
    mode : {"side", "difference"}
        Side by side, or B minus A.
    """

    recording: str = ""
    offset_us: int = 0
    stimuli: str = ""
    mode: ComparisonMode = "side"


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
    zoom : tuple of int or None
        Part of the run that the scrub bar shows, half-open, microseconds; None for all of it.
    colour : ColourMode
        What a neuron's colour means.
    variable : str
        Which potential, in that mode.
    layout : str
        Name of the layout; "auto" is the recording's own.
    order : tuple of str
        Layers in the order in which they stand; empty for the recording's.
    spread : float
        Distance between layers, 1 as laid out.
    fan : float
        How far the layers are fanned out sideways, 0 not at all, 1 side by side.
    hidden : tuple of str
        Layers not shown.
    selection : tuple of NeuronRef, or str
        Selected neurons, the last one last.
    sets : tuple of NeuronSet
        Selections kept under a name and a colour.
    synapses : SynapseView
        Which synapses.
    camera : Camera or None
        None for the home view.
    bookmarks : tuple of Bookmark
        Places of the camera to come back to, and the stops of its path.
    path_s : float
        How long the camera's path through the bookmarks takes, seconds.
    clip : tuple of float
        What of the network is shown: from and to along x, y and z, as fractions of its extent.
    rule : tuple of RuleEnd or None
        What the measuring rule lies between.
    minimap : {"off", "above", "side"}
        From where the minimap shows the network.
    glow_frames : float
        Least half life of a spike's glow, frames of the level shown.
    point_size : float
        Size of a neuron, 1 as laid out.
    legend : bool
        Whether the legend is shown.
    comparison : Comparison or None
        The B side, None where nothing is compared.
    stimuli : str
        Which stimuli the panels count: empty for all, ``"class:<name>"``, ``"correct"`` or ``"wrong"``.
    modules : tuple of str
        Modules in the dock.
    theme : {"dark", "light"}
        Colours of the page.
    """

    recording: str
    t_us: int = 0
    speed: float = 1.0
    loop: tuple[int, int] | None = None
    zoom: tuple[int, int] | None = None
    colour: ColourMode = "spikes"
    variable: str = ""
    layout: str = "auto"
    order: tuple[str, ...] = ()
    spread: float = 1.0
    fan: float = 0.0
    hidden: tuple[str, ...] = ()
    selection: Neurons = ()
    sets: tuple[NeuronSet, ...] = ()
    synapses: SynapseView = SynapseView()
    camera: Camera | None = None
    bookmarks: tuple[Bookmark, ...] = ()
    path_s: float = 10.0
    clip: tuple[float, float, float, float, float, float] = (0.0, 1.0, 0.0, 1.0, 0.0, 1.0)
    rule: tuple[RuleEnd, RuleEnd] | None = None
    minimap: Minimap = "off"
    glow_frames: float = 4.0
    point_size: float = 1.0
    legend: bool = True
    comparison: Comparison | None = None
    stimuli: str = ""
    modules: tuple[str, ...] = ("general",)
    theme: Literal["dark", "light"] = "dark"


class LayoutInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One layout as the menu offers it.

    Parameters
    ----------
    name, title, summary : str
        Its word in an address, its name, one line about it.
    lacks : str
        What the recording lacks for it; empty where it can be chosen.
    default : bool
        True for the one that the recording opens with.
    """

    name: str
    title: str
    summary: str
    lacks: str = ""
    default: bool = False
