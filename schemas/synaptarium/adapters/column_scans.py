"""The first pass over weights, stimuli, metrics and images: how many there are, and when the last one is."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.column_rows import ImageRows, MetricRows, StimulusRows, WeightRows
from synaptarium.adapters.findings import Findings
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import Projection


def scan_weights(
    rows: WeightRows | None, projections: Sequence[Projection]
) -> tuple[dict[str, int], int | None]:
    """Return how many weights each projection has, and the time of the last one in microseconds.

    Raises
    ------
    InvalidInput
        A row names another projection, or a synapse beyond its projection.
    """
    totals = {one.name: 0 for one in projections}
    if rows is None:
        return totals, None
    ends_us: list[int] = []
    for batch in rows.order.scan():
        ends_us.append(int(column(batch, "time_us").max()))
        place, synapse = column(batch, "place"), column(batch, "synapse")
        if len(rows.projections.names) > len(projections):
            foreign = rows.projections.names[len(projections)]
            checks.known(foreign, totals, "projection", rows.file.path.name)
        for index in np.flatnonzero(np.bincount(place)).tolist():
            mine = synapse if len(projections) == 1 else synapse[place == index]
            one = projections[index]
            checks.ids_below(mine, one.synapses, f"Projection {one.name!r}", "synapse", rows.file.path.name)
            totals[one.name] += len(mine)
    return totals, max(ends_us, default=None)


def scan_stimuli(
    rows: StimulusRows | None, labels: set[str], classes: tuple[str, ...]
) -> tuple[tuple[str, ...], int | None]:
    """Return the classes, and where the last stimulus ends in microseconds.

    Parameters
    ----------
    labels : set of str
        Those of neurons.
    classes : tuple of str
        As they are described; where they are not, all labels are classes.

    Raises
    ------
    InvalidInput
        A stimulus ends before it starts, or a label is none of the described classes.
    """
    used = set(labels)
    stop_us = None
    if rows is not None:
        for batch in rows.order.scan():
            starts_us, stops_us = column(batch, "t_start_us"), column(batch, "t_stop_us")
            if bool((stops_us <= starts_us).any()):
                row = int(np.flatnonzero(stops_us <= starts_us)[0])
                raise InvalidInput(
                    f"A stimulus starts at {starts_us[row]} us and ends at {stops_us[row]} us.",
                    hint="t_stop lies after t_start.",
                    where=str(rows.file.path),
                )
            stop_us = max(stop_us or 0, int(stops_us.max()), int(starts_us.max()) + 1)
            for name in rows.texts:
                used |= {one for one in batch.column(name).unique().to_pylist() if one is not None}
    if classes and used - set(classes):
        raise InvalidInput(
            f"The classes are {', '.join(classes)}; the label {sorted(used - set(classes))[0]!r} is none of them.",
            hint="List every label in classes, or leave classes out.",
            where="header.json",
        )
    whole = all(name.lstrip("-").isdigit() for name in used)
    return classes or tuple(sorted(used, key=int) if whole else sorted(used)), stop_us


def scan_metrics(rows: MetricRows | None) -> tuple[dict[str, int], int | None]:
    """Return how many values each metric has, and the time of the last one in microseconds."""
    totals: dict[str, int] = {}
    ends_us: list[int] = []
    if rows is not None:
        for batch in rows.order.scan():
            ends_us.append(int(column(batch, "time_us").max()))
            for entry in cast("list[dict[str, Any]]", batch.column("name").value_counts().to_pylist()):
                totals[entry["values"]] = totals.get(entry["values"], 0) + entry["counts"]
    return totals, max(ends_us, default=None)


def scan_images(
    rows: ImageRows | None, shape: tuple[int, int] | None, findings: Findings
) -> tuple[int, tuple[int, int] | None]:
    """Return how many images there are, and their shape: a square where it is not described; raises InvalidInput."""
    if rows is None:
        return 0, None
    n = 0
    for batch in rows.read():
        n += batch.num_rows
        if shape is None:
            n_pixels = len(batch.column("pixels")[0].as_py())
            side = isqrt(n_pixels)
            if side * side != n_pixels:
                raise InvalidInput(
                    f"The images of {rows.file.path.name} have {n_pixels} pixels, which is no square.",
                    hint='Say their height and width in header.json: "image_shape": [28, 20].',
                    where=str(rows.file.path),
                )
            shape = (side, side)
            findings.notes.append(f"images of {n_pixels} pixels are {side}x{side}: a guess")
    return n, shape if n else None


def column(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    """Return the values of a column."""
    return batch.column(name).to_numpy(zero_copy_only=False)
