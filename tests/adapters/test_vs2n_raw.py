"""Documents decoded as matrices equal documents decoded one by one."""

from __future__ import annotations

from typing import Any

import bson
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.adapters.vs2n_documents import fields, from_dicts
from synaptarium.adapters.vs2n_raw import columns_of
from synaptarium.schemas.errors import InvalidInput

IDS = st.one_of(st.integers(0, 2**31 - 1), st.integers(2**31, 2**40))
TIMES = st.one_of(st.floats(0, 100), st.integers(0, 10**12))
SPIKES = st.fixed_dictionaries(
    {"T": TIMES, "i": st.fixed_dictionaries({"L": st.sampled_from(["Input", "a", "ü 1", ""]), "N": IDS})},
    optional={
        "Input": st.one_of(
            st.integers(0, 9), st.sampled_from(["0", "7"]), st.none(), st.just({"bsonType": "3"})
        ),
        "S": st.sampled_from([1, 2, 1.0]),
        "_id": st.just(bson.ObjectId()),
        "more": st.sampled_from(["x", True, [1, 2]]),
    },
)
WEIGHTS = st.fixed_dictionaries(
    {"T": TIMES, "L": st.sampled_from(["Layer1", "b"]), "C": IDS, "To": IDS},
    optional={
        "V": st.one_of(st.floats(-1, 1), st.none()),
        "index": st.one_of(st.none(), st.fixed_dictionaries({"x": IDS, "y": IDS})),
    },
)


def plain(values: Any) -> list[Any]:
    return values.tolist() if isinstance(values, np.ndarray) else list(values)


@pytest.mark.parametrize(("collection", "documents"), [("spikes", SPIKES), ("synapseWeight", WEIGHTS)])
@given(data=st.data())
def test_matrices_and_single_documents_agree(collection: str, documents: Any, data: st.DataObject) -> None:
    batch: list[dict[str, Any]] = data.draw(st.lists(documents, min_size=1, max_size=30))

    found = columns_of(collection, b"".join(map(bson.encode, batch)), "here")

    expected = from_dicts(collection, batch, "here")
    assert {name: plain(found[name]) for name in fields(collection)} == expected


def test_more_layouts_than_are_tried_are_decoded_one_by_one() -> None:
    batch = [{"T": 0.5, "L": "x" * (k % 100), "N": k, "V": 1.0} for k in range(300)]

    found = columns_of("potential", b"".join(map(bson.encode, batch)), "here")

    assert plain(found["L"]) == [one["L"] for one in batch]
    assert plain(found["N"]) == list(range(300))


def test_a_field_that_lacks_is_named() -> None:
    with pytest.raises(InvalidInput, match="'potential' lacks the field 'N'"):
        columns_of("potential", bson.encode({"T": 0.5, "L": "a", "V": 1.0}), "here")
