"""Every module on ten million spikes: whatever the window, it answers and reads at most 4 MiB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import msgspec
import pytest

from synaptarium.adapters.generated import GeneratedSource
from synaptarium.adapters.generation import Generation
from synaptarium.adapters.layer_list import layer_list
from synaptarium.jobs.build import precompute
from synaptarium.modules.base import Module
from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.registry import Registry, answer_of
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Failure, decode_answer, encode_answer
from synaptarium.schemas.view_state import NeuronRef
from synaptarium.server.mongod import Mongod
from synaptarium.store import recordings, summaries
from synaptarium.store.database import connect, prepare
from synaptarium.store.importing import import_source

N_SPIKES = 10_000_000
WINDOWS_S = {"whole run": (0.0, 600.0), "a minute": (301.5, 361.5), "a blink": (417.0, 417.02)}
# Of the layer with most neurons, and of the one whose synapses change.
SELECTION = (
    NeuronRef(layer="a", neuron=17),
    NeuronRef(layer="a", neuron=18),
    NeuronRef(layer="out", neuron=3),
)


@pytest.fixture(scope="module")
def fresh_reader(mongod: Mongod) -> Iterator[Callable[[], RecordingReader]]:
    """``fresh_reader()`` has read nothing yet of a recording of ten million spikes with everything that modules show."""
    generation = Generation(
        layers=layer_list("input:28x28,a:8000,out:216"),
        seconds=600.0,
        spikes=N_SPIKES,
        fan_in=10,
        weights=500_000,
        stimuli=2_000,
        seed=1,
    )
    with closing(connect(mongod.uri, "large")) as store:
        prepare(store)
        id = import_source(store, GeneratedSource(generation)).id
        precompute(store, id, engine="local")
        recording = recordings.get(store, id)
        document = summaries.read(store, recording.num, "manifest", str(recording.build))
        manifest = msgspec.convert(document, Manifest)
        assert sum(recording.counts.spikes.values()) == N_SPIKES
        yield lambda: RecordingReader(store, recording, manifest)
        store.client.drop_database(store.name)


@pytest.mark.parametrize("window", WINDOWS_S)
@pytest.mark.parametrize("module", list(Registry()), ids=lambda module: module.name)
def test_module_reads_at_most_4_mib_of_ten_million_spikes(
    module: Module, window: str, fresh_reader: Callable[[], RecordingReader]
) -> None:
    start_s, stop_s = WINDOWS_S[window]
    asked = TimeWindow(t_start_us=round(start_s * 1e6), t_stop_us=round(stop_s * 1e6))
    drawn = False
    for selection in ((), SELECTION):
        reader = fresh_reader()

        answer, columns = answer_of(module, reader, asked, selection, {})

        assert answer.panels
        assert not [panel for panel in answer.panels if isinstance(panel, Failure)], answer.panels
        assert all(panel.title for panel in answer.panels)
        assert reader.bytes_read <= BUDGET_BYTES
        assert decode_answer(encode_answer(answer, columns).to_pybytes())[0] == answer
        drawn = drawn or any(not panel.empty for panel in answer.panels)
    # Some ask for a selection, some for a stretch of the run, some for more than a blink.
    assert drawn or window != "a minute"
