"""NWB: the units of a Neurodata Without Borders file, and its trials or epochs as stimuli.

The table of units is read as HDF5 stores it: spike times one unit behind the other, with the index that says where each ends.
A unit is a neuron; a column of the table may say which layer it belongs to.

Source: the NWB schema, https://nwb-schema.readthedocs.io (Units, TimeIntervals).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters.array_inputs import LayerArrays, SpikeArrays, StimulusArrays
from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.arrays import arrays_source
from synaptarium.adapters.base import Adapter, EventSource
from synaptarium.adapters.deferred import DeferredSource
from synaptarium.adapters.hdf5 import SPAN_OPTIONS, column, hdf5, sniffed, span_of, text
from synaptarium.schemas.errors import ForeignFile, InvalidInput
from synaptarium.schemas.recording import Accounting

#: Columns that name layers by what they are called.
_LAYER_COLUMNS = ("layer", "population")
_LABEL_COLUMNS = ("label", "tags")
#: Layers that are more than a user meant: the column numbers its units.
_MOST_LAYERS = 1000


def nwb_source(path: Path, options: Mapping[str, str]) -> ArraySource:
    """Return the source of a file.

    Parameters
    ----------
    path : Path
        HDF5.
    options : mapping of str to str
        ``layer``: the column of the units that names their layers; ``label``: that of the trials or epochs which names
        what was shown; ``bin_us``, ``t_start_us``, ``t_stop_us``.

    Raises
    ------
    ForeignFile
        It has no units with spike times.
    InvalidInput
        A column is missing or does not fit.
    """
    notes: list[str] = []
    accounting: list[Accounting] = []
    with hdf5(path) as file:
        units = file.get("units")
        if units is None or "spike_times" not in units:
            raise ForeignFile(
                f"{path.name} has no units with spike times: it holds {_held(file)}.",
                hint="Only sorted spikes are imported: its table `units` with a column spike_times.",
                where=str(path),
            )
        time_s = column(units, "spike_times", path.name)
        ends = column(units, "spike_times_index", path.name).astype(np.int64)
        n_spikes = np.diff(ends, prepend=0)
        if n_spikes.size == 0 or n_spikes.min() < 0 or ends[-1] != len(time_s):
            raise InvalidInput(
                f"{path.name} has {len(time_s)} spike times; the index of its {len(ends)} units does not fit them.",
                hint="Was it written to its end?",
                where=str(path),
            )
        layer_of = _layers(file, units, len(ends), options.get("layer"), path, notes)
        stimuli = _stimuli(file, options.get("label"), path, notes, accounting)
        span = span_of(options)
        if "obs_intervals" in units and "t_stop_us" not in span:
            observed = units["obs_intervals"][:]
            if observed.size and np.isfinite(observed).all():
                span["t_stop_us"] = round(float(observed.max()) * 1e6)
        _tell_what_is_left(file, units, len(ends), notes)
    layers: list[LayerArrays] = []
    spikes: dict[str, SpikeArrays] = {}
    starts = ends - n_spikes
    for name in dict.fromkeys(layer_of):
        mine = [unit for unit, of in enumerate(layer_of) if of == name]
        layers.append(LayerArrays(name, neurons=len(mine)))
        times = np.concatenate([time_s[starts[unit] : ends[unit]] for unit in mine])
        order = np.argsort(times, kind="stable")
        spikes[name] = SpikeArrays(times[order], np.repeat(np.arange(len(mine)), n_spikes[mine])[order])
    return arrays_source(
        path.stem, layers=layers, time_unit="s", spikes=spikes, stimuli=stimuli, format="nwb",
        notes=notes, accounting=accounting, **span,
    )  # fmt: skip


def _layers(
    file: Any, units: Any, n_units: int, wanted: str | None, path: Path, notes: list[str]
) -> list[str]:
    """Return the layer of each unit."""
    fitting = {
        name: one for name, one in units.items() if getattr(one, "shape", None) == (n_units,) and name != "id"
        and not name.endswith("_index") and f"{name}_index" not in units
    }  # fmt: skip
    if wanted is not None and wanted not in fitting:
        raise InvalidInput(
            f"The units of {path.name} have no column {wanted!r} with one value each.",
            hint=f"Columns that may name layers: {', '.join(fitting) or 'none'}.",
            where=f"{path.name}, units",
        )
    chosen = wanted or next((name for name in _LAYER_COLUMNS if name in fitting), None)
    if chosen is None:
        if fitting:
            notes.append(
                f"all units are one layer, a guess: --option layer=COLUMN divides them, by one of {', '.join(fitting)}"
            )
        return ["units"] * n_units
    names = [_name(file, value) for value in fitting[chosen][:]]
    empty = sum(not name.strip() for name in names)
    if empty:
        raise InvalidInput(
            f"{empty} of {n_units} units of {path.name} have nothing in {chosen!r}.",
            hint=f"Columns that may name layers: {', '.join(name for name in fitting if name != chosen) or 'none other'}.",
            where=f"{path.name}, units",
        )
    if len(set(names)) > _MOST_LAYERS:
        raise InvalidInput(
            f"The column {chosen!r} of {path.name} would make {len(set(names)):,} layers of {n_units:,} units.",
            hint="Choose a column whose values repeat.",
            where=f"{path.name}, units",
        )
    if wanted is None:
        notes.append(f"the layers are those of the column {chosen!r}: a guess, --option layer=COLUMN says it")
    return names


def _name(file: Any, value: Any) -> str:
    """Return a cell as the name of a layer: text, a number, or the last name of the object it refers to."""
    import h5py

    if isinstance(value, h5py.Reference):
        return str(file[value].name).rpartition("/")[2] if value else ""
    return text(value)


def _stimuli(
    file: Any, label: str | None, path: Path, notes: list[str], accounting: list[Accounting]
) -> StimulusArrays | None:
    """Return the trials, or the epochs where there are none, whose start and end are known."""
    intervals = file.get("intervals", {})
    kind = next((name for name in ("trials", "epochs") if name in intervals), None)
    if kind is None:
        if label is not None:
            raise InvalidInput(
                f"{path.name} has neither trials nor epochs, so nothing has the label {label!r}.",
                hint="Leave the option label out.",
                where=str(path),
            )
        return None
    table = intervals[kind]
    start, stop = (column(table, f"{end}_time", path.name) for end in ("start", "stop"))
    names = [
        name
        for name in table
        if not name.endswith("_index") and name not in ("id", "start_time", "stop_time")
    ]
    if label is not None and label not in names:
        raise InvalidInput(
            f"The {kind} of {path.name} have no column {label!r}.",
            hint=f"Their columns: {', '.join(names) or 'none'}.",
            where=f"{path.name}, intervals/{kind}",
        )
    chosen = label or next((name for name in _LABEL_COLUMNS if name in names), None)
    labels = None if chosen is None else _labels(table, chosen, len(start), path)
    if labels is None and names:
        notes.append(
            f"the {kind} have no labels: --option label=COLUMN names them, by one of {', '.join(names)}"
        )
    known = np.isfinite(start) & np.isfinite(stop) & (stop > start)
    if not known.all():
        accounting.append(
            Accounting(
                what=kind,
                kept=int(known.sum()),
                total=len(known),
                why="the others have no end behind their start",
            )
        )
    if not known.any():
        return None
    kept = None if labels is None else [one for one, there in zip(labels, known, strict=True) if there]
    return StimulusArrays(start[known], stop[known], kept)


def _labels(table: Any, name: str, n: int, path: Path) -> list[str | None]:
    """Return each interval's label: a cell as text, several tags joined."""
    cells = column(table, name, path.name)
    if f"{name}_index" in table:
        ends = column(table, f"{name}_index", path.name).astype(np.int64)
        tags = np.split(cells, ends[:-1])
        return [", ".join(text(one) for one in some) or None for some in tags]
    if len(cells) != n:
        raise InvalidInput(
            f"The column {name!r} of {path.name} has {len(cells)} values for {n} intervals.",
            hint="Was it written to its end?",
            where=str(path),
        )
    return [_label(one) for one in cells]


