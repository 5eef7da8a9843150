"""What ``arrays_source`` takes: one frozen record per part of a recording; dicts with the same fields do too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

#: Anything numpy.asarray makes an array of.
Array: TypeAlias = Any


@dataclass(frozen=True)
class LayerArrays:
    """One layer.

    Parameters
    ----------
    name : str
        Unique in the recording.
    neurons : int or None
        Number of neurons; may be left out where ``shape`` is given.
    shape : tuple of int or None
        Row-major, e.g. ``(28, 28)``; ``(neurons,)`` where left out.
    cell_type, neuron_type : str
        ``"excitatory"``, ``"inhibitory"``, ``"input"``; the simulator's model. May be empty.
    positions : (n_neurons, 3) or (n_neurons, 2) array or None
        Coordinates in um.
    labels : (n_neurons,) array of int or None
        The class that each neuron stands for, as an index in ``classes``; -1 for none.
    labels_method : str
        How the labels were found; needed with ``labels``.
    """

    name: str
    neurons: int | None = None
    shape: Sequence[int] | None = None
    cell_type: str = ""
    neuron_type: str = ""
    positions: Array = None
    labels: Array = None
    labels_method: str = ""


@dataclass(frozen=True)
class ProjectionArrays:
    """The synapses between two layers, or a decoder.

    Parameters
    ----------
    source, target : str
        Layer names. With ``dimensions``, ``target`` names what is decoded and is no layer.
    name : str
        ``"<source> -> <target>"`` where left out.
    pre, post : (n_synapses,) arrays of int, or None
        Neuron ids in their layers. Both None: all to all, in the order of a [post, pre] weight matrix.
    delays_ms : (n_synapses,) array or None
        Conduction delays.
    learning_rule : str
        As the simulator names it.
    dimensions : int or None
        Makes it a decoder: its [dimensions, pre] weights read out the source layer.
    """

    source: str
    target: str
    name: str = ""
    pre: Array = None
    post: Array = None
    delays_ms: Array = None
    learning_rule: str = ""
    dimensions: int | None = None


@dataclass(frozen=True)
class SpikeArrays:
    """The spikes of one layer, in any order.

    Parameters
    ----------
    times : (n_spikes,) array
        In ``time_unit``.
    ids : (n_spikes,) array of int
        Neuron ids in the layer.
    counts : (n_spikes,) array of int or None
        Multiplicity; 1 where left out. Rows with 0 are no spikes: they are left out and told.
    payload : (n_spikes,) array of float or None
        The value of a graded spike.
    """

    times: Array
    ids: Array
    counts: Array = None
    payload: Array = None


@dataclass(frozen=True)
class PotentialArrays:
    """One state variable of one layer, sampled (``ids``) or stored at its changes (``neurons``).

    Parameters
    ----------
    layer, variable, unit : str
        ``"v"`` and ``"mV"``, say; ``"1"`` for dimensionless values.
    values : (T, n_recorded) array, or (n_recorded, T) with ``time_axis`` 1, or (n_changes,) with ``neurons``
        Memory maps and HDF5 data sets are read in slices. NaN means not recorded.
    times : (T,) or (n_changes,) array or None
        In ``time_unit``; of samples they ascend.
    period, t_first : float
        In place of ``times``: sample k lies at ``t_first + k * period``.
    ids : (n_recorded,) array of int or None
        Which neurons were recorded; all of them where left out.
    neurons : (n_changes,) array of int or None
        Makes the values changes: the neuron of each.
    time_axis : int
        0, or 1 for Brian2's order.
    """

    layer: str
    variable: str
    values: Array
    unit: str = "1"
    times: Array = None
    period: float | None = None
    t_first: float = 0.0
    ids: Array = None
    neurons: Array = None
    time_axis: int = 0


@dataclass(frozen=True)
class WeightArrays:
    """The weights of one projection over time: snapshots, or changes (``synapses``).

    Parameters
    ----------
    times : (T,) or (n_changes,) array
        In ``time_unit``; of snapshots they ascend.
    values : (T, n_synapses) array of any trailing shape with that many values, or (n_changes,)
        NaN: the synapse does not exist (any more).
    synapses : (n_changes,) array of int or None
        Makes the values changes: the synapse of each, an index in its projection.
    """

    times: Array
    values: Array
    synapses: Array = None


@dataclass(frozen=True)
class StimulusArrays:
    """What was shown when.

    Parameters
    ----------
    t_start : (n,) array
        In ``time_unit``.
    t_stop : (n,) array or None
        Where left out, each lasts until the next one, and the last as long as the median of the others.
    labels, predictions : sequence of int or str, or None
        Names of classes; None for those without.
    images : (n,) array of int or None
        Index in ``images``, -1 for none. Where left out and there are as many images: one each, in order.
    """

    t_start: Array
    t_stop: Array = None
    labels: Sequence[int | str | None] | Array = None
    predictions: Sequence[int | str | None] | Array = None
    images: Array = None
