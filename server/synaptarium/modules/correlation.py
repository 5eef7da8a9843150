"""Correlation.

How the spike trains of a layer go together: a matrix of all pairs (Pearson's correlation of binned counts, or the spike time
tiling coefficient STTC), the cross-correlogram of one pair, measures of synchrony, and the power spectrum of the layer's rate.

The pairs are of the selected neurons of the layer, or of those that spike most. The cross-correlogram is of the two neurons
selected last, else of the pair with the largest coefficient; a positive lag says that the second spikes after the first; no
border is corrected. Bins are closed on the left. Synchrony: chi is the root of (variance over time of the mean count / mean of
the neurons' variances); spike-contrast is the largest of (contrast x share of active trains) over bin sizes down to 10 ms. The
spectrum is Welch's (Hann window, half overlapping, mean taken off).

Source: as elephant.spike_train_correlation.correlation_coefficient, spike_time_tiling_coefficient and
cross_correlation_histogram, elephant.spike_train_synchrony.spike_contrast, elephant.spectral.welch_psd; chi: Golomb and Rinzel,
Phys. Rev. E 1993, doi:10.1103/PhysRevE.48.4810; STTC: Cutts and Eglen, J. Neurosci. 2014, doi:10.1523/JNEUROSCI.2767-14.2014.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.correlation import correlation_matrix, cross_correlogram, tiling_coefficients
from synaptarium.kernels.firing import population_rate_hz
from synaptarium.kernels.isi import fano_factor
from synaptarium.kernels.synchrony import golomb_chi, spike_contrast
from synaptarium.modules.base import LayerName, Module, Selection
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.spectrum import LEAST_SAMPLES, add_spectrum
from synaptarium.modules.window import Spikes, spikes_in
from synaptarium.modules.wording import chosen_layer, duration, outside, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import (
    Axis,
    Column,
    Line,
    Links,
    Matrix,
    Panels,
    Series,
    Table,
    TableColumn,
)
from synaptarium.schemas.recording import Accounting, Layer

MAX_NEURONS = 40
MAX_LAGS = 400
_BUDGET_BYTES = 1024 * 1024
# More bins than these cost time and tell little more.
_MAX_BINS = 50_000
# Spike-contrast tries about a hundred bin sizes, each time over all spikes.
_MAX_CONTRAST_SPIKES = 20_000
_SPECTRUM_FRAMES = 131_072


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer, which measure, which bins.

    Parameters
    ----------
    layer : str
        Empty takes that of the selection, else the last one that spiked.
    measure : {"pearson", "sttc"}
        Coefficient of the matrix.
    bin_ms : float
        Width of a bin of the counts in ms.
    coincidence_ms : float
        How far apart spikes may be for the STTC in ms.
    max_lag_ms : float
        Largest lag of the cross-correlogram in ms.
    """

    layer: LayerName = ""
    measure: Literal["pearson", "sttc"] = "pearson"
    bin_ms: float = 5.0
    coincidence_ms: float = 5.0
    max_lag_ms: float = 100.0

    def __post_init__(self) -> None:
        for name in ("bin_ms", "coincidence_ms", "max_lag_ms"):
            if not 0 < getattr(self, name) < 1e7:
                hint = "It is more than 0 ms and less than 10,000 s."
                raise InvalidInput(f"{name} is {getattr(self, name)}.", hint=hint, where=name)


