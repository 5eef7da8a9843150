"""SONATA: a file of spikes, and the nodes of their populations where they are given.

A population is a layer. Both layouts of spikes are read: ``/spikes/POPULATION/{timestamps, node_ids}`` and the older
``/spikes/{timestamps, gids}``. Files written before the format had its last word (text in ``sorting``, no units) come in too,
which is why h5py reads them and not libsonata.

Source: the SONATA developer guide, https://github.com/AllenInstitute/sonata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.arrays import LayerArrays, arrays_source
from synaptarium.adapters.base import Adapter, EventSource
from synaptarium.adapters.deferred import DeferredSource
from synaptarium.adapters.hdf5 import SPAN_OPTIONS, column, hdf5, sniffed, span_of, text
from synaptarium.adapters.times import unit_us
from synaptarium.schemas.errors import ForeignFile, InvalidInput, NeuronOutOfRange

_PARTS = ("spikes", "nodes", "edges", "report", "reports")
_AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Population:
    """The nodes of one population: their ids in order, and where they are (um), where that is said."""

    ids: NDArray[np.int64]
    positions: NDArray[np.float64] | None


def sonata_source(path: Path, options: Mapping[str, str]) -> ArraySource:
    """Return the source of a file of spikes.

    Parameters
    ----------
    path : Path
        HDF5.
    options : mapping of str to str
        ``nodes``: files of nodes, separated by commas; ``population``: what the one of an old layout is called;
        ``time_unit`` where the file says none and it is not ms; ``bin_us``, ``t_start_us``, ``t_stop_us``.

    Raises
    ------
    ForeignFile
        It holds another part of SONATA, or none.
    InvalidInput, NeuronOutOfRange
        A column is missing, or a spike is of a node that its population does not have.
    """
    nodes = _nodes([Path(name.strip()) for name in options.get("nodes", "").split(",") if name.strip()])
    spikes = _spikes(path, options, nodes)
    notes: list[str] = []
    layers: list[LayerArrays] = []
    events: dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]] = {}
    guessed: list[str] = []
    for name in dict.fromkeys([*nodes, *spikes]):
        time_us, ids = spikes.get(name, (np.zeros(0), np.zeros(0, np.int64)))
        population = nodes.get(name)
        if population is None:
            size = checks.guessed_size(
                int(ids.max(initial=0)) + 1,
                len(ids),
                name,
                path.name,
                "Say which there are: --option nodes=NODES.h5",
            )
            guessed.append(f"{name} {size}")
            layers.append(LayerArrays(name, neurons=size))
        else:
            layers.append(LayerArrays(name, neurons=len(population.ids), positions=population.positions))
            ids = _places(name, ids, population.ids, path)
        events[name] = (time_us, ids)
    if guessed:
        notes.append(
            f"the layers' sizes are a guess, their highest node id: {', '.join(guessed)}; "
            "--option nodes=NODES.h5 says them, and where the neurons are"
        )
    return arrays_source(
        ", ".join(spikes) if path.stem == "spikes" else path.stem,
        layers=layers,
        time_unit="us",
        spikes=events,
        format="sonata",
        notes=notes,
        **span_of(options),
    )


def _spikes(
    path: Path, options: Mapping[str, str], nodes: Mapping[str, Population]
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Return (times in us, node ids) of each population."""
    with hdf5(path) as file:
        if "spikes" not in file:
            raise _no_spikes(path, [part for part in _PARTS if part in file])
        spikes = file["spikes"]
        if "timestamps" not in spikes:
            found = {name: _events(spikes[name], "node_ids", path, options) for name in spikes}
            if not found:
                raise ForeignFile(
                    f"{path.name} holds the spikes of no population.",
                    hint="Did the simulation record any?",
                    where=str(path),
                )
            return found
        name = options.get("population") or (next(iter(nodes)) if len(nodes) == 1 else path.stem)
        return {name: _events(spikes, "gids" if "gids" in spikes else "node_ids", path, options)}


def _events(
    group: Any, ids: str, path: Path, options: Mapping[str, str]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    time, node = column(group, "timestamps", path.name), column(group, ids, path.name)
    if len(time) != len(node):
        raise InvalidInput(
            f"{path.name} has {len(time)} timestamps and {len(node)} {ids} in {group.name!r}.",
            hint="Was it written to its end?",
            where=str(path),
        )
    unit = options.get("time_unit") or text(group["timestamps"].attrs.get("units", "ms"))
    return time * unit_us({"milliseconds": "ms", "seconds": "s"}.get(unit, unit), path.name), node.astype(
        np.int64
    )


def _nodes(paths: list[Path]) -> dict[str, Population]:
    """Return the populations of files of nodes."""
    found: dict[str, Population] = {}
    for path in paths:
        with hdf5(path) as file:
            if "nodes" not in file:
                raise ForeignFile(
                    f"{path.name} holds no nodes: there are {', '.join(file) or 'none'}.",
                    hint="The option nodes takes files such as v1_nodes.h5.",
                    where=str(path),
                )
            for name, group in file["nodes"].items():
                n = len(column(group, "node_type_id", path.name))
                ids = group["node_id"][:].astype(np.int64) if "node_id" in group else np.arange(n)
                found[name] = Population(ids, _positions(group, n))
    return found


def _positions(group: Any, n: int) -> NDArray[np.float64] | None:
    """Return the (n, 2) or (n, 3) places of a population's nodes in um; None where any has none."""
    of, index = (group[name][:] if name in group else None for name in ("node_group_id", "node_group_index"))
    of = np.zeros(n, np.int64) if of is None else of
    index = np.arange(n) if index is None else index
    groups = {int(one): group.get(str(one)) for one in np.unique(of)}
    axes = [axis for axis in _AXES if all(one is not None and axis in one for one in groups.values())]
    if axes[:2] != ["x", "y"]:
        return None
    places = np.zeros((n, len(axes)))
    for number, one in groups.items():
        mine = of == number
        for k, axis in enumerate(axes):
            places[mine, k] = one[axis][:][index[mine]]
    return places


def _places(name: str, ids: NDArray[np.int64], known: NDArray[np.int64], path: Path) -> NDArray[np.int64]:
    """Return the place of each spike's node among the nodes of its population."""
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known[order], ids), len(known) - 1)
    foreign = ids[known[order][place] != ids] if len(known) else ids
    if foreign.size:
        raise NeuronOutOfRange(
            f"{path.name} has spikes of node {foreign[0]} in {name!r}, whose {len(known)} nodes do not have it.",
            hint="Give the nodes that belong to these spikes, or leave the option nodes out.",
            where=str(path),
        )
    return order[place]


def _no_spikes(path: Path, parts: list[str]) -> ForeignFile:
    hint = "Give the file of spikes that the simulation wrote, often output/spikes.h5."
    if parts == ["nodes"]:
        hint += f" This one says where they are: --option nodes={path}"
    return ForeignFile(
        f"{path.name} holds no spikes: it has {' and '.join(parts) or 'nothing of SONATA'}.",
        hint=hint,
        where=str(path),
    )


def _fits(file: Any) -> bool:
    return "neurodata_type" not in file.attrs and any(part in file for part in _PARTS)


def _open(address: str, options: Mapping[str, str]) -> EventSource:
    return DeferredSource(lambda: sonata_source(Path(address), options))


ADAPTER = Adapter(
    "sonata",
    "a SONATA file of spikes, .h5",
    lambda address: sniffed(address, _fits),
    _open,
    ("nodes", "population", "time_unit", *SPAN_OPTIONS),
)
