"""The dry run: what an import would store, before anything is stored."""

from __future__ import annotations

import msgspec

from synaptarium.adapters.base import EventSource
from synaptarium.schemas.recording import Accounting, n_frames


class LayerReport(msgspec.Struct, frozen=True, kw_only=True):
    """One layer: its size and what was recorded of it."""

    name: str
    neurons: int
    shape: tuple[int, ...]
    spikes: int
    positions: bool
    labels: str = ""


class ProjectionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One projection: its size and how many weight values it has over time."""

    name: str
    kind: str
    synapses: int
    weights: int
    delays: bool


class PotentialReport(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded variable of one layer."""

    variable: str
    layer: str
    unit: str
    n_recorded: int
    values: int
    sampling_period_us: int | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an import would store.

    Parameters
    ----------
    name, format : str
        Of the source.
    span_us : tuple of int
        Half-open.
    bin_us, frames : int
        Width of a frame and their number at level 0.
    layers, projections, potentials : tuple
        The network and its recorded variables.
    stimuli, images : int
        Presentations and images.
    classes : tuple of str
        Of the stimuli.
    metrics : dict of str to int
        Values by name.
    details : dict of str to str
        Facts of the source.
    guesses : tuple of str
        Decided by the adapter; the user may decide otherwise.
    notes : tuple of str
        Other findings.
    missing : tuple of str
        What the source does not have.
    dropped : tuple of Accounting
        What will not be stored, or not as it was, and why.
    """

    name: str
    format: str
    span_us: tuple[int, int]
    bin_us: int
    frames: int
    layers: tuple[LayerReport, ...]
    projections: tuple[ProjectionReport, ...]
    potentials: tuple[PotentialReport, ...]
    stimuli: int
    images: int
    classes: tuple[str, ...]
    metrics: dict[str, int]
    details: dict[str, str]
    guesses: tuple[str, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    dropped: tuple[Accounting, ...]

    def text(self) -> str:
        """Return the report for a terminal."""
        start, stop = self.span_us
        lines = [
            f"{self.name}  ({self.format})",
            f"  span        {_seconds(start)} to {_seconds(stop)}, {self.frames:,} frame{'' if self.frames == 1 else 's'} of {self.bin_us:,} us",
        ]
        lines += [f"  {key:<11} {value}" for key, value in self.details.items()]
        lines.append("  layers")
        for layer in self.layers:
            shape = f" ({'x'.join(map(str, layer.shape))})" if len(layer.shape) > 1 else ""
            extra = [f"{layer.spikes:,} spikes"]
            extra += ["positions"] if layer.positions else []
            extra += [f"labels ({layer.labels})"] if layer.labels else []
            lines.append(f"    {layer.name:<16} {layer.neurons:>9,} neurons{shape}  {', '.join(extra)}")
        if self.projections:
            lines.append("  projections")
        for one in self.projections:
            lines.append(
                f"    {one.name:<26} {one.kind}, {one.synapses:,} synapses, {one.weights:,} weight values"
                f"{', delays' if one.delays else ''}"
            )
        if self.potentials:
            lines.append("  state variables")
        for one in self.potentials:
            period = (
                "at changes" if one.sampling_period_us is None else f"every {one.sampling_period_us:,} us"
            )
            lines.append(
                f"    {one.variable} of {one.layer:<16} {one.n_recorded:,} neurons, {one.values:,} values {period}, "
                f"unit {one.unit}"
            )
        if self.stimuli:
            lines.append(
                f"  stimuli     {self.stimuli:,}, classes: {', '.join(self.classes) or 'unlabelled'}"
            )
        if self.images:
            lines.append(f"  images      {self.images:,}")
        for name, n in self.metrics.items():
            lines.append(f"  metric      {name}: {n:,} values")
        for title, entries in (
            ("guessed", self.guesses),
            ("found", self.notes),
            ("missing", self.missing),
            ("reduced", tuple(f"{a.what}: {a.kept:,} of {a.total:,}; {a.why}" for a in self.dropped)),
        ):
            if entries:
                lines.append(f"  {title}")
                lines += [f"    - {entry}" for entry in entries]
        return "\n".join(lines) + "\n"


def report(source: EventSource) -> Report:
    """Return what an import of a source would store.

    Parameters
    ----------
    source : EventSource
        Described here, which may take a while.
    """
    header, counts = source.describe(), source.counts()
    labels = {layer.name: source.labels(layer.name) for layer in header.layers}
    notes = header.source.notes
    return Report(
        name=header.name,
        format=header.source.format,
        span_us=(header.t_start_us, header.t_stop_us),
        bin_us=header.bin_us,
        frames=n_frames(header),
        layers=tuple(
            LayerReport(
                name=layer.name,
                neurons=layer.neurons,
                shape=layer.shape,
                spikes=counts.spikes.get(layer.name, 0),
                positions=layer.positions,
                labels=labelled[1] if (labelled := labels[layer.name]) is not None else "",
            )
            for layer in header.layers
        ),
        projections=tuple(
            ProjectionReport(
                name=one.name,
                kind=one.kind,
                synapses=one.synapses,
                weights=counts.weights.get(one.name, 0),
                delays=one.delays,
            )
            for one in header.projections
        ),
        potentials=tuple(
            PotentialReport(
                variable=one.variable,
                layer=one.layer,
                unit=one.unit,
                n_recorded=one.n_recorded,
                values=counts.potentials.get(f"{one.variable}/{one.layer}", 0),
                sampling_period_us=one.sampling_period_us,
            )
            for one in header.potentials
        ),
        stimuli=counts.stimuli,
        images=counts.images,
        classes=header.classes,
        metrics=counts.metrics,
        details=header.source.details,
        guesses=tuple(note for note in notes if "guess" in note),
        notes=tuple(note for note in notes if "guess" not in note),
        missing=tuple(_missing(source)),
        dropped=header.accounting,
    )


def _missing(source: EventSource) -> list[str]:
    header, counts = source.describe(), source.counts()
    silent = [layer.name for layer in header.layers if not counts.spikes.get(layer.name)]
    fixed = [one.name for one in header.projections if not counts.weights.get(one.name)]
    missing: list[str] = []
    if silent:
        missing.append(f"spikes of {', '.join(silent)}")
    if not header.projections:
        missing.append("projections: no synapses will be drawn")
    if fixed:
        missing.append(f"weights of {', '.join(fixed)}")
    if not header.potentials:
        missing.append("state variables (membrane potentials)")
    if not counts.stimuli:
        missing.append("stimuli and their labels")
    if not counts.metrics:
        missing.append("metrics (accuracy, loss)")
    if not any(layer.positions for layer in header.layers):
        missing.append("positions: neurons are laid out by their layer's shape")
    return missing


def _seconds(time_us: int) -> str:
    return f"{time_us / 1e6:,.6f}".rstrip("0").rstrip(".") + " s"
