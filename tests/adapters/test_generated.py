"""Generated recordings: exact totals, equal data from equal seeds, the rates that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list
from synaptarium.schemas.errors import InvalidInput


def make(layers: str = "in:4x4,one:1", **given: object) -> GeneratedSource:
    return GeneratedSource(Generation(layers=layer_list(layers), **given))  # type: ignore[arg-type]


def spikes(source: GeneratedSource, start: int | None = None, stop: int | None = None):
    batches = list(source.read("spikes", "", start, stop))
    if not batches:
        return np.zeros(0, np.int64), np.zeros(0, np.uint32)
    return tuple(np.concatenate([batch[k].to_numpy() for batch in batches]) for k in range(2))


def test_spikes_are_as_many_as_asked_for_over_several_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synaptarium.adapters.generated.SLICE_EVENTS", 1000)
    source = make("in:7x9,one:1,out:30", spikes=12_345, seconds=3.0, rates_hz=(1.0, 100.0, 2.0))

    time_us, neuron = spikes(source)

    # 63 + 100 + 60 shares of 12,345.
    counts = source.counts().spikes
    assert list(counts.values()) == [3488, 5535, 3322]
    assert [int(((neuron >= a) & (neuron < b)).sum()) for a, b in ((0, 63), (63, 64), (64, 94))] == [
        3488,
        5535,
        3322,
    ]
    assert (np.diff(time_us) >= 0).all() and time_us[0] >= 0 and time_us[-1] < 3_000_000


def test_any_moment_is_read_without_the_run_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synaptarium.adapters.generated.SLICE_EVENTS", 1000)
    source = make(spikes=5000, seconds=2.0)
    time_us, neuron = spikes(source)

    part_us, part = spikes(make(spikes=5000, seconds=2.0), 700_001, 1_300_000)

    inside = (time_us >= 700_001) & (time_us < 1_300_000)
    assert part_us.tolist() == time_us[inside].tolist()
    assert part.tolist() == neuron[inside].tolist()


def test_seed_decides_the_data_and_the_fingerprint() -> None:
    one, same, other = (make(spikes=500, seed=seed) for seed in (1, 1, 2))

    assert spikes(one)[0].tolist() == spikes(same)[0].tolist() != spikes(other)[0].tolist()
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()


def test_rates_of_neurons_are_lognormal_with_the_sigma_asked_for() -> None:
    _, neuron = spikes(make("a:2000", spikes=2_000_000, seconds=100.0, sigma=0.5))

    log_rate = np.log(np.bincount(neuron, minlength=2000).clip(1))
    assert abs(log_rate.std() - 0.5) < 0.08
    _, equal = spikes(make("a:100", spikes=100_000, sigma=0.0))
    assert np.bincount(equal).min() > 850  # five standard deviations below 1000


def test_population_oscillates_and_bursts() -> None:
    time_us, _ = spikes(
        make("a:10", spikes=200_000, seconds=10.0, oscillation_hz=2.0, depth=1.0, bursts_hz=0.0)
    )
    phase = np.bincount((time_us % 500_000) // 50_000)
    time_us, _ = spikes(make("a:10", spikes=200_000, seconds=10.0, depth=0.0, bursts_hz=0.5, burst_gain=9.0))
    per_10_ms = np.bincount(time_us // 10_000, minlength=1000)

    # sin is highest at a quarter of a period, lowest at three quarters.
    assert phase[2] > 1.7 * phase.mean() and phase[7] < 0.15 * phase.mean()
    # Five bursts of 50 ms, nine times the rate: 4 or 5 whole bins each.
    assert 20 <= int((per_10_ms > 4 * np.median(per_10_ms)).sum()) <= 30


def test_weights_begin_with_every_synapse_and_then_change() -> None:
    source = make("a:20,b:5", fan_in=4, weights=300, seconds=1.0)
    batches = list(source.read("weights", "a -> b"))
    time_us = np.concatenate([batch[0].to_numpy() for batch in batches])
    synapse = np.concatenate([batch[1].to_numpy() for batch in batches])
    value = np.concatenate([batch[2].to_numpy() for batch in batches])

    assert synapse[:20].tolist() == list(range(20)) and not time_us[:20].any()
    assert len(synapse) == source.counts().weights["a -> b"] == 320
    # A change late in the run lies further from the first value than the noise of 0.01.
    late = time_us > 800_000
    assert np.abs(value[late] - value[synapse[late]]).max() > 0.05


def test_a_single_layer_projects_onto_itself() -> None:
    source = make("a:6", fan_in=2)

    pre, post, _ = source.synapses("a -> a")

    assert pre.max() < 6
    assert post.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_a_million_neurons_and_one_fit_in_one_recording() -> None:
    source = make("everybody:1000x1000,one:1", spikes=200_000, seconds=1.0, rates_hz=(1.0, 1e5))

    assert source.counts().spikes == {"everybody": 181818, "one": 18182}
    assert np.unique(spikes(source)[1]).size > 100_000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("in put:2x3,ä:1", [("in put", (2, 3)), ("ä", (1,))]),
        ("a,b:3,c:d:4", [("a,b", (3,)), ("c:d", (4,))]),
    ],
)
def test_layer_lists_take_odd_names(text: str, found: list[tuple[str, tuple[int, ...]]]) -> None:
    assert [(layer.name, layer.shape) for layer in layer_list(text)] == found


@pytest.mark.parametrize("text", ["", "a", "a:0", "a:3x", "a:2,a:3", "a:70000x70000", ":3"])
def test_layer_lists_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        layer_list(text)


@pytest.mark.parametrize(
    "given",
    [
        {"spikes": -1},
        {"seconds": 0.0},
        {"seconds": float("nan")},
        {"depth": 1.5},
        {"rates_hz": (1.0, 2.0, 3.0)},
        {"rates_hz": (-1.0,)},
        {"weights": 5},
        {"bursts_hz": 100.0},
        {"bin_us": 0},
        {"sigma": float("inf")},
        {"potentials": -1},
        {"potentials": 1, "sampling_us": 0},
    ],
)
def test_generations_that_make_no_sense_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        make(**given)


def potentials(source: GeneratedSource, start: int | None = None, stop: int | None = None):
    batches = list(source.read("potentials", "v", start, stop))
    return tuple(np.concatenate([batch[k].to_numpy() for batch in batches]) for k in range(3))


def test_potentials_are_reset_by_each_spike_and_climb_again() -> None:
    source = make("in:10,out:2", spikes=600, seconds=2.0, potentials=3, sampling_us=500)

    time_us, neuron, value = potentials(source)

    # 4000 samples of three of ten neurons and of both of two.
    assert source.counts().potentials == {"v/in": 12_000, "v/out": 8_000}
    assert source.recorded("in", "v").tolist() == [0, 3, 6]
    assert [(one.layer, one.n_recorded, one.sampling_period_us) for one in source.describe().potentials] == [
        ("in", 3, 500),
        ("out", 2, 500),
    ]
    assert len(value) == 20_000 and (np.diff(time_us) >= 0).all()
    assert set(neuron.tolist()) == {0, 3, 6, 10, 11}
    spiked_us, by = spikes(source)
    for one in (0, 11):
        fired = spiked_us[by == one]
        at = np.searchsorted(fired, time_us[neuron == one], side="right")
        since_us = time_us[neuron == one] - fired[np.maximum(at - 1, 0)]
        mine = value[neuron == one]
        assert (np.abs(mine[(at > 0) & (since_us < 500)] + 70) < 1.5).all()  # reset, and noise of 1 mV
        halfway = (at > 0) & (np.abs(since_us - 20_000 * np.log(2)) < 250)
        assert (np.abs(mine[halfway] + 62.5) < 1.5).all()
        assert (np.abs(mine[(at == 0) | (since_us > 150_000)] + 55) < 1.1).all()


def test_a_moment_of_potentials_is_as_in_the_whole_run(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = potentials(make(spikes=900, seconds=2.0, potentials=2))
    monkeypatch.setattr("synaptarium.adapters.generated_potentials.BATCH_ROWS", 50)

    part = potentials(make(spikes=900, seconds=2.0, potentials=2), 700_001, 1_300_000)

    inside = (whole[0] >= 700_001) & (whole[0] < 1_300_000)
    for ours, theirs in zip(part, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs[inside])
