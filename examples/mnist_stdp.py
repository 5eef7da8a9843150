"""The two use-cases of the VS2N paper: spiking networks that learn MNIST by STDP, recorded.

    python examples/mnist_stdp.py --neurons 100 400 900 --order both     # A: docs/use-case-a.md
    python examples/mnist_stdp.py --neurons 400 --prune 0.2              # B: docs/use-case-b.md

The network is in `examples/winner_take_all.py`, the digits come from `examples/mnist_data.py`. All networks of a run see
the same inputs at the same time, so one recording overlays them: each is a layer and a projection of its own. With `--prune`
a twin of each network loses its weak synapses on the way, and goes on beside the one that keeps them.

Recorded: all spikes, all weight changes, every input with its label and the last network's answer, and every
`LOG_EVERY` inputs, for each network:

- accuracy: the part of the last `RECENT` inputs whose class the network told. It answers before it learns from an input, and
  each input comes once, so that is the accuracy on digits never seen before;
- loss: the mean squared difference between an input (0 to 1) and the field of the neuron that spiked for it, over the last
  `LOG_EVERY` inputs.

At the end each network classifies the 10,000 test digits, without learning from them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from mnist_data import Mnist, NoMnist, fetch, load
from mnist_learner import LOG_EVERY, SHOWN_US, SIDE, STEP_US, Learner, Progress, learn
from numpy.typing import NDArray
from winner_take_all import CLASSES, wave

from synaptarium.schemas.messages import Job

Order = Literal["given", "reversed"]


def arrays(
    learners: list[Learner], images: NDArray[np.uint8], labels: NDArray[np.uint8], controls: list[Learner]
) -> dict[str, Any]:
    """Return what Synaptarium records, as the arguments of `write_recording`; the accuracy of `controls` is laid over."""
    starts_us = np.arange(len(images), dtype=np.int64) * SHOWN_US
    waves = [wave(image) for image in images]
    counts = [len(one.pixels) for one in waves]
    steps = np.concatenate([one.steps for one in waves])
    # In the last step of the inputs that they tell of, so that the run ends with its last input.
    logged_us = (np.arange(len(learners[0].accuracy_log)) + 1) * LOG_EVERY * SHOWN_US - STEP_US
    metrics = {f"accuracy/{one.name}": (logged_us, one.accuracy_log) for one in learners}
    metrics |= {f"accuracy/{one.name}, other order": (logged_us, one.accuracy_log) for one in controls}
    metrics |= {f"loss/{one.name}": (logged_us, one.loss_log) for one in learners}
    tested = ", ".join(f"{one.test_accuracy:.1%} with {one.name}" for one in learners)
    notes = [
        f"{one.name}: {one.pruned:,} of {one.network.weights.size:,} synapses were pruned"
        for one in learners
        if one.pruned
    ]
    return {
        "time_unit": "us",
        "bin_us": STEP_US,
        "t_stop_us": len(images) * SHOWN_US,
        "layers": [
            {"name": "input", "shape": (SIDE, SIDE), "cell_type": "input"},
            *({"name": one.name, "neuron_type": "IF", **_sheet(one)} for one in learners),
        ],
        "projections": [{"source": "input", "target": one.name, "learning_rule": "STDP"} for one in learners],
        "spikes": {
            "input": (
                np.repeat(starts_us, counts) + steps * STEP_US,
                np.concatenate([one.pixels for one in waves]),
            ),
            **{one.name: (np.array(one.spike_us), np.array(one.spike_neuron)) for one in learners},
        },
        "weights": {
            f"input -> {one.name}": (
                np.repeat(one.change_us, [len(part) for part in one.change_synapse]),
                np.concatenate(one.change_weight),
                np.concatenate(one.change_synapse),
            )
            for one in learners
        },
        "stimuli": {
            "t_start": starts_us,
            "t_stop": starts_us + SHOWN_US,
            "labels": [str(label) for label in labels],
            "predictions": [str(answer) if answer >= 0 else None for answer in learners[-1].answers],
        },
        "metrics": metrics,
        "images": images,
        "classes": [str(digit) for digit in range(CLASSES)],
        "details": {"dataset": "MNIST", "accuracy": f"{tested}, on test digits", "simulator": "numpy"},
        "notes": [*notes, f"the predictions of the inputs are those of {learners[-1].name}"],
    }


def _sheet(learner: Learner) -> dict[str, Any]:
    """Return the shape of a layer, as square as it gets, and the classes of its neurons."""
    n = len(learner.network.thresholds)
    rows = next(rows for rows in range(int(np.sqrt(n)), 0, -1) if n % rows == 0)
    return {
        "shape": (rows, n // rows),
        "labels": [learner.network.answer(neuron) for neuron in range(n)],
        "labels_method": "class of most of the last inputs that the neuron spiked for, at the end of the run",
    }


def record(
    mnist: Mnist,
    name: str,
    *,
    inputs: int,
    orders: list[Order],
    neurons: list[int],
    seed: int,
    prune: float | None,
    prune_after: int,
    data: Path | None,
    progress: Callable[[str], Progress],
) -> list[str]:
    """Simulate, write a recording for each order, make it playable; return the ids."""
    from synaptarium.adapters.arrays import arrays_source
    from synaptarium.jobs.build import precompute
    from synaptarium.server.library import open_library
    from synaptarium.store.importing import import_source

    runs: list[tuple[Order, list[Learner]]] = []
    for order in orders:
        images, labels = _inputs(mnist, inputs, order)
        learners = learn(
            images,
            labels,
            neurons=neurons,
            seed=seed,
            prune=prune,
            prune_after=prune_after,
            progress=progress(f"{order} order"),
        )
        for learner in learners:
            learner.test_accuracy = learner.network.accuracy(mnist.test_images, mnist.test_labels)
            print(
                f"\n{order} order, {learner.name}: {learner.test_accuracy:.2%} of the test digits",
                file=sys.stderr,
            )
        runs.append((order, learners))
    ids: list[str] = []
    for order, learners in runs:
        controls = [one for other, found in runs if other != order for one in found]
        title = name if order == "given" else f"{name}, {order}"
        source = arrays_source(title, **arrays(learners, *_inputs(mnist, inputs, order), controls))
        with open_library(data, purpose="import") as library:
            ids.append(import_source(library.store, source, progress=_rows(progress(f"write {title}"))).id)
            precompute(
                library.store, ids[-1], engine="local", progress=_ranges(progress(f"precompute {title}"))
            )
    return ids


def _inputs(mnist: Mnist, inputs: int, order: Order) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the first so many digits; the control shows the same ones from the last to the first."""
    step = 1 if order == "given" else -1
    return mnist.images[:inputs][::step], mnist.labels[:inputs][::step]


