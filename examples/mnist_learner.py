"""Shows digits to spiking networks and keeps what happens: the experiment of `examples/mnist_stdp.py`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from winner_take_all import PRESENTED, WinnerTakeAll, wave

RECENT = 1000  # inputs that the accuracy looks back on
LOG_EVERY = 250
STEP_US = 1000
SHOWN_US = PRESENTED * STEP_US
SIDE = 28

Progress = Callable[[float, str], None]


@dataclass
class Learner:
    """A network and what has been recorded of it so far."""

    name: str
    network: WinnerTakeAll
    spike_us: list[int] = field(default_factory=list[int])
    spike_neuron: list[int] = field(default_factory=list[int])
    change_us: list[int] = field(default_factory=list[int])
    change_synapse: list[NDArray[np.uint32]] = field(default_factory=list[NDArray[np.uint32]])
    change_weight: list[NDArray[np.float32]] = field(default_factory=list[NDArray[np.float32]])
    answers: list[int] = field(default_factory=list[int])
    right: list[bool] = field(default_factory=list[bool])
    losses: list[float] = field(default_factory=list[float])
    accuracy_log: list[float] = field(default_factory=list[float])
    loss_log: list[float] = field(default_factory=list[float])
    test_accuracy: float = 0.0
    pruned: int = 0

    def __post_init__(self) -> None:
        weights = self.network.weights.T.ravel()
        self._note_changes(0, np.arange(len(weights), dtype=np.uint32), weights.copy())

    def see(self, number: int, image: NDArray[np.uint8], label: int) -> None:
        """Show an image, note the answer, and learn."""
        network, seen = self.network, wave(image)
        found = network.winner(seen)
        network.balance(None if found is None else found[0])
        if found is None:
            self.answers.append(-1)
            self.right.append(False)
        else:
            neuron, place = found
            answer = network.answer(neuron)
            self.answers.append(answer)
            self.right.append(answer == label)
            self.losses.append(float(np.square(image.ravel() / 255 - network.weights[:, neuron]).mean()))
            network.note(neuron, label)
            # The step in which the threshold is reached ends with the spike.
            spike_us = number * SHOWN_US + (int(seen.steps[seen.starts[place]]) + 1) * STEP_US
            self.spike_us.append(spike_us)
            self.spike_neuron.append(neuron)
            pixels, weights = network.learn(neuron, seen.until(place))
            self._note_changes(spike_us, neuron * SIDE * SIDE + pixels, weights)
        if (number + 1) % LOG_EVERY == 0:
            self.accuracy_log.append(float(np.mean(self.right[-RECENT:])))
            self.loss_log.append(float(np.mean(self.losses[-LOG_EVERY:])))

    def prune(self, number: int, below: float) -> None:
        """Remove the weak synapses before an input."""
        pixels, neurons = self.network.prune(below)
        self.pruned = len(pixels)
        gone = np.full(len(pixels), np.nan, np.float32)  # a synapse without a weight is none
        self._note_changes(number * SHOWN_US, neurons * SIDE * SIDE + pixels, gone)

    def _note_changes(self, time_us: int, synapses: NDArray[Any], weights: NDArray[np.float32]) -> None:
        self.change_us.append(time_us)
        self.change_synapse.append(synapses.astype(np.uint32))
        self.change_weight.append(weights)


def learn(
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    *,
    neurons: list[int],
    seed: int = 1,
    prune: float | None = None,
    prune_after: int = 30_000,
    progress: Progress | None = None,
) -> list[Learner]:
    """Show the images to networks of these sizes, one after the other in time, all networks at the same time.

    Parameters
    ----------
    images, labels : (n, 28, 28) and (n,) uint8
    neurons : list of int
        Size of each network.
    seed : int
        Draws the weights at the start.
    prune : float or None
        Each network gets a twin, whose synapses below this weight are removed after `prune_after` images.
    progress : callable or None
        `progress(done, message)`, `done` from 0 to 1.
    """
    learners = [Learner(f"{size} neurons", WinnerTakeAll(SIDE * SIDE, size, seed)) for size in neurons]
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        if prune is not None and number == prune_after:
            learners = [twin for learner in learners for twin in _twins(learner, number, prune)]
        for learner in learners:
            learner.see(number, image, int(label))
        if progress is not None and (number + 1) % 100 == 0:
            accuracy = ", ".join(f"{np.mean(learner.right[-RECENT:]):.0%}" for learner in learners)
            progress(
                (number + 1) / len(images), f"input {number + 1:,} of {len(images):,}; right: {accuracy}"
            )
    return learners


def _twins(learner: Learner, number: int, below: float) -> Iterator[Learner]:
    twin = copy.deepcopy(learner)
    twin.name = f"{learner.name}, pruned"
    twin.prune(number, below)
    yield learner
    yield twin
