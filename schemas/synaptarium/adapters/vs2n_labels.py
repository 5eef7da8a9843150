"""VS2N's labels: what was shown when, whether the spikes agree, and which class each neuron stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters.array_inputs import StimulusArrays
from synaptarium.adapters.findings import Findings
from synaptarium.adapters.vs2n_documents import number
from synaptarium.adapters.vs2n_network import Vs2nNetwork
from synaptarium.schemas.errors import InvalidTime
from synaptarium.schemas.recording import class_names


def stimuli_of(
    label_us: NDArray[np.int64],
    names: Sequence[str],
    indices: Sequence[int],
    spike_us: NDArray[np.int64],
    findings: Findings,
) -> StimulusArrays | None:
    """Return the presentations: each lasts until the next, the last one the median of the others.

    Parameters
    ----------
    label_us : (n,) int64
        Starts.
    names, indices : sequence
        Class and number (``G``) of each; a repeated number is left out and told.
    spike_us : (n_spikes,) int64
        For telling presentations without a label.
    findings : Findings
        Receives what is odd.

    Raises
    ------
    InvalidTime
        A negative start.
    """
    if not len(label_us):
        return None
    kept: dict[int, int] = {}
    for row in np.argsort(label_us, kind="stable"):
        kept.setdefault(indices[row], int(row))
    if len(kept) < len(names):
        findings.reduced(
            "labels",
            len(kept),
            len(names),
            "the others repeat the number G of an earlier one: the first start counts",
        )
    rows = list(kept.values())
    start = label_us[rows]
    if (start < 0).any():
        raise InvalidTime(
            f"A label starts at {start.min()} us.", hint="Times start at 0.", where=findings.where
        )
    length = int(np.median(np.diff(start))) if len(start) > 1 else 0
    length = length or max(int(spike_us.max(initial=0)) + 1 - int(start[-1]), 1)
    numbers_kept = sorted(kept)
    gaps = numbers_kept[-1] - numbers_kept[0] + 1 - len(numbers_kept)
    if gaps:
        findings.notes.append(
            f"{gaps} labels between G={numbers_kept[0]} and G={numbers_kept[-1]} are missing"
        )
    unlabelled = int(spike_us.max(initial=-1)) + 1 - (int(start[-1]) + length)
    if unlabelled > 0:
        findings.notes.append(
            f"the last label starts at {int(start[-1]) / 1e6:g} s; about {-(-unlabelled // length)} presentations "
            f"after it have none"
        )
    findings.notes.append(f"labels have no end: each lasts until the next, the last one {length / 1e3:g} ms")
    stop = np.append(start[1:], start[-1] + length)
    if (stop <= start).any():
        same = int(np.count_nonzero(stop <= start))
        findings.reduced("labels", len(start) - same, len(start), "the others start with the next one")
        there = stop > start
        rows = [row for row, one in zip(rows, there, strict=True) if one]
        start, stop = start[there], stop[there]
    return StimulusArrays(start, stop, [names[row] for row in rows])


def tell_disagreement(
    said: NDArray[np.int64],
    codes: ClassCodes,
    spike_us: NDArray[np.int64],
    stimuli: StimulusArrays | None,
    findings: Findings,
) -> None:
    """Count the spikes whose ``Input`` is the label that was shown at their time.

    Parameters
    ----------
    said : (n_spikes,) int64
        ``Input`` as a code, -1 for none.
    codes : ClassCodes
        Gives the codes.
    spike_us : (n_spikes,) int64
        Times of the spikes.
    stimuli : StimulusArrays or None
        Sorted by start.
    findings : Findings
        Receives the count.
    """
    if stimuli is None or not len(spike_us):
        return
    shown = np.array([codes.of(str(name)) for name in stimuli.labels], np.int64)
    at = np.searchsorted(stimuli.t_start, spike_us, "right") - 1
    inside = (at >= 0) & (said >= 0)
    inside[inside] = spike_us[inside] < stimuli.t_stop[at[inside]]
    agree = int(np.count_nonzero(said[inside] == shown[at[inside]]))
    total = int(np.count_nonzero(inside))
    if agree < total:
        findings.reduced(
            "spikes whose Input is the label shown at their time",
            agree,
            total,
            "VS2N's collector writes the label of the image before; the labels collection is followed "
            "and no spike is dropped",
        )


def neuron_labels(
    rows: Iterable[Mapping[str, Any]], stimuli: StimulusArrays | None, network: Vs2nNetwork
) -> tuple[tuple[str, ...], dict[str, NDArray[np.int32]]]:
    """Return the names of all classes, and each neuron's class of every layer that ``NLabel`` names.

    Parameters
    ----------
    rows : iterable of mapping
        ``NLabel``: ``L``, ``N`` and ``Label``.
    stimuli : StimulusArrays or None
        Its labels are classes too.
    network : Vs2nNetwork
        Knows the layers.

    Returns
    -------
    classes : tuple of str
        Numbers first, in their order.
    labels : dict of str to (n_neurons,) int32
        Index in ``classes``, -1 for none.
    """
    rows = list(rows)
    shown = [] if stimuli is None else [str(name) for name in stimuli.labels]
    names = {*shown, *(class_name(row.get("Label")) for row in rows)}
    classes = class_names(names)
    labels: dict[str, NDArray[np.int32]] = {}
    for row in rows:
        layer = network.layer_of(str(row.get("L")), "info.NLabel")
        neuron = np.array([number(row.get("N"), "info.NLabel.N")])
        network.checked_ids(neuron, layer, "info.NLabel")
        array = labels.setdefault(layer, np.full(network.sizes[layer], -1, np.int32))
        name = class_name(row.get("Label"))
        array[int(neuron[0])] = classes.index(name) if name else -1
    return classes, labels


class ClassCodes(dict[Any, int]):
    """Class name as it comes (5, "5", {"bsonType": "5"}) -> a small number, -1 for none."""

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, int] = {}

    def of(self, name: str) -> int:
        """Return the code of a class."""
        return self._names.setdefault(name, len(self._names))

    def __missing__(self, key: Any) -> int:
        code = -1 if key is None else self.of(class_name(key))
        self[key] = code
        return code

    def encode(self, values: Sequence[Any] | NDArray[Any]) -> NDArray[np.int64]:
        """Return the codes of values as they came."""
        if isinstance(values, np.ndarray) and values.dtype.kind in "if":
            found = np.zeros(len(values), np.int64)
            for one in set(values.tolist()):
                found[values == one] = self[one]
            return found
        # Dicts are no keys.
        if dict in set(map(type, values)):
            values = [class_name(one) if isinstance(one, dict) else one for one in values]
        return np.fromiter(map(self.__getitem__, values), np.int64, len(values))


def class_name(value: Any) -> str:
    """Return the text of a class: 5, 5.0, "5" and {"bsonType": "5"} are "5"."""
    if isinstance(value, dict):
        value = next(iter(value.values()), "")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
