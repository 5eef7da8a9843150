from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pyarrow as pa
import pytest
from pymongo import MongoClient

from synaptarium.adapters.base import EventSource, open_source
from synaptarium.schemas.errors import (
    ForeignFile,
    InvalidInput,
    InvalidTime,
    NeuronOutOfRange,
    StoreUnavailable,
    SynaptariumError,
    TruncatedFile,
    UnknownLayer,
)
from synaptarium.schemas.events import EventKind
from synaptarium.server.mongod import Mongod


def rows(source: EventSource, kind: EventKind, stream: str = "") -> dict[str, list[Any]]:
    return pa.Table.from_batches(list(source.read(kind, stream))).to_pydict()


def told(source: EventSource, text: str) -> str:
    """The one note or reduction that has the text."""
    header = source.describe()
    entries = [
        *header.source.notes,
        *(f"{a.what}: {a.kept} of {a.total}; {a.why}" for a in header.accounting),
    ]
    found = [entry for entry in entries if text in entry]
    assert len(found) == 1, (text, entries)
    return found[0]


@pytest.mark.parametrize("unit", ["s", "us"])
def test_both_schemas_give_the_same_recording(write_vs2n: Any, unit: str) -> None:
    source = open_source(write_vs2n(unit))
    header, counts = source.describe(), source.counts()

    assert [(layer.name, layer.neurons, layer.shape) for layer in header.layers] == [
        ("Input", 16, (4, 4)),
        ("Layer 1", 3, (3,)),
    ]
    assert counts.spikes == {"Input": 80, "Layer 1": 10}
    assert counts.potentials == {"v/Layer 1": 6}
    assert counts.weights == {"Input -> Layer 1": 50}
    assert header.bin_us == 5000
    assert header.t_stop_us == 400_000
    assert header.source.details["accuracy_percent"] == "84.45"
    assert rows(source, "spikes")["time_us"][:4] == [0, 0, 5000, 10000]


def test_unit_name_shape_and_bin_are_told_as_guesses(write_vs2n: Any) -> None:
    source = open_source(write_vs2n("s"))

    assert "guess" in told(source, "times are seconds")
    assert "guess" in told(source, "'Input' is drawn as 4x4")
    assert "guess" in told(source, "bin_us = 5000")
    assert "'Layer 1'" in told(source, "'layer1' is read as")


def test_labels_end_at_the_next_start_and_duplicates_and_the_missing_one_are_told(write_vs2n: Any) -> None:
    source = open_source(write_vs2n("s"))

    assert rows(source, "stimuli") == {
        "t_start_us": [0, 100_000, 200_000],
        "t_stop_us": [100_000, 200_000, 300_000],
        "label": ["3", "0", "3"],
    }
    assert "3 of 4" in told(source, "repeat the number G")
    assert "about 1 presentations" in told(source, "the last label starts at 0.2 s")


@pytest.mark.parametrize("unit", ["s", "us"])
def test_disagreement_of_input_with_the_labels_is_counted(write_vs2n: Any, unit: str) -> None:
    source = open_source(write_vs2n(unit))

    # Each of the three labelled images lasts 20 input spikes; Input is the image before: 7, 3, 0 against 3, 0, 3.
    assert told(source, "whose Input is the label shown").startswith(
        "spikes whose Input is the label shown at their time: 0 of 6"
    )


def test_neuron_labels_come_with_their_method(write_vs2n: Any) -> None:
    source = open_source(write_vs2n("s"))
    header, labels = source.describe(), source.labels("Layer 1")

    assert header.classes == ("0", "3")
    assert labels is not None
    assert labels[0].tolist() == [1, -1, -1]
    assert "NLabel" in labels[1]


def test_weights_are_changes_between_the_inferred_layers(write_vs2n: Any) -> None:
    source = open_source(write_vs2n("s"))
    pre, post, _ = source.synapses("Input -> Layer 1")
    weights = rows(source, "weights", "Input -> Layer 1")

    assert len(pre) == 48
    assert "guess" in told(source, "come from 'Input'")
    assert [(pre[s], post[s]) for s in weights["synapse"][-2:]] == [(5, 1), (5, 1)]
    assert weights["value"][-2:] == [0.5, -0.25]
    assert weights["time_us"][-2:] == [100_000, 200_000]