def _label(cell: Any) -> str | None:
    if isinstance(cell, (float, np.floating)):
        if np.isnan(cell):
            return None
        return str(int(cell)) if float(cell).is_integer() else str(cell)
    return text(cell) or None


def _tell_what_is_left(file: Any, units: Any, n_units: int, notes: list[str]) -> None:
    ids: NDArray[Any] = units["id"][:] if "id" in units else np.arange(n_units)
    if not np.array_equal(ids, np.arange(n_units)):
        notes.append(f"unit ids ({ids.min()} to {ids.max()}) became neuron ids from 0, in their order")
    series = list(file.get("acquisition", {}))
    if series:
        notes.append(
            f"{len(series)} of acquisition ({', '.join(series[:3])}{', ...' if len(series) > 3 else ''}) "
            f"{'is' if len(series) == 1 else 'are'} not read: no unit is said to have them"
        )


def _held(file: Any) -> str:
    parts = [name for name in ("units", "acquisition", "processing", "intervals") if len(file.get(name, ()))]
    return " and ".join(parts) or "nothing"


def _fits(file: Any) -> bool:
    return text(file.attrs.get("neurodata_type", "")) == "NWBFile"


def _open(address: str, options: Mapping[str, str]) -> EventSource:
    return DeferredSource(lambda: nwb_source(Path(address), options))


ADAPTER = Adapter(
    "nwb",
    "the units of an NWB file, .nwb",
    lambda address: sniffed(address, _fits),
    _open,
    ("layer", "label", *SPAN_OPTIONS),
)