@dataclasses.dataclass(frozen=True)
class _Counts:
    """Spikes per neuron and bin of what was read without a gap; the bin; and each neuron's bins and times."""

    neurons: NDArray[np.int64]
    counts: NDArray[np.int64]
    bin_us: int
    accounting: tuple[Accounting, ...]


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the matrix, the cross-correlogram, the measures of synchrony and the spectrum."""
    layer = chosen_layer(reader, selection, params.layer)
    chosen = selection.of(layer.name)
    spikes = spikes_in(
        reader,
        layer.name,
        window.t_start_us,
        window.t_stop_us,
        budget_bytes=_BUDGET_BYTES,
        levels=(0,),
        neurons=chosen if len(chosen) > 1 else None,
    )
    found = _counts(layer, spikes, chosen, params)
    why = outside(reader, window) or (
        "" if found.counts.any() else f"No neuron of {layer.name} spiked in what was read of the window."
    )
    columns: dict[str, Column] = {}
    frames = spikes.frames
    # The run's last frame may reach beyond its end.
    stop_us = min(frames.first_us + frames.n * frames.frame_us, reader.manifest.t_stop_us)
    pearson = correlation_matrix(found.counts)
    coefficients = pearson
    if params.measure == "sttc" and len(found.neurons):
        coefficients = _tiling(spikes, found, stop_us, params)
    panels = (
        _matrix(layer, window, found, coefficients, params, why, columns),
        _correlogram(layer, window, spikes, found, coefficients, chosen, params, why, columns),
        _synchrony(layer, window, spikes, found, pearson, stop_us, why, columns),
        _spectrum(reader, window, layer, why, columns),
    )
    return Panels(panels, columns)


def _counts(layer: Layer, spikes: Spikes, chosen: NDArray[np.int64], params: Params) -> _Counts:
    frames = spikes.frames
    n_spikes = np.bincount(spikes.neuron, weights=spikes.count, minlength=layer.neurons)
    told = list(frames.accounting)
    neurons = np.sort(chosen)
    total = int((n_spikes > 0).sum())
    if len(neurons) < 2:
        order = np.argsort(-n_spikes, kind="stable")[:MAX_NEURONS]
        neurons = np.sort(order[n_spikes[order] > 0])
        if total > len(neurons):
            why = "Those with the most spikes; select neurons in the scene to compare others."
            told.append(Accounting(what="neurons that spiked", kept=len(neurons), total=total, why=why))
    elif len(neurons) > MAX_NEURONS:
        why = "The lowest ids of the selection are shown."
        told.append(Accounting(what="selected neurons", kept=MAX_NEURONS, total=len(neurons), why=why))
        neurons = neurons[:MAX_NEURONS]
    step = max(1, round(params.bin_ms * 1000 / frames.frame_us), -(-frames.n // _MAX_BINS))
    n = frames.n // step
    place = np.full(layer.neurons, -1, np.int64)
    place[neurons] = np.arange(len(neurons))
    row = place[spikes.neuron]
    inside = (row >= 0) & (spikes.frame < n * step)
    cells = row[inside] * n + spikes.frame[inside] // step
    counts = np.bincount(cells, spikes.count[inside], len(neurons) * n).astype(np.int64)
    whole = frames.covered[: n * step].reshape(n, step).all(axis=1) if n else np.zeros(0, np.bool_)
    return _Counts(neurons, counts.reshape(len(neurons), n)[:, whole], step * frames.frame_us, tuple(told))


def _trains(spikes: Spikes, neurons: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the spike times of some ascending neurons, each in order."""
    own = np.flatnonzero(np.isin(spikes.neuron, neurons))
    own = own[np.argsort(spikes.neuron[own], kind="stable")]
    times = spikes.frames.first_us + spikes.frame[own] * spikes.frames.frame_us
    return np.split(times, np.searchsorted(spikes.neuron[own], neurons)[1:]) if len(neurons) else []


def _tiling(spikes: Spikes, found: _Counts, stop_us: int, params: Params) -> NDArray[np.float64]:
    return tiling_coefficients(
        _trains(spikes, found.neurons),
        t_start_us=spikes.frames.first_us,
        t_stop_us=stop_us,
        dt_us=max(1, round(params.coincidence_ms * 1000)),
    )