def test_archi_decides_the_topology_and_unserved_connections_are_told(write_vs2n: Any) -> None:
    archi = [
        {
            "Layers": [
                {"L": "Input", "N": 16, "NT": "Poisson"},
                {"L": "Layer1", "N": 3, "NT": "LIF"},
                {"L": "Extra", "N": 20},
            ]
        },
        {
            "Synapses": [
                {"pre": "Extra", "post": "Layer1", "lr": "STDP", "trans": "dense"},
                {"pre": "Input", "post": "Layer1", "lr": "None", "trans": "one-to-one"},
            ]
        },
    ]
    source = open_source(write_vs2n("s", changes={"archi": archi}))
    header = source.describe()

    assert [layer.name for layer in header.layers] == ["Input", "Layer 1", "Extra"]
    assert [layer.neuron_type for layer in header.layers] == ["Poisson", "LIF", ""]
    assert [(one.source, one.target, one.learning_rule) for one in header.projections] == [
        ("Extra", "Layer 1", "STDP")
    ]
    assert "1 of 2" in told(source, "connections named in archi")
    assert "kept" in told(source, "'Extra' is in archi")


def test_index_may_be_missing(write_vs2n: Any) -> None:
    weights = [{"T": 0.0, "C": 15, "To": 0, "V": 1.0, "L": "Layer1"}]
    source = open_source(write_vs2n("s", changes={"synapseWeight": weights}))

    assert source.describe().layers[0].shape == (4, 4)
    assert "16 is a square" in told(source, "drawn as")
    assert "1 of 48 pairs" in told(source, "only those are synapses")


def test_labels_and_archi_are_optional(write_vs2n: Any) -> None:
    source = open_source(write_vs2n("s", changes={"labels": None}))

    assert source.counts().stimuli == 0
    assert "unknown" in told(source, "there are no labels")


def test_counts_of_s_are_multiplicities(write_vs2n: Any) -> None:
    spikes = [{"T": 0.005, "i": {"L": "Input", "N": 1}, "S": 3}, {"T": 0.01, "i": {"L": "Input", "N": 1}}]
    source = open_source(write_vs2n("s", changes={"spikes": spikes}))

    assert source.counts().spikes["Input"] == 4
    assert rows(source, "spikes")["count"] == [3, 1]


@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".jsonl.gz"])
def test_every_suffix_of_mongoexport_is_read(write_vs2n: Any, suffix: str) -> None:
    assert open_source(write_vs2n("us", suffix=suffix)).counts().spikes == {"Input": 80, "Layer 1": 10}


def test_extended_json_and_json_arrays_are_read(write_vs2n: Any) -> None:
    folder = write_vs2n("us")
    spikes = [
        {
            "_id": {"$oid": "6015ffc4dec986560a0709e5"},
            "T": {"$numberLong": "30000"},
            "i": {"L": "Input", "N": {"$numberInt": "7"}},
            "Input": {"bsonType": "3"},
        }
    ]
    (folder / "spikes.jsonl").write_text(json.dumps(spikes, indent=1))

    assert rows(open_source(folder), "spikes") == {"time_us": [30_000], "neuron": [7]}


def test_whole_seconds_written_without_a_point_are_recognised(write_vs2n: Any) -> None:
    # JavaScript writes 1.0 as 1: integers that as microseconds would end long before the spikes.
    weights = [{"T": t, "C": 0, "To": 0, "V": 0.5, "L": "Layer1"} for t in (0, 1, 2)]
    spikes = [{"T": 2.5, "i": {"L": "Input", "N": 1}}]
    source = open_source(write_vs2n("s", changes={"synapseWeight": weights, "spikes": spikes, "labels": []}))

    assert rows(source, "weights", "Input -> Layer 1")["time_us"] == [0, 1_000_000, 2_000_000]
    assert "that they are s and not us" in told(source, "times of synapseWeight are whole numbers")


