"""A spiking winner-take-all layer that learns from first spikes by STDP, in numpy.

Steps of 1 ms, `PRESENTED` of them for each image; all potentials are 0 when it appears.

**Input.** One neuron per pixel. A pixel brighter than `DARK` spikes once, the earlier the brighter (time to first spike).

**Neurons** integrate without leak: the potential is the sum of the weights of all pixels that have spiked. The first one
that reaches its threshold spikes (of several in one step, the one farthest above) and inhibits all others until the
image goes. So there is at most one output spike per image.

**STDP.** Only the neuron that spiked learns. Pixels that spiked before it are potentiated, all others are depressed:

    w += UP * (1 - w)      for pixels that spiked up to the step in which the threshold was reached
    w -= DOWN * w          for all others

Weights are multiples of 1/256, as the 8-bit synapses of neuromorphic chips are: a change that rounds to none is none, so a
field that has settled changes little. (Multiplicative, as in Querlioz, Bichler, Dollfus, Gamrat 2013,
doi:10.1109/TNANO.2013.2250995.)

**Homeostasis.** A spike raises the neuron's own threshold by `RISE` and lowers all by `RISE` / neurons, so that every neuron
gets its share; when none spikes, all thresholds fall by `SILENT_FALL`.

**Class of a neuron.** That of most images it spiked for, where older ones count less (half after `HALF_LIFE` spikes). The
label takes no part in learning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

PRESENTED = 20  # steps per image
LAST_STEP = 18  # no pixel spikes in this step or later
DARK = 50  # a pixel at most this bright does not spike
UP, DOWN = 1 / 16, 1 / 16
STEPS_OF_WEIGHT = 256
THRESHOLD, RISE, SILENT_FALL = 32.0, 0.1, 0.02
HALF_LIFE = 20
CLASSES = 10


@dataclass(frozen=True)
class Wave:
    """The input spikes of one image.

    Parameters
    ----------
    pixels : (n_spikes,) int64
        In order of their time.
    steps : (n_spikes,) int64
        Step of each, ascending.
    starts : (n_steps,) int64
        Where each step that has spikes begins in the other two.
    """

    pixels: I64
    steps: I64
    starts: I64

    def until(self, place: int) -> I64:
        """Return the pixels that spiked up to the step that begins at `starts[place]`, that step included."""
        following = place + 1
        return self.pixels[: self.starts[following] if following < len(self.starts) else None]


def wave(image: NDArray[np.uint8]) -> Wave:
    """Return the input spikes of an image.

    >>> wave(np.array([[0, 255], [60, 255]], np.uint8))
    Wave(pixels=array([1, 3, 2]), steps=array([ 0,  0, 13]), starts=array([0, 2]))
    """
    bright = np.flatnonzero(image.ravel() > DARK)
    steps = (255 - image.ravel()[bright].astype(np.int64)) * LAST_STEP // 256
    order = np.argsort(steps, kind="stable")
    steps = steps[order]
    first = np.ones(len(steps), bool)
    first[1:] = steps[1:] != steps[:-1]
    return Wave(bright[order], steps, np.flatnonzero(first))


class WinnerTakeAll:
    """The layer.

    Parameters
    ----------
    n_pixels, n_neurons : int
    seed : int
        Draws the weights at the start, uniform from 0.25 to 0.75.
    """

    def __init__(self, n_pixels: int, n_neurons: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        low, high = STEPS_OF_WEIGHT // 4, 3 * STEPS_OF_WEIGHT // 4
        steps = random.integers(low, high, (n_pixels, n_neurons), endpoint=True)
        self.weights: F32 = (steps / STEPS_OF_WEIGHT).astype(np.float32)
        self.exists = np.ones((n_pixels, n_neurons), bool)
        self.thresholds: F32 = np.full(n_neurons, THRESHOLD, np.float32)
        self.responses = np.zeros((n_neurons, CLASSES))

    def winner(self, seen: Wave) -> tuple[int, int] | None:
        """Return the neuron that spikes and the place of its step in `seen.starts`; None where no neuron reaches its threshold."""
        if not len(seen.pixels):
            return None
        potentials = np.cumsum(np.add.reduceat(self.weights[seen.pixels], seen.starts, axis=0), axis=0)
        above = potentials - self.thresholds
        reached = (above >= 0).any(axis=1)
        if not reached.any():
            return None
        place = int(reached.argmax())
        return int(above[place].argmax()), place

    def learn(self, neuron: int, early: I64) -> tuple[I64, F32]:
        """Apply STDP to the synapses of the neuron that spiked; return the pixels whose weights changed, and these weights."""
        before = self.weights[:, neuron]
        after = before * np.float32(1 - DOWN)
        after[early] = before[early] + np.float32(UP) * (1 - before[early])
        after = (np.rint(after * STEPS_OF_WEIGHT) / STEPS_OF_WEIGHT).astype(np.float32)
        after[~self.exists[:, neuron]] = 0
        changed = np.flatnonzero(after != before)
        self.weights[:, neuron] = after
        return changed, after[changed]

    def balance(self, neuron: int | None) -> None:
        """Move the thresholds after an image for which a neuron, or none, spiked."""
        if neuron is None:
            self.thresholds -= SILENT_FALL
            return
        self.thresholds -= RISE / len(self.thresholds)
        self.thresholds[neuron] += RISE

    def answer(self, neuron: int) -> int:
        """Return the class that a neuron stands for, -1 where it never spiked."""
        return int(self.responses[neuron].argmax()) if self.responses[neuron].any() else -1

    def note(self, neuron: int, label: int) -> None:
        """Count a spike of a neuron for the class of the image."""
        self.responses[neuron] *= 0.5 ** (1 / HALF_LIFE)
        self.responses[neuron, label] += 1

    def prune(self, below: float) -> tuple[I64, I64]:
        """Remove all synapses weaker than a weight; return their pixels and neurons."""
        pixels, neurons = np.nonzero(self.exists & (self.weights < below))
        self.exists[pixels, neurons] = False
        self.weights[pixels, neurons] = 0
        return pixels, neurons

    def accuracy(self, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> float:
        """Return the part of images whose class the network tells, without learning from them."""
        right = 0
        for image, label in zip(images, labels, strict=True):
            found = self.winner(wave(image))
            right += found is not None and self.answer(found[0]) == label
        return right / len(labels)
