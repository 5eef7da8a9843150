"""Headers are checked, messages survive their JSON and blocks their bytes; the TypeScript is current."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from synaptarium.schemas import events, messages
from synaptarium.schemas.documents import COLLECTIONS, validator
from synaptarium.schemas.errors import (
    InvalidInput,
    RecordingNotFound,
    SynaptariumError,
    UnknownLayer,
    error_body,
)
from synaptarium.schemas.manifest import levels_of, pack_presence, unpack_presence
from synaptarium.schemas.panels import Axis, Line, PanelAnswer, Series, decode_answer, encode_answer
from synaptarium.schemas.recording import (
    Header,
    Layer,
    Projection,
    Source,
    check_header,
    find_layer,
    n_frames,
)
from synaptarium.schemas.typescript import typescript
from synaptarium.schemas.view_state import NeuronRef, ViewState


def header(**changes: object) -> Header:
    layers = (
        Layer(name="in", neurons=4, shape=(2, 2), offset=0),
        Layer(name="näme with. $odd", neurons=1, shape=(1,), offset=4),
    )
    made = Header(
        name="x", bin_us=1000, t_start_us=0, t_stop_us=2500, layers=layers, source=Source(format="arrays")
    )
    return msgspec.structs.replace(made, **changes)


def test_good_header_passes_and_counts_its_frames() -> None:
    assert check_header(header()) == header()
    assert n_frames(header()) == 3
    assert find_layer(header(), "näme with. $odd").offset == 4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"layers": ()}, "no layers"),
        ({"bin_us": 0}, "bin_us is 0"),
        ({"t_stop_us": 0}, "empty"),
        ({"name": " "}, "no name"),
        ({"t_stop_us": 10**18}, "lasts 1,000,000,000,000 s, which is 1,000,000,000,000,000 bins of 1,000 us"),
        ({"layers": (Layer(name="a", neurons=2**33, shape=(2**33,), offset=0),)}, "8,589,934,592 neurons"),
        ({"layers": (Layer(name="a", neurons=5, shape=(2, 2), offset=0),)}, "5 neurons and the shape"),
        ({"layers": (Layer(name="a", neurons=4, shape=(4,), offset=1),)}, "starts at 1"),
        ({"layers": tuple(Layer(name="a", neurons=1, shape=(1,), offset=i) for i in range(2))}, "Two layers"),
    ],
)
def test_bad_header_is_refused_with_the_reason(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        check_header(header(**changes))


def test_projection_of_an_unknown_layer_names_the_known_ones() -> None:
    projection = Projection(
        name="p", source="in", target="out", kind="explicit", synapses=1, target_neurons=1
    )

    with pytest.raises(UnknownLayer, match="'out'") as caught:
        check_header(header(projections=(projection,)))
    assert "'in'" in caught.value.hint


def test_event_block_survives_and_refuses_foreign_columns() -> None:
    batch = pa.record_batch(
        {
            "time_us": pa.array([1, 5]),
            "neuron": pa.array([0, 3], pa.uint32()),
            "count": pa.array([1, 2], pa.uint16()),
        }
    )

    found = events.decode_block(events.encode_block("spikes", batch))

    assert found.to_pydict() == batch.to_pydict()
    with pytest.raises(ValueError, match="no column 'colour'"):
        events.conform("spikes", batch.append_column("colour", pa.array([1, 2])))
    with pytest.raises(ValueError, match="need the column 'neuron'"):
        events.conform("spikes", batch.drop_columns(["neuron"]))


def test_pruned_synapse_stays_null() -> None:
    batch = pa.record_batch(
        {
            "time_us": pa.array([1, 5]),
            "synapse": pa.array([0, 3], pa.uint32()),
            "value": pa.array([0.5, None], pa.float32()),
        }
    )

    assert events.decode_block(events.encode_block("weights", batch)).column("value").null_count == 1


@pytest.mark.parametrize("name", sorted(COLLECTIONS))
def test_every_validator_is_mongo_json_schema(name: str) -> None:
    text = str(validator(COLLECTIONS[name].document))

    assert "$ref" not in text and "'type'" not in text and "bsonType" in text


def test_answer_and_columns_travel_in_one_stream() -> None:
    panel = Series(
        id="s", title="Spikes", x="t", x_axis=Axis(label="time", unit="us"), y_axis=Axis(label="spikes"),
        lines=(Line(name="in", y="in", layer="in"),),
    )  # fmt: skip
    answer = PanelAnswer(module="general", t_start_us=0, t_stop_us=9, panels=(panel,))
    columns = {"t": np.array([0, 1]), "in": np.array([5, 6], np.uint16), "names": ["a", "ü"]}

    found, read = decode_answer(encode_answer(answer, columns).to_pybytes())  # type: ignore[arg-type]

    assert found == answer
    assert read["names"] == ["a", "ü"]
    assert read["in"].tolist() == [5, 6]  # type: ignore[union-attr]
    assert decode_answer(encode_answer(answer, {}).to_pybytes()) == (answer, {})


def test_view_state_leaves_defaults_out_and_survives() -> None:
    view = ViewState(recording="demo", t_us=5, selection=(NeuronRef(layer="in", neuron=3),))

    text = msgspec.json.encode(view)

    assert text == b'{"recording":"demo","t_us":5,"selection":[{"layer":"in","neuron":3}]}'
    assert msgspec.json.decode(text, type=ViewState) == view


@pytest.mark.parametrize("event", sorted(messages.FROM_CLIENT))
def test_client_messages_refuse_unknown_fields(event: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"nonsense": 1}, messages.FROM_CLIENT[event])


def test_errors_have_one_shape_and_hide_our_own_faults() -> None:
    told = error_body(
        RecordingNotFound("No recording 'x'.", hint="`synaptarium list` names them.", where="x")
    )

    assert (told.code, told.where) == ("recording_not_found", "x")
    assert "secret" not in error_body(KeyError("secret")).message


def test_every_error_has_a_code_of_its_own() -> None:
    def tree(kind: type[SynaptariumError]) -> list[type[SynaptariumError]]:
        return [kind, *(found for below in kind.__subclasses__() for found in tree(below))]

    codes = [
        kind.code for kind in tree(SynaptariumError) if kind.__name__ not in ("SynaptariumError", "Internal")
    ]
    assert len(codes) == len(set(codes))


def test_levels_end_where_the_run_fits_and_presence_survives() -> None:
    assert [level.frames for level in levels_of(1_426_001)] == [1_426_001, 89_126, 5_571, 349]
    present = np.arange(11) % 3 == 0
    np.testing.assert_array_equal(unpack_presence(pack_presence(present), 11), present)


def test_generated_typescript_is_current() -> None:
    path = Path(__file__).parents[2] / "static" / "src" / "net" / "messages.gen.ts"

    assert path.read_text(encoding="utf-8") == typescript(), (
        "run: python -m synaptarium.schemas.typescript > static/src/net/messages.gen.ts"
    )