def test_microseconds_written_as_doubles_are_recognised_by_their_length(write_vs2n: Any) -> None:
    spikes = [{"T": float(t), "i": {"L": "Input", "N": 1}} for t in (0, 15_000_000, 30_383_000)]
    others = {"potential": [], "synapseWeight": [], "labels": []}
    source = open_source(write_vs2n("us", changes={"spikes": spikes, **others}))

    assert rows(source, "spikes")["time_us"] == [0, 15_000_000, 30_383_000]
    assert "guess" in told(source, "times of spikes are whole numbers")


def test_the_unit_can_be_overridden(write_vs2n: Any) -> None:
    source = open_source(write_vs2n("us"), options={"time_unit": "ms"})

    assert rows(source, "spikes")["time_us"][-1] == 395_000_000
    assert told(source, "as asked")


def test_a_layer_name_can_be_mapped(write_vs2n: Any) -> None:
    spikes = [{"T": 0.0, "i": {"L": "retina", "N": 1}}]
    folder = write_vs2n("s", changes={"spikes": spikes})

    with pytest.raises(UnknownLayer, match="retina") as caught:
        open_source(folder).describe()
    assert "layer_names=retina=NAME" in caught.value.hint
    assert open_source(folder, options={"layer_names": "retina=Input"}).counts().spikes["Input"] == 1


@pytest.mark.parametrize("missing", ["info", "spikes", "potential", "synapseWeight"])
def test_a_missing_required_collection_is_named(write_vs2n: Any, missing: str) -> None:
    source = open_source(write_vs2n("s", changes={missing: None}))

    with pytest.raises(InvalidInput, match=f"without '{missing}'; found: .*labels") as caught:
        source.describe()
    assert caught.value.hint


def test_an_empty_collection_is_no_missing_one(write_vs2n: Any) -> None:
    source = open_source(write_vs2n("s", changes={"potential": [], "synapseWeight": []}))

    assert source.describe().potentials == source.describe().projections == ()
    assert told(source, "no membrane potentials")


BAD_SPIKES: dict[str, tuple[dict[str, Any], type[SynaptariumError], str]] = {
    "negative time": ({"T": -0.5, "i": {"L": "Input", "N": 0}}, InvalidTime, "negative"),
    "NaN time": ({"T": {"$numberDouble": "NaN"}, "i": {"L": "Input", "N": 0}}, InvalidTime, "finite"),
    "id": ({"T": 0.5, "i": {"L": "Layer1", "N": 130}}, NeuronOutOfRange, "neuron 130 of layer 'Layer 1'"),
    "no layer": ({"T": 0.5, "i": {"N": 1}}, InvalidInput, "Document 1 of spikes.jsonl"),
    "text for a time": (
        {"T": "soon", "i": {"L": "Input", "N": 0}},
        InvalidInput,
        "Document 1 of spikes.jsonl",
    ),
}


@pytest.mark.parametrize("case", BAD_SPIKES)
def test_a_bad_document_is_refused_in_one_sentence(write_vs2n: Any, case: str) -> None:
    document, error, message = BAD_SPIKES[case]

    with pytest.raises(error, match=message):
        open_source(write_vs2n("s", changes={"spikes": [document]})).describe()


def test_collections_in_different_units_are_refused(write_vs2n: Any) -> None:
    potential = [{"T": 5e8 + 0.5, "L": "Layer1", "N": 0, "V": 1.0}]

    with pytest.raises(InvalidTime, match="potential") as caught:
        open_source(write_vs2n("s", changes={"potential": potential})).describe()
    assert "time_unit" in caught.value.hint


def test_a_truncated_gzip_is_named(write_vs2n: Any) -> None:
    path = write_vs2n("s", suffix=".jsonl.gz") / "spikes.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-30])

    with pytest.raises(TruncatedFile, match=r"spikes\.jsonl\.gz is cut short"):
        open_source(path.parent).describe()


