"""A small spiking network learns handwritten digits while it runs; what happens in it is recorded.

    python examples/digits.py digits.synaptarium --seconds 45

The network, in the simulator Nengo (leaky integrate-and-fire neurons, steps of 1 ms):

    input 8x8  ->  hidden 20x20  ->  deep 10x10  ->  answer (10 values, decoded)
           receptive fields    learned (PES)    learned (PES)

One input neuron per pixel of scikit-learn's digits. Each hidden neuron sees a patch of 5x5 pixels around its own place,
so that the hidden sheet shows the digit too. Row r of the deep sheet stands for the digit r: at first it is silent, and
with time the right row lights up. Nothing was trained before: all learned weights start at zero.

Each digit is shown for 150 ms. For the first 80 ms the network is on its own, and what it answers at their end is its
prediction. Only then is it told the label, and its weights change for the rest of the time. As each digit comes once,
the accuracy is that on digits never seen before.

Recorded: all spikes, the membrane potentials of some neurons, the weights after each digit, the digits with labels and
predictions, the accuracy of the last 50.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DT_S = 0.001  # the simulator's step
SHOWN_S = 0.150  # how long each digit is shown
ALONE_S = 0.080  # of which the network has to answer without being told
CLASSES = 10
PIXELS = 8  # the digits are 8x8
HIDDEN = 20  # the hidden sheet is 20x20
COLUMNS = 10  # deep neurons per digit
FIELD_PX = 2.0  # a hidden neuron sees this far from its place
RECENT = 50  # digits that the running accuracy looks back on

Progress = Callable[[float, str], None]


def digits(seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return scikit-learn's 1,797 digits, (n, 8, 8) from 0 to 1, and their labels, in an order drawn from `seed`."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.RandomState(seed).permutation(len(data.target))
    return data.images[order] / 16.0, data.target[order].astype(np.int64)


def receptive_fields(seed: int) -> NDArray[np.float64]:
    """Return the (400, 64) weights from pixels to hidden neurons: random in a patch, 0 outside, mean 0, length 1.

    A mean of 0 makes a neuron answer to a shape in its patch, not to how much ink is there.
    """
    random = np.random.RandomState(seed)
    row, column = np.mgrid[0:PIXELS, 0:PIXELS]
    fields = np.zeros((HIDDEN * HIDDEN, PIXELS * PIXELS))
    for neuron in range(HIDDEN * HIDDEN):
        # the neuron's place in its sheet, in pixels of the image
        y, x = ((np.array(divmod(neuron, HIDDEN)) + 0.5) * PIXELS / HIDDEN) - 0.5
        seen = ((abs(row - y) <= FIELD_PX) & (abs(column - x) <= FIELD_PX)).ravel()
        weights = random.randn(seen.sum())
        fields[neuron, seen] = weights - weights.mean()
        fields[neuron] /= np.linalg.norm(fields[neuron])
    return fields


class Teacher:
    """Knows which digit is on show, and tells the label only after the network has answered."""

    def __init__(self, images: NDArray[np.float64], labels: NDArray[np.int64]) -> None:
        self.images, self.labels = images, labels
        self.predictions: list[int] = []

    def number(self, time_s: float) -> int:
        """Return the number of the digit on show in the step that ends at `time_s`."""
        return round(time_s / DT_S - 1) // round(SHOWN_S / DT_S)

    def picture(self, time_s: float) -> NDArray[np.float64]:
        """Show the pixels of the digit."""
        return self.images[self.number(time_s) % len(self.images)].ravel()

    def error(self, time_s: float, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return value - label, or nothing while the network is on its own."""
        step = round(time_s / DT_S - 1) % round(SHOWN_S / DT_S)
        if step < round(ALONE_S / DT_S):
            return np.zeros(CLASSES)
        label = self.labels[self.number(time_s) % len(self.labels)]
        return value - (np.arange(CLASSES) == label)

    def error_of_answer(self, time_s: float, answer: NDArray[np.float64]) -> NDArray[np.float64]:
        """As `error`; the answer at the end of the time alone is noted as the prediction."""
        step = round(time_s / DT_S - 1) % round(SHOWN_S / DT_S)
        if step == round(ALONE_S / DT_S) - 1:
            self.predictions.append(int(np.argmax(answer)))
        return self.error(time_s, answer)

    def correct(self) -> NDArray[np.bool_]:
        """Return which predictions were right."""
        return np.array(self.predictions, np.int64) == self.labels[: len(self.predictions)]