def _matrix(
    layer: Layer,
    window: TimeWindow,
    found: _Counts,
    coefficients: NDArray[np.float64],
    params: Params,
    why: str,
    columns: dict[str, Column],
) -> Matrix:
    n = len(found.neurons)
    columns["pairs.value"] = coefficients.reshape(-1)
    columns["pairs.neuron"] = found.neurons.astype(np.float64)
    columns["pairs.name"] = [str(neuron) for neuron in found.neurons]
    links = Links(neuron="pairs.neuron", layer=layer.name)
    words = (
        f"Pearson's correlation of counts, bin {duration(found.bin_us)}, {found.counts.shape[1]:,} bins"
        if params.measure == "pearson"
        else f"spike time tiling coefficient, within {params.coincidence_ms:g} ms"
    )
    if not why and n < 2:
        why = f"Only neuron {found.neurons[0]} of {layer.name} spiked; a pair needs two."
    elif not why and params.measure == "pearson" and found.counts.shape[1] < 2:
        why = f"The window holds {found.counts.shape[1]} bins of {duration(found.bin_us)}; a correlation needs two."
    elif not why and params.measure == "sttc" and found.accounting and "frames" in found.accounting[0].what:
        why = "The tiling coefficient needs the window without gaps; choose a shorter one."
    return Matrix(
        id="pairs",
        title="Correlation of pairs",
        subtitle=f"{layer.name}, {span(window)}; {words}",
        values="pairs.value",
        rows=n,
        columns=n,
        x_axis=Axis(label="Neuron"),
        y_axis=Axis(label="Neuron"),
        row_names="pairs.name",
        column_names="pairs.name",
        scale="diverging",
        low=-1,
        high=1,
        links=links,
        column_links=links,
        accounting=found.accounting,
        empty=why,
    )


