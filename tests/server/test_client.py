"""The Python client against a real server."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from synaptarium.client import Client
from synaptarium.schemas.chunks import SpikeFrames, ValueFrames
from synaptarium.schemas.errors import ChunkNotFound, InvalidInput, RecordingNotFound, StoreUnavailable
from synaptarium.schemas.messages import RecordingSummary
from synaptarium.schemas.panels import Series
from synaptarium.schemas.view_state import NeuronRef
from synaptarium.store.database import Store

from .conftest import Serve, add, everything


@pytest.fixture
def client(store: Store, serve: Serve) -> Client:
    """A client of a server with one recording, ``small``."""
    add(store, everything())
    return Client(serve()[1])


def test_client_reads_a_recording(client: Client) -> None:
    (summary,) = client.recordings()

    assert isinstance(summary, RecordingSummary)
    assert client.info("small")["name"] == "small"
    assert [layer.name for layer in client.network("small").layers] == ["input", "output"]
    assert client.positions("small").shape == (814, 3)
    assert list(client.synapses("small", "input/output")) == ["pre", "post"]
    assert client.stimuli("small").num_rows == 8
    assert client.metrics("small").num_rows == 8
    assert client.overview("small", columns=300).total[1].sum() == 30 * 30 * 4
    assert client.health().recordings == 1
    assert client.modules()[0].name == "general"


def test_client_decodes_chunks(client: Client) -> None:
    manifest = client.manifest("small")

    spikes = client.chunk("small", "spikes", level=0, tile=0, chunk=0, manifest=manifest)
    weights = client.chunk("small", "weights", level=0, tile=2, chunk=0, manifest=manifest)

    assert isinstance(spikes, SpikeFrames)
    assert spikes.ids.max() < 784
    assert isinstance(weights, ValueFrames)
    assert len(weights.keyframe) == 784 * 30


def test_client_asks_a_module(client: Client) -> None:
    answer, columns = client.module("small", "general", (0, 1_000_000), interval_ms=100)

    assert isinstance(answer.panels[0], Series)
    assert np.asarray(columns["spikes.t_us"]).tolist() == list(range(0, 1_000_000, 100_000))


def test_client_names_many_neurons_shortly(client: Client) -> None:
    (layer, *_) = client.network("small").layers

    answer, _ = client.module("small", "neuron", selection={layer.name: np.arange(3)})
    same, _ = client.module(
        "small", "neuron", selection=[NeuronRef(layer=layer.name, neuron=one) for one in range(3)]
    )

    assert isinstance(answer.panels[0], Series)
    assert [line.neuron for line in answer.panels[0].lines] == [0, 1, 2]
    assert answer == same


def test_client_raises_the_errors_of_the_server(client: Client) -> None:
    with pytest.raises(RecordingNotFound, match="no recording 'nobody'"):
        client.info("nobody")
    with pytest.raises(ChunkNotFound):
        client.chunk("small", "spikes", level=0, tile=0, chunk=999_999)
    with pytest.raises(InvalidInput, match="no stream 'smells'"):
        client.chunk("small", "smells", level=0, tile=0, chunk=0)


def test_client_raises_what_a_module_could_not_work_with(client: Client) -> None:
    with pytest.raises(InvalidInput, match="no parameter 'interval'") as caught:
        client.module("small", "general", interval=100)
    assert "interval_ms" in caught.value.hint


@pytest.mark.parametrize("url", ["", "nonsense", "127.0.0.1:8765", "ftp://host"])
def test_client_refuses_what_is_no_address(url: str) -> None:
    with pytest.raises(InvalidInput, match="is no address of a server"):
        Client(url)


def test_client_tells_that_no_server_runs() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        client = Client(f"http://127.0.0.1:{probe.getsockname()[1]}")

        with pytest.raises(StoreUnavailable, match="No server answers"):
            client.recordings()
        with pytest.raises(StoreUnavailable):
            client.open_stream()
