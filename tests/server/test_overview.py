"""The overview: any window at any zoom counts every spike, in a small answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pyarrow as pa
import pytest
import requests

from synaptarium.adapters.arrays import arrays_source
from synaptarium.client import Client, Overview
from synaptarium.client.overview import overview_of
from synaptarium.schemas.manifest import Manifest, levels_of
from synaptarium.server.routes.overview import MAX_ANSWER_BYTES, Frames, fitted
from synaptarium.store.database import Store

from .conftest import SECONDS, Serve, add, everything

STOP_US = SECONDS * 1_000_000


@pytest.fixture
def client(store: Store, serve: Serve) -> Client:
    """A client of a server with ``small``: two layers, 4,000 bins."""
    add(store, everything())
    return Client(serve()[1])


def counted(
    overview: Overview, layer: str, offset: int, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sums and extremes of the columns, counted from the source."""
    per_bin = np.zeros(STOP_US // 1000 + 4096, np.int64)
    for batch in everything().read("spikes", "", None, None):
        neuron = batch.column("neuron").to_numpy()
        inside = (neuron >= offset) & (neuron < offset + size)
        np.add.at(per_bin, batch.column("time_us").to_numpy()[inside] // 1000, 1)
    bins = overview.column_us // 1000
    first = int(overview.t_us[0]) // 1000
    columns = [per_bin[first + n * bins : first + (n + 1) * bins] for n in range(len(overview.t_us))]
    # The last column ends with the run.
    inside_run = [part[: max(0, STOP_US // 1000 - first - n * bins)] for n, part in enumerate(columns)]
    return tuple(np.array([fold(part) for part in inside_run]) for fold in (np.sum, np.min, np.max))  # type: ignore[return-value]


@pytest.mark.parametrize(
    "window_us", [None, (0, STOP_US), (1_234_567, 1_300_000), (3_999_000, 4_000_000), (1_000_000, 3_100_000)]
)
@pytest.mark.parametrize("columns", [16, 100, 600])
def test_every_column_counts_its_spikes(
    client: Client, window_us: tuple[int, int] | None, columns: int
) -> None:
    overview = client.overview("small", window_us, columns=columns)

    for row, (layer, offset, size) in enumerate((("input", 0, 784), ("output", 784, 30))):
        total, minimum, maximum = counted(overview, layer, offset, size)
        np.testing.assert_array_equal(overview.total[row], total)
        np.testing.assert_array_equal(overview.minimum[row], minimum)
        np.testing.assert_array_equal(overview.maximum[row], maximum)
    start, stop = window_us or (0, STOP_US)
    assert overview.t_us[0] <= start
    assert overview.t_us[-1] + overview.column_us >= stop
    assert len(overview.t_us) <= columns + 1  # widened to whole columns


def test_columns_lie_where_they_always_lie(client: Client) -> None:
    first = client.overview("small", (1_000_000, 3_000_000), columns=100)
    moved = client.overview("small", (1_007_000, 3_007_000), columns=100)

    assert first.column_us == moved.column_us
    np.testing.assert_array_equal(first.total[:, 1:50], moved.total[:, 1:50])


def test_answer_is_small_however_many_layers(store: Store, serve: Serve) -> None:
    rng = np.random.default_rng(1)
    spikes = {
        f"layer {n}": (np.sort(rng.integers(0, 4_000, 20_000)) * 1000, rng.integers(0, 5, 20_000))
        for n in range(40)
    }
    layers = [{"name": name, "neurons": 5} for name in spikes]
    source = arrays_source("many", bin_us=1000, t_stop_us=STOP_US, layers=layers, spikes=spikes)
    add(store, source)
    url = serve()[1]

    answer = requests.get(f"{url}/api/recordings/many/overview?columns=4096")

    assert len(answer.content) <= 8192
    overview = Client(url).overview("many", columns=4096)
    assert len(overview.t_us) >= 20
    assert overview.total.sum(axis=1).tolist() == [20_000] * 40
    sums = requests.get(f"{url}/api/recordings/many/overview?columns=4096&values=sum")
    assert len(sums.content) <= 8192


@pytest.mark.parametrize(("most", "extremes"), [(1, True), (200, True), (200, False), (60_000, False)])
def test_a_thousand_layers_fit_by_summing_neighbours(most: int, extremes: bool) -> None:
    total = np.random.default_rng(2).integers(0, most, (1000, 4096))
    (level,) = [level for level in levels_of(4096) if level.level == 0]
    told = cast("Manifest", SimpleNamespace(t_start_us=0, bin_us=1000))

    def read(begin: int, end: int) -> Frames:
        return Frames(level, begin, *(total[:, begin:end] for _ in range(3)))

    data = fitted(told, read, level, (100, 4096), 600, extremes=extremes)

    assert len(data) <= MAX_ANSWER_BYTES
    overview = overview_of(next(iter(pa.ipc.open_stream(data))))
    each = overview.layers_a_row
    assert each > 1 and overview.minimum is None and overview.maximum is None
    assert 32 <= len(overview.t_us) <= 65 and len(overview.total) == -(-1000 // each)
    begin = int(overview.t_us[0]) // 1000
    assert begin <= 100
    rows = np.arange(0, 1000, each)
    np.testing.assert_array_equal(
        overview.total.sum(axis=1), np.add.reduceat(total[:, begin:].sum(axis=1), rows)
    )


def test_unchanged_overview_is_not_sent_again(client: Client) -> None:
    url = f"{client.url}/api/recordings/small/overview"
    tag = requests.get(url).headers["ETag"]

    assert requests.get(url, headers={"If-None-Match": tag}).status_code == 304