def test_a_line_cut_in_its_middle_is_named(write_vs2n: Any) -> None:
    path = write_vs2n("s") / "spikes.jsonl"
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(TruncatedFile, match=r"spikes\.jsonl ends in the middle of document 90"):
        open_source(path.parent).describe()


def test_a_file_that_is_no_gzip_is_named(write_vs2n: Any) -> None:
    folder = write_vs2n("s", changes={"spikes": None})
    (folder / "spikes.jsonl.gz").write_bytes(b"hello")

    with pytest.raises(InvalidInput, match="no gzip"):
        open_source(folder).describe()


def test_two_files_of_one_collection_are_refused(write_vs2n: Any) -> None:
    folder = write_vs2n("s")
    (folder / "spikes.json.gz").write_bytes(gzip.compress(b""))

    with pytest.raises(InvalidInput, match="Both"):
        open_source(folder)


# -- MongoDB ---------------------------------------------------------------------------------------------------


def load(mongod: Mongod, folder: Path, name: str) -> str:
    """Copy a folder into a database of the tests' MongoDB; return its address."""
    with MongoClient[dict[str, Any]](mongod.uri) as client:
        for path in folder.glob("*.jsonl"):
            documents = [json.loads(line) for line in path.read_text().splitlines()]
            client[name].create_collection(path.stem)
            if documents:
                client[name][path.stem].insert_many(documents)
    return f"{mongod.uri.rstrip('/')}/{quote_plus(name)}"


@pytest.mark.parametrize("unit", ["s", "us"])
def test_a_database_reads_as_the_folder_does(mongod: Mongod, write_vs2n: Any, unit: str) -> None:
    folder = write_vs2n(unit)
    source = open_source(load(mongod, folder, f"My-network-{unit}"))

    assert source.fingerprint() == open_source(folder).fingerprint()
    assert source.describe().source.format == "vs2n"


def test_a_database_is_never_written_to(mongod: Mongod, write_vs2n: Any) -> None:
    address = load(mongod, write_vs2n("s"), "untouched")
    with MongoClient[dict[str, Any]](mongod.uri) as client:

        def state() -> dict[str, Any]:
            database = client["untouched"]
            return {
                name: (list(database[name].find()), database[name].index_information())
                for name in sorted(database.list_collection_names())
            }

        before = state()
        source = open_source(address)
        source.fingerprint()
        assert state() == before


def test_a_database_without_a_collection_names_it(mongod: Mongod, write_vs2n: Any) -> None:
    folder = write_vs2n("s", changes={"spikes": None})

    with pytest.raises(InvalidInput, match="without 'spikes'; found: info, labels"):
        open_source(load(mongod, folder, "incomplete")).describe()


def test_a_document_of_the_database_without_a_field_names_it(mongod: Mongod, write_vs2n: Any) -> None:
    folder = write_vs2n("s", changes={"potential": [{"T": 0.5, "L": "Layer1", "V": 1.0}]})

    with pytest.raises(InvalidInput, match="'potential' lacks the field 'N'"):
        open_source(load(mongod, folder, "fieldless")).describe()


def test_an_address_without_a_database_lists_them(mongod: Mongod, write_vs2n: Any) -> None:
    load(mongod, write_vs2n("s"), "listed")

    with pytest.raises(InvalidInput, match="names no database") as caught:
        open_source(mongod.uri).describe()
    assert "listed" in caught.value.hint


def test_an_unreachable_mongodb_is_told_without_its_password() -> None:
    source = open_source("mongodb://me:secret@127.0.0.1:1/run?serverSelectionTimeoutMS=100")

    with pytest.raises(StoreUnavailable, match="does not answer") as caught:
        source.describe()
    assert "secret" not in str(caught.value) + caught.value.hint + caught.value.where


def test_a_malformed_address_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no address"):
        open_source("mongodb:///tmp/x.sock/run").describe()


def test_a_path_is_no_database_when_the_format_is_forced(tmp_path: Path) -> None:
    with pytest.raises(ForeignFile, match="no folder"):
        open_source(tmp_path / "nothing", format="vs2n")
