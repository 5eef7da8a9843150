"""What a generated recording is made of: everything that decides its data."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import Layer

#: A spike in every microsecond.
_HIGHEST_RATE_HZ = 1_000_000


@dataclass(frozen=True)
class Generation:
    """What to generate.

    Parameters
    ----------
    layers : tuple of Layer
        In order, e.g. from :func:`~synaptarium.adapters.layer_list.layer_list`.
    seconds : float
        Length of the run.
    spikes : int or None
        Spikes in all; None takes ``rates_hz``.
    rates_hz : tuple of float
        Mean rate of each layer, or one for all; with ``spikes``, their ratios only.
    seed : int
        Equal parameters and seed give equal data.
    sigma : float
        Standard deviation of the logarithm of the rates across the neurons of a layer; 0 makes them equal.
    oscillation_hz, depth : float
        The population rate is multiplied by 1 + depth sin(2 pi oscillation_hz t); depth is 0 to 1.
    bursts_hz, burst_ms, burst_gain : float
        Bursts per second, their length, and the factor on the population rate during one.
    fan_in : int
        Synapses onto each neuron of a layer from the layer before it (a single layer: from itself).
    weights : int
        Weight changes in all, beside each synapse's first value.
    stimuli : int
        Presentations, of ten classes.
    potentials : int
        Neurons of each layer whose membrane potential is recorded, evenly spread; all where a layer has fewer.
    sampling_us : int
        Microseconds between two values of a potential.
    bin_us : int
        Width of a frame.
    name : str
        Of the recording.
    """

    layers: tuple[Layer, ...]
    seconds: float = 10.0
    spikes: int | None = None
    rates_hz: tuple[float, ...] = (5.0,)
    seed: int = 0
    sigma: float = 1.0
    oscillation_hz: float = 8.0
    depth: float = 0.5
    bursts_hz: float = 0.2
    burst_ms: float = 50.0
    burst_gain: float = 4.0
    fan_in: int = 0
    weights: int = 0
    stimuli: int = 0
    potentials: int = 0
    sampling_us: int = 1000
    bin_us: int = 1000
    name: str = "generated"

    def __post_init__(self) -> None:
        for field, least in (
            ("spikes", 0), ("seed", 0), ("sigma", 0), ("oscillation_hz", 0), ("bursts_hz", 0), ("fan_in", 0),
            ("weights", 0), ("stimuli", 0), ("potentials", 0), ("sampling_us", 1), ("bin_us", 1), ("burst_gain", 1),
        ):  # fmt: skip
            value = getattr(self, field)
            if value is not None and not (least <= value < math.inf):
                raise InvalidInput(f"{field} is {value}.", hint=f"Give {least} or more.", where=field)
        if not 1e-3 <= self.seconds <= 1e9:
            raise InvalidInput(
                f"A run of {self.seconds} s was asked for.", hint="Give 0.001 to 1e9 s.", where="seconds"
            )
        self._check_spikes()
        if not 0 <= self.depth <= 1:
            raise InvalidInput(f"depth is {self.depth}.", hint="Give 0 to 1.", where="depth")
        if self.bursts_hz and not 0 < self.burst_ms * self.bursts_hz <= 500:
            raise InvalidInput(
                f"Bursts of {self.burst_ms} ms, {self.bursts_hz} a second, leave no room between them.",
                hint="They may fill half of the time.",
                where="burst_ms",
            )
        for rate_hz in self.rates_hz:
            if not 0 <= rate_hz <= _HIGHEST_RATE_HZ:
                raise InvalidInput(
                    f"A rate of {rate_hz:g} Hz was asked for.",
                    hint=f"Give 0 to {_HIGHEST_RATE_HZ:,} Hz.",
                    where="rates_hz",
                )
        if len(self.rates_hz) not in (1, len(self.layers)):
            raise InvalidInput(
                f"{len(self.rates_hz)} rates were given for {len(self.layers)} layers.",
                hint="Give one rate, or one for each layer, in Hz.",
                where="rates_hz",
            )
        if self.weights and not self.fan_in:
            raise InvalidInput(
                f"{self.weights} weight changes were asked for without synapses.",
                hint="Give fan_in, the synapses onto each neuron.",
                where="fan_in",
            )

    def _check_spikes(self) -> None:
        neurons = sum(layer.neurons for layer in self.layers)
        most = int(neurons * self.seconds * _HIGHEST_RATE_HZ)
        if self.spikes is not None and self.spikes > most:
            raise InvalidInput(
                f"{self.spikes:,} spikes of {neurons:,} neurons in {self.seconds:g} s were asked for.",
                hint=f"Times are whole microseconds: at most {most:,} spikes fit; give more neurons or a longer run.",
                where="spikes",
            )
