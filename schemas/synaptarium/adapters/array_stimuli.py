"""Stimuli, their images and classes from plain arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.array_context import ArrayContext
from synaptarium.adapters.array_inputs import StimulusArrays
from synaptarium.adapters.array_source import empty_table
from synaptarium.adapters.conversions import class_names
from synaptarium.schemas.errors import InvalidInput, InvalidTime
from synaptarium.schemas.events import STIMULI


def images_of(images: Any) -> Any:
    """Return images that can be read piece by piece, None where there are none; raises InvalidInput."""
    if images is None:
        return None
    values = checks.sliceable(images)
    if len(values.shape) != 3 or values.dtype != np.uint8 or 0 in values.shape[1:]:
        raise InvalidInput(
            f"The images have the shape {tuple(values.shape)} and the type {values.dtype}.",
            hint="Give an (n, height, width) array of uint8; multiply values of 0 to 1 by 255 and round.",
            where="images",
        )
    return values


def stimuli_of(
    context: ArrayContext,
    stimuli: StimulusArrays | Mapping[str, Any] | None,
    *,
    bin_us: int | None,
    last_event_us: int,
    n_images: int,
) -> pa.RecordBatch:
    """Return what was shown, in the order of its starts; raises as ``arrays_source``.

    Parameters
    ----------
    context : ArrayContext
        Of the recording.
    stimuli : StimulusArrays, mapping or None
        As given.
    bin_us, last_event_us : int
        A single stimulus without an end lasts a bin, or until the last event.
    n_images : int
        Images that may be shown.
    """
    if stimuli is None:
        return empty_table("stimuli")
    one = checks.fields_of(stimuli, StimulusArrays, "stimuli")
    start = context.times(one.t_start, "stimuli.t_start")
    order = np.argsort(start, kind="stable")
    start = start[order]
    if one.t_stop is None:
        stop = np.append(start[1:], start[-1:] + (int(np.median(np.diff(start))) if len(start) > 1 else 0))
        if len(start) == 1:
            stop = np.maximum(start + (bin_us or 1_000), last_event_us + 1)
    else:
        stop = context.times(one.t_stop, "stimuli.t_stop")
        checks.same_length({"starts": start, "ends": stop}, "stimuli")
        stop = stop[order]
    empty = np.flatnonzero(stop <= start)
    if empty.size:
        raise InvalidTime(
            f"A stimulus starts at {start[empty[0]]} us and ends at {stop[empty[0]]} us "
            f"({empty.size} of {len(start)} end before they start).",
            hint="t_stop lies after t_start.",
            where="stimuli",
        )
    image: NDArray[np.int64] | None = None
    if one.images is not None:
        image = checks.numbers(one.images, "stimuli.images").astype(np.int64)
        bad = image[(image >= n_images) | (image < -1)]
        if bad.size:
            raise InvalidInput(
                f"A stimulus shows image {bad[0]}; there are {n_images}.",
                hint="Images are numbered from 0; -1 is none.",
                where="stimuli.images",
            )
    elif n_images == len(start):
        image = np.arange(n_images)
    columns: dict[str, Any] = {"t_start_us": start, "t_stop_us": stop}
    for field, given in (("label", one.labels), ("prediction", one.predictions)):
        if given is not None:
            names = class_names(given, f"stimuli.{field}s")
            checks.same_length({"starts": start, f"{field}s": np.asarray(names, object)}, "stimuli")
            columns[field] = pa.array([names[k] for k in order], pa.string())
    if image is not None:
        checks.same_length({"starts": start, "image numbers": image}, "stimuli")
        image = image[order]
        columns["image"] = pa.array(np.maximum(image, 0).astype(np.uint32), mask=image < 0)
    schema = pa.schema([STIMULI.field(key) for key in columns])
    return pa.record_batch([pa.array(column) for column in columns.values()], schema=schema)


def classes_of(
    given: Sequence[str | int], stimuli: pa.RecordBatch, labels: Iterable[NDArray[np.integer[Any]]]
) -> tuple[str, ...]:
    """Return the names of the classes: those given, else the labels of the stimuli.

    Parameters
    ----------
    given : sequence of str
        May be empty.
    stimuli : pyarrow.RecordBatch
        From :func:`stimuli_of`.
    labels : iterable of arrays
        Of neurons: indices in the classes, -1 is none.
    """
    used: set[str] = set()
    for field in ("label", "prediction"):
        if field in stimuli.schema.names:
            used |= {name for name in stimuli.column(field).to_pylist() if name is not None}
    highest = max((int(one.max(initial=-1)) for one in labels), default=-1)
    if given:
        classes = tuple(str(name) for name in given)
        foreign = sorted(used - set(classes))
        if foreign or highest >= len(classes):
            found = f"the stimulus label {foreign[0]!r}" if foreign else f"the neuron label {highest}"
            raise InvalidInput(
                f"The classes are {', '.join(classes)}; {found} is none of them.",
                hint="Neuron labels are indices in classes, stimulus labels are their names.",
                where="classes",
            )
        return classes
    if all(name.lstrip("-").isdigit() for name in used):
        least = {str(k) for k in range(highest + 1)}
        return tuple(sorted(used | least, key=int))
    if highest >= len(used):
        raise InvalidInput(
            f"A neuron has the label {highest}; the stimuli have {len(used)} classes.",
            hint="Give classes: neuron labels are indices in it.",
            where="classes",
        )
    return tuple(sorted(used))
