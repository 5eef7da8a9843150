"""``generate``: a synthetic recording of any size, into the store, a file or a folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from synaptarium.adapters.archive import save
from synaptarium.adapters.archive_contents import SUFFIX
from synaptarium.adapters.column_folder import write_folder
from synaptarium.adapters.column_writing import write_spikes
from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list, numbered_layers
from synaptarium.schemas.errors import InvalidInput, RecordingExists
from synaptarium.schemas.recording import Layer, n_neurons
from synaptarium.server.commands.console import ProgressLine, amount, library_of, print_json
from synaptarium.server.commands.making import store_source
from synaptarium.store.recording_info import recording_info

_DEFAULT_NEURONS = 1000
_DEFAULT_FAN_IN = 10


def generate(arguments: argparse.Namespace) -> int:
    """Generate a recording and import it, or with --to write it as a file or a folder."""
    source = GeneratedSource(_generation(arguments))
    if arguments.to is not None:
        return _to_file(source, arguments.to, as_json=arguments.json)
    with library_of(arguments, "generate") as library:
        recording = store_source(library.store, source, what="Generating")
        found = recording_info(library.store, recording.id)
    if arguments.json:
        print_json(found)
        return 0
    spikes = sum(recording.counts.spikes.values())
    print(
        f"Generated {recording.id!r}: {amount(n_neurons(recording.header))} neurons, {amount(spikes)} spikes."
    )
    print(f"Next: synaptarium precompute {recording.id}")
    print(f"Then: synaptarium open {recording.id}")
    return 0


def _generation(arguments: argparse.Namespace) -> Generation:
    layers = _layers(arguments.layers, arguments.neurons)
    fan_in = arguments.fan_in
    if fan_in is None:
        fan_in = _DEFAULT_FAN_IN if arguments.weights else 0
    try:
        rates_hz = tuple(float(word) for word in arguments.rates.split(","))
    except ValueError as error:
        raise InvalidInput(
            f"--rates {arguments.rates!r} are no numbers.", hint="For instance --rates 5 or --rates 2,10,40"
        ) from error
    return Generation(
        layers=layers,
        seconds=arguments.seconds,
        spikes=arguments.spikes,
        rates_hz=rates_hz,
        seed=arguments.seed,
        sigma=arguments.sigma,
        oscillation_hz=arguments.oscillation,
        depth=arguments.depth,
        bursts_hz=arguments.bursts,
        fan_in=fan_in,
        weights=arguments.weights,
        stimuli=arguments.stimuli,
        potentials=arguments.potentials,
        sampling_us=arguments.sampling_us,
        bin_us=arguments.bin_us,
        name=arguments.name,
    )


def _layers(text: str, neurons: int | None) -> tuple[Layer, ...]:
    if not text.strip().isdigit():
        layers = layer_list(text, "--layers")
        total = sum(layer.neurons for layer in layers)
        if neurons is not None and neurons != total:
            raise InvalidInput(
                f"--neurons {neurons} was given; --layers names {total}.",
                hint="Leave --neurons out, or give the number of layers alone: --layers 3 --neurons 100000",
            )
        return layers
    n, total = int(text), _DEFAULT_NEURONS if neurons is None else neurons
    if not 1 <= n <= total:
        raise InvalidInput(
            f"{total} neurons in {n} layers were asked for.", hint="Every layer has at least one neuron."
        )
    edges = [total * k // n for k in range(n + 1)]
    return numbered_layers((f"layer {k}", (edges[k + 1] - edges[k],)) for k in range(n))


def _to_file(source: GeneratedSource, to: str, *, as_json: bool) -> int:
    if not to:
        raise InvalidInput(
            "--to is empty.", hint="Give NAME.parquet, NAME/ or NAME.synaptarium.", where="--to"
        )
    path = Path(to)
    folder = to.endswith("/") or not path.suffix
    spikes = sum(source.counts().spikes.values())
    if not folder and path.suffix not in (SUFFIX, ".parquet"):
        raise InvalidInput(
            f"--to {to!r} is no kind of file that can be written.",
            hint=f"Give NAME.parquet for the spikes, NAME/ for a folder of columns, or NAME{SUFFIX} for everything in one.",
        )
    if not path.absolute().parent.is_dir():
        raise InvalidInput(
            f"There is no folder {str(path.absolute().parent)!r} to write {path.name!r} into.",
            hint=f"Make it first: mkdir -p {path.absolute().parent}",
            where="--to",
        )
    if path.exists() and path.suffix != SUFFIX:
        raise RecordingExists(f"{to!r} exists.", hint="Choose another name, or delete it.", where=to)
    with ProgressLine("Writing") as line:
        if folder:
            # Only of spikes is it known how many there are in all without adding up what each synapse has.
            write_folder(
                source,
                path,
                progress=lambda kind, done: line.show(
                    done, spikes if kind == "spikes" else 0, str(path / f"{kind}.parquet")
                ),
            )
        elif path.suffix == SUFFIX:
            line.show(0, 0, str(path), force=True)
            save(source, path)
        else:
            write_spikes(source, path, progress=lambda done: line.show(done, spikes, str(path)))
    if as_json:
        print_json({"path": str(path), "spikes": spikes})
    else:
        print(f"Wrote {amount(spikes)} spikes to {path}. Next: synaptarium import {path}")
    return 0