@dataclass
class Model:
    """The network, and what is read from it."""

    network: Any
    teacher: Teacher
    fields: NDArray[np.float64]
    layers: dict[str, Any]
    spikes: dict[str, Any]
    voltages: dict[str, tuple[Any, NDArray[np.int64]]]
    learned: Any
    learned_weights: Any
    decoder_weights: Any


def build(seed: int) -> Model:
    """Build the network."""
    import nengo

    # No solver runs here that a cache would save; beside another simulation nengo's would report a damaged index.
    nengo.rc["decoder_cache"]["enabled"] = "False"
    teacher = Teacher(*digits(seed))
    fields = receptive_fields(seed)
    rows = np.repeat(np.eye(CLASSES), COLUMNS, axis=0)  # deep neuron -> its digit

    with nengo.Network(seed=seed) as network:
        picture = nengo.Node(teacher.picture, label="picture")

        # A white pixel drives its input neuron to about 90 Hz, a black one leaves it silent.
        size = PIXELS * PIXELS
        input_layer = nengo.Ensemble(size, 1, gain=np.full(size, 2.0), bias=np.zeros(size), label="input")
        nengo.Connection(picture, input_layer.neurons, transform=3.0, synapse=None)

        # The bias below zero keeps hidden neurons silent until their pattern is there.
        size = HIDDEN * HIDDEN
        hidden = nengo.Ensemble(size, 1, gain=np.full(size, 2.0), bias=np.full(size, -0.3), label="hidden")
        nengo.Connection(input_layer.neurons, hidden.neurons, transform=0.04 * fields, synapse=0.005)

        deep = nengo.Ensemble(
            CLASSES * COLUMNS,
            CLASSES,
            encoders=rows,
            intercepts=nengo.dists.Uniform(0.0, 0.3),
            max_rates=nengo.dists.Uniform(80, 120),
            label="deep",
        )
        # PES is the delta rule: a weight changes by (error of the target) x (activity of the source).
        learned = nengo.Connection(
            hidden,
            deep,
            function=lambda x: np.zeros(CLASSES),
            solver=nengo.solvers.NoSolver(np.zeros((size, CLASSES)), weights=True),
            learning_rule_type=nengo.PES(1e-3, pre_synapse=0.02),
            synapse=0.01,
        )
        # A row is right when its neurons fire at 60 Hz for their digit and not at all for others.
        deep_error = nengo.Node(teacher.error, size_in=CLASSES, label="deep error")
        nengo.Connection(deep.neurons, deep_error, transform=rows.T / COLUMNS / 60.0, synapse=0.01)
        nengo.Connection(deep_error, learned.learning_rule, synapse=None)

        answer = nengo.Node(size_in=CLASSES, label="answer")
        decoder = nengo.Connection(
            deep.neurons,
            answer,
            transform=np.zeros((CLASSES, CLASSES * COLUMNS)),
            learning_rule_type=nengo.PES(2e-3, pre_synapse=0.02),
            synapse=0.02,
        )
        answer_error = nengo.Node(teacher.error_of_answer, size_in=CLASSES, label="answer error")
        nengo.Connection(answer, answer_error, synapse=None)
        nengo.Connection(answer_error, decoder.learning_rule, synapse=None)

        layers = {"input": input_layer, "hidden": hidden, "deep": deep}
        # a line through the middle of the hidden sheet; the first neuron of each row of the deep one
        watched = {"hidden": np.arange(HIDDEN) + HIDDEN * (HIDDEN // 2), "deep": np.arange(0, 100, COLUMNS)}
        return Model(
            network=network,
            teacher=teacher,
            fields=fields,
            layers=layers,
            spikes={name: nengo.Probe(layer.neurons) for name, layer in layers.items()},
            voltages={
                name: (nengo.Probe(layers[name].neurons[ids], "voltage"), ids)
                for name, ids in watched.items()
            },
            learned=learned,
            learned_weights=nengo.Probe(learned, "weights", sample_every=SHOWN_S),
            decoder_weights=nengo.Probe(decoder, "weights", sample_every=SHOWN_S),
        )


def record(
    path: str | Path, *, seconds: float = 45.0, seed: int = 1, progress: Progress | None = None
) -> Path:
    """Run the network and write what happened as a `.synaptarium` folder.

    Parameters
    ----------
    path : str or Path
        The folder to write.
    seconds : float
        Simulated time; whole digits are shown, at least one.
    seed : int
        Draws the order of the digits, the receptive fields and the neurons' parameters.
    progress : callable or None
        Called as `progress(done, message)` with `done` from 0 to 1, a few times a second.

    Returns
    -------
    Path
        `path`.
    """
    import nengo

    from synaptarium.adapters.archive import save

    model = build(seed)
    shown = max(1, round(seconds / SHOWN_S))
    with nengo.Simulator(model.network, dt=DT_S, seed=seed, progress_bar=False) as simulator:
        for number in range(shown):
            simulator.run_steps(round(SHOWN_S / DT_S), progress_bar=False)
            if progress is not None:
                recent = model.teacher.correct()[-RECENT:].mean()
                progress(
                    (number + 1) / shown,
                    f"digit {number + 1} of {shown}, {recent:.0%} of the last ones right",
                )
        source = recording(model, simulator, shown, seed)
    return save(source, path, overwrite=True)


def recording(model: Model, simulator: Any, shown: int, seed: int) -> Any:
    """Hand the probes' arrays to Synaptarium."""
    from synaptarium.adapters.nengo import nengo_source

    teacher, data = model.teacher, simulator.data
    shapes = {"input": (PIXELS, PIXELS), "hidden": (HIDDEN, HIDDEN), "deep": (CLASSES, COLUMNS)}
    ensembles: dict[str, dict[str, Any]] = {
        name: {"spikes": data[probe], "shape": shapes[name], "neuron_type": "LIF"}
        for name, probe in model.spikes.items()
    }
    ensembles["input"]["cell_type"] = "input"
    for name, (probe, ids) in model.voltages.items():
        ensembles[name] |= {"voltage": data[probe], "voltage_ids": ids}

    # The probes hold the weights after each digit; before the first one they are as they were built.
    sampled_s = np.concatenate([[DT_S], simulator.trange(sample_every=SHOWN_S)])
    learned = data[model.learned_weights].astype(np.float32)
    decoder = data[model.decoder_weights].astype(np.float32)
    post, pre = np.nonzero(model.fields)
    correct = teacher.correct()
    running = [correct[max(0, n - RECENT) : n].mean() for n in range(1, shown + 1)]
    # A step of Nengo ends at its time: the first one on a digit is dt after the change.
    starts_s = np.arange(shown) * SHOWN_S + DT_S
    return nengo_source(
        "digits",
        ensembles=ensembles,
        trange=simulator.trange(),
        dt=DT_S,
        connections=[
            {
                "source": "input",
                "target": "hidden",
                "weights": model.fields[post, pre].astype(np.float32)[None],
                "weights_t": [DT_S],
                "pre": pre,
                "post": post,
            },
            {
                "source": "hidden",
                "target": "deep",
                "weights": np.concatenate([np.zeros_like(learned[:1]), learned]),
                "weights_t": sampled_s,
                "learning_rule": "PES",
            },
            {
                "source": "deep",
                "target": "answer",
                "weights": np.concatenate([np.zeros_like(decoder[:1]), decoder]),
                "weights_t": sampled_s,
                "learning_rule": "PES",
            },
        ],
        stimuli={
            "t_start": starts_s,
            "t_stop": starts_s + SHOWN_S,
            "labels": teacher.labels[:shown],
            "predictions": teacher.predictions,
            "images": np.arange(shown),
        },
        metrics={"accuracy": (starts_s + ALONE_S, running)},
        images=np.rint(teacher.images[:shown] * 255).astype(np.uint8),
        classes=[str(digit) for digit in range(CLASSES)],
        details={"seed": str(seed), "digits": "scikit-learn load_digits", "simulator": "nengo"},
    )


def main() -> int:
    """Record into the folder that the command line names."""
    parser = argparse.ArgumentParser(description="Record a spiking network that learns digits.")
    parser.add_argument("path", type=Path, help="folder to write, e.g. digits.synaptarium")
    parser.add_argument("--seconds", type=float, default=45.0, help="simulated time (default: 45)")
    parser.add_argument("--seed", type=int, default=1, help="what is random follows from it (default: 1)")
    arguments = parser.parse_args()

    def show(done: float, message: str) -> None:
        print(f"\r{done:4.0%}  {message:60}", end="", file=sys.stderr, flush=True)

    record(arguments.path, seconds=arguments.seconds, seed=arguments.seed, progress=show)
    print(f"\n{arguments.path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