def _correlogram(
    layer: Layer,
    window: TimeWindow,
    spikes: Spikes,
    found: _Counts,
    coefficients: NDArray[np.float64],
    chosen: NDArray[np.int64],
    params: Params,
    why: str,
    columns: dict[str, Column],
) -> Series:
    pair = _pair(found, coefficients, chosen)
    frames = spikes.frames
    lag_us = max(1, round(params.max_lag_ms * 1000))
    step = max(
        1, round(params.bin_ms * 1000 / frames.frame_us), -(-2 * lag_us // (MAX_LAGS * frames.frame_us))
    )
    bin_us = step * frames.frame_us
    max_lag = max(1, lag_us // bin_us)
    values = np.zeros(2 * max_lag + 1)
    if pair is not None:
        sides = []
        for neuron in pair:
            own = spikes.neuron == neuron
            bins, where = np.unique(spikes.frame[own] // step, return_inverse=True)
            sides += [bins, np.bincount(where, spikes.count[own], len(bins)).astype(np.int64)]
        values = cross_correlogram(*sides, max_lag=max_lag).astype(np.float64)
        if pair[0] == pair[1]:
            # A spike is no neighbour of itself.
            values[max_lag] -= sides[1].sum()
    columns["lag.ms"] = (np.arange(2 * max_lag + 1) - max_lag) * (bin_us / 1000)
    columns["lag.pairs"] = values
    names = "" if pair is None else f"{pair[0]} and {pair[1]}"
    if pair is not None and pair[0] == pair[1]:
        names = f"{pair[0]} with itself"
    return Series(
        id="correlogram",
        title=f"Cross-correlogram of {names}" if names else "Cross-correlogram",
        subtitle=f"{layer.name}, {span(window)}; pairs of spikes by lag, bin {duration(bin_us)}, second after first is positive",
        x="lag.ms",
        x_axis=Axis(label="Lag", unit="ms"),
        y_axis=Axis(label="Pairs of spikes"),
        lines=(Line(name="pairs", y="lag.pairs"),),
        time=False,
        shape="hvh",
        accounting=frames.accounting,
        empty=why or ("" if pair is not None else "There is no pair of neurons that spiked."),
    )


def _pair(
    found: _Counts, coefficients: NDArray[np.float64], chosen: NDArray[np.int64]
) -> tuple[int, int] | None:
    known = chosen[np.isin(chosen, found.neurons)]
    if len(known) > 1:
        return int(known[-2]), int(known[-1])
    if len(found.neurons) == 1:
        return int(found.neurons[0]), int(found.neurons[0])
    off = np.where(np.eye(len(found.neurons), dtype=bool), np.nan, coefficients)
    if not np.isfinite(off).any():
        return None
    first, second = np.unravel_index(np.nanargmax(off), off.shape)
    return int(found.neurons[min(first, second)]), int(found.neurons[max(first, second)])


def _synchrony(
    layer: Layer,
    window: TimeWindow,
    spikes: Spikes,
    found: _Counts,
    pearson: NDArray[np.float64],
    stop_us: int,
    why: str,
    columns: dict[str, Column],
) -> Table:
    off = pearson[~np.eye(len(found.neurons), dtype=bool)]
    off = off[np.isfinite(off)]
    frames = spikes.frames
    trains = _trains(spikes, found.neurons)
    n_spikes = sum(map(len, trains))
    contrast, note = float("nan"), "largest over bin sizes"
    if n_spikes > _MAX_CONTRAST_SPIKES:
        note = f"{n_spikes:,} spikes are too many for it; choose a shorter window"
    elif not frames.covered.all():
        note = "needs the window without gaps; choose a shorter one"
    elif len(trains) > 1:
        contrast, _, _ = spike_contrast(trains, t_start_us=frames.first_us, t_stop_us=stop_us)
    rows = (
        ("Mean correlation", float(off.mean()) if len(off) else float("nan"), "of the pairs, Pearson"),
        ("Chi", golomb_chi(found.counts), "1 when all do the same"),
        ("Spike-contrast", contrast, note),
        (
            "Variance / mean",
            float(fano_factor(found.counts.sum(axis=0))) if found.counts.size else float("nan"),
            "of the summed counts; 1 for independent Poisson",
        ),
    )
    columns["synchrony.name"] = [row[0] for row in rows]
    columns["synchrony.value"] = np.array([row[1] for row in rows])
    columns["synchrony.note"] = [row[2] for row in rows]
    return Table(
        id="synchrony",
        title="Synchrony",
        subtitle=f"{len(found.neurons)} neurons of {layer.name}, {span(window)}, bin {duration(found.bin_us)}",
        columns=(
            TableColumn(heading="Measure", column="synchrony.name"),
            TableColumn(heading="Value", column="synchrony.value"),
            TableColumn(heading="Meaning", column="synchrony.note"),
        ),
        accounting=found.accounting,
        empty=why,
    )


def _spectrum(
    reader: RecordingReader, window: TimeWindow, layer: Layer, why: str, columns: dict[str, Column]
) -> Series:
    found = reader.series(
        "spikes.series", [layer.name], window.t_start_us, window.t_stop_us, points=_SPECTRUM_FRAMES
    )
    rate = population_rate_hz(found.total[layer.name], bin_us=found.frame_us, n_neurons=layer.neurons)
    segment = add_spectrum(columns, rate, sampling_period_us=found.frame_us)
    known = segment >= LEAST_SAMPLES
    gaps = "" if reader.subset.all else "A spectrum needs the window without gaps: choose all stimuli."
    resolution = 1e6 / (found.frame_us * segment) if known else 0.0
    return Series(
        id="spectrum",
        title=f"Power spectrum of the rate of {layer.name}",
        subtitle=f"{span(window)}; Welch, segments of {segment:,} frames of {duration(found.frame_us)}, "
        f"{resolution:.3g} Hz apart, Hz² per Hz",
        x="spectrum.hz",
        x_axis=Axis(label="Frequency", unit="Hz"),
        y_axis=Axis(label="Power", unit="Hz²/Hz"),
        lines=(Line(name=layer.name, y="spectrum.psd", layer=layer.name),),
        time=False,
        empty=why
        or gaps
        or (
            ""
            if known
            else f"A spectrum needs {LEAST_SAMPLES} frames at least; the window holds {len(rate)}."
        ),
    )


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=32, picks=True, stimuli=True)