def _rows(progress: Progress) -> Callable[[int, int, str], None]:
    return lambda done, total, what: progress(done / max(1, total), what)


def _ranges(progress: Progress) -> Callable[[Job], None]:
    return lambda job: progress(job.done / max(1, job.total), job.message)


def _show(what: str) -> Progress:
    started = time.monotonic()

    def show(done: float, message: str) -> None:
        took = time.monotonic() - started
        print(f"\r{what} {done:4.0%}  {took:4.0f} s  {message:70.70}", end="", file=sys.stderr, flush=True)

    return show


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="Record spiking networks that learn MNIST by STDP.")
    parser.add_argument(
        "--neurons", type=int, nargs="+", default=[100], help="size of each network (default: 100)"
    )
    parser.add_argument("--inputs", type=int, default=60_000, help="digits shown (default: 60000, all)")
    parser.add_argument(
        "--order", choices=["given", "reversed", "both"], default="given", help="order of the digits"
    )
    parser.add_argument(
        "--prune", type=float, metavar="WEIGHT", help="a twin loses the synapses below this weight"
    )
    parser.add_argument(
        "--prune-after", type=int, default=30_000, metavar="N", help="inputs before (default: 30000)"
    )
    parser.add_argument(
        "--mnist", type=Path, help="mnist.npz or a folder of IDX files; fetched where left out"
    )
    parser.add_argument("--name", help="name of the recording (default: from the sizes)")
    parser.add_argument("--data", type=Path, help="data folder (default: that of the command synaptarium)")
    parser.add_argument("--seed", type=int, default=1, help="draws the weights at the start (default: 1)")
    given = parser.parse_args()
    if not 1 <= given.inputs <= 60_000:
        parser.error(f"--inputs is {given.inputs}; MNIST has 1 to 60,000.")
    if not all(1 <= size <= 10_000 for size in given.neurons) or len(set(given.neurons)) < len(given.neurons):
        parser.error("--neurons takes different sizes from 1 to 10,000.")
    if given.prune is not None and not 0 < given.prune_after < given.inputs:
        parser.error(
            f"--prune-after is {given.prune_after}; it lies between 0 and the {given.inputs:,} inputs."
        )
    started = time.monotonic()
    from synaptarium.schemas.errors import SynaptariumError
    from synaptarium.server.library import data_folder

    try:
        mnist = load(given.mnist) if given.mnist else fetch(data_folder(given.data) / "mnist")
        ids = record(
            mnist,
            given.name
            or f"MNIST {' '.join(map(str, given.neurons))}" + (" pruned" if given.prune is not None else ""),
            inputs=given.inputs,
            orders=["given", "reversed"] if given.order == "both" else [given.order],
            neurons=given.neurons,
            seed=given.seed,
            prune=given.prune,
            prune_after=given.prune_after,
            data=given.data,
            progress=_show,
        )
    except NoMnist as error:
        print(error, file=sys.stderr)
        return 1
    except SynaptariumError as error:
        print(f"\n{error}\n{error.hint}", file=sys.stderr)
        return 1
    print(f"\nDone in {time.monotonic() - started:.0f} s. Next: synaptarium open {ids[0]}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
