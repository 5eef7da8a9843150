"""The synapse module shows the weights that were recorded: equal to a replay of the events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules.chunk_choice import tiles_of
from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.selection import Selection
from synaptarium.modules.synapse import Params, compute
from synaptarium.modules.window import states_in
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Matrix, Panel

from .conftest import Read, empty

N_PRE, N_POST, STOP_US = 6, 3, 2_000_000


def events() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every weight is set at 0; then random ones change every 100 us."""
    generator = np.random.default_rng(7)
    n = N_PRE * N_POST
    times = np.concatenate((np.zeros(n, np.int64), np.arange(1000, STOP_US - 1000, 100)))
    ids = np.concatenate((np.arange(n), generator.integers(0, n, len(times) - n)))
    return times, generator.uniform(-1, 1, len(times)).astype(np.float32), ids


def source() -> Any:
    """Six presynaptic neurons in two rows of three, onto three; synapse = pre * 3 + post."""
    times, values, ids = events()
    return arrays_source(
        "weights",
        bin_us=1000,
        t_stop_us=STOP_US,
        layers=[{"name": "a", "neurons": N_PRE, "shape": (2, 3)}, {"name": "b", "neurons": N_POST}],
        projections=[
            {
                "name": "a/b",
                "source": "a",
                "target": "b",
                "pre": np.repeat(np.arange(N_PRE), N_POST),
                "post": np.tile(np.arange(N_POST), N_PRE),
            }
        ],
        spikes={"a": ([7000], [1])},
        weights={"a/b": (times, values, ids)},
    )


def replayed(t_us: int) -> np.ndarray:
    """Return the (pre, post) weights just before a moment."""
    times, values, ids = events()
    state = np.full(N_PRE * N_POST, np.nan)
    for time, value, id in zip(times, values, ids, strict=True):
        if time < t_us:
            state[id] = value
    return state.reshape(N_PRE, N_POST)


@pytest.fixture
def reader(read: Read) -> RecordingReader:
    """Changing weights."""
    return read(source())


def run(
    reader: RecordingReader, start_us: int, stop_us: int, *neurons: int, **params: Any
) -> tuple[dict[str, Panel], dict[str, Any]]:
    window = TimeWindow(t_start_us=start_us, t_stop_us=stop_us)
    selection = Selection([("b", np.array(neurons, np.int64))])
    found = compute(reader, window, selection, Params(**params))
    return {panel.id: panel for panel in found.panels}, found.columns


@pytest.mark.parametrize("t_us", [1000, 500_000, 1_234_000, STOP_US])
def test_field_equals_a_replay(reader: RecordingReader, t_us: int) -> None:
    panels, columns = run(reader, 0, t_us, 2)

    field = panels["field.2"]
    assert isinstance(field, Matrix)
    assert (field.rows, field.columns, field.scale) == (2, 3, "diverging")
    np.testing.assert_allclose(columns["field.2"], replayed(t_us)[:, 2], atol=1e-4)


def test_gallery_shows_every_field_now_and_at_the_end(reader: RecordingReader) -> None:
    panels, columns = run(reader, 0, 500_000)

    for id, t_us in (("now", 500_000), ("end", STOP_US)):
        gallery = panels[f"gallery.{id}"]
        assert isinstance(gallery, Matrix)
        wall = columns[f"gallery.{id}"].reshape(gallery.rows, gallery.columns)
        across = gallery.columns // 4
        for post in range(N_POST):
            row, column = 3 * (post // across), 4 * (post % across)
            field = wall[row : row + 2, column : column + 3]
            np.testing.assert_allclose(field.reshape(-1), replayed(t_us)[:, post], atol=1e-4)


def test_whole_run_needs_no_second_gallery(reader: RecordingReader) -> None:
    panels, _ = run(reader, 0, STOP_US)

    assert "gallery.end" not in panels


def test_course_equals_a_replay_at_its_times(reader: RecordingReader) -> None:
    _, columns = run(reader, 300_000, 700_000, 1)

    times = columns["course.0.t_us"]
    assert len(times) == 64
    for place in (0, 40, 63):
        weights = replayed(int(times[place]))
        np.testing.assert_allclose(columns["course.0.mean"][place], weights.mean(), atol=1e-4)
        np.testing.assert_allclose(columns["course.1.mean"][place], weights[:, 1].mean(), atol=1e-4)
        spread = columns["course.1.above"][place] - columns["course.1.mean"][place]
        np.testing.assert_allclose(spread, weights[:, 1].std(), atol=1e-4)
    histogram = columns["course.0.n"].reshape(-1, len(times))
    assert (histogram.sum(axis=0) == N_PRE * N_POST).all()


def test_states_with_gaps_are_those_of_a_replay(reader: RecordingReader) -> None:
    tiles = tiles_of(reader, "a/b", "projection")
    for budget_bytes in (BUDGET_BYTES, 40_000):
        frames, states = states_in(
            reader, "weights", "a/b", tiles, 200_000, 1_900_000, budget_bytes=budget_bytes, levels=(0,)
        )
        seen = [(frame, state.copy()) for frame, state in states]

        assert len(seen) == frames.covered.sum()
        for frame, state in seen[:: max(1, len(seen) // 5)]:
            t_us = int(frames.t_us[frame]) + frames.frame_us
            np.testing.assert_allclose(state, replayed(t_us).reshape(-1), atol=1e-4)


def test_size_of_the_fields_is_the_users(reader: RecordingReader) -> None:
    panels, _ = run(reader, 0, STOP_US, 0, width_px=6)

    field = panels["field.0"]
    assert isinstance(field, Matrix)
    assert (field.rows, field.columns) == (1, 6)
    with pytest.raises(InvalidInput, match="fewer than the 6 neurons"):
        run(reader, 0, STOP_US, 0, width_px=2, height_px=2)


def test_unknown_projection_is_told(reader: RecordingReader) -> None:
    with pytest.raises(InvalidInput, match="no projection 'b/a'"):
        run(reader, 0, STOP_US, projection="b/a")


def test_recording_without_weights_says_so(read: Read) -> None:
    panels, _ = run(read(empty()), 0, 1000)

    assert panels["distribution"].empty == "The recording has no weights."
