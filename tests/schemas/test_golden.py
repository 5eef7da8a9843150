"""The golden vectors decode to what they say, and today's encoder still makes the same bytes."""

from __future__ import annotations

import base64
import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synaptarium.schemas import chunks
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.sealing import Sealed, unseal

DATA = Path(__file__).parents[1] / "data"
MAKE = runpy.run_path(str(DATA / "make_golden.py"))
NAMES = sorted(MAKE["vectors"]())
DECODE = {
    "spikes": chunks.decode_spikes,
    "groups": chunks.decode_groups,
    "values": chunks.decode_values,
    "series": chunks.decode_series,
}


def read(name: str) -> Any:
    return json.loads((DATA / "golden" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_golden_vector_decodes_to_its_expectation(name: str) -> None:
    golden = read(name)

    payload = unseal(Sealed(base64.b64decode(golden["stored"]), golden["checksum"]))
    frames = vars(DECODE[golden["kind"]](payload))

    assert payload == base64.b64decode(golden["payload"])
    assert set(frames) == set(golden["expected"])
    for field, expected in golden["expected"].items():
        if isinstance(expected, list):
            wanted = np.array([np.nan if number is None else number for number in expected], np.float64)
            np.testing.assert_array_equal(frames[field].reshape(-1).astype(np.float64), wanted, err_msg=field)
        else:
            assert frames[field] == expected, field


@pytest.mark.parametrize("name", NAMES)
def test_encoder_makes_the_golden_bytes(name: str) -> None:
    assert MAKE["document"](name)["payload"] == read(name)["payload"]


def test_keys_pack_and_unpack_as_written() -> None:
    for each in read("keys"):
        key = ChunkKey(**each["key"])
        assert key.pack().hex() == each["hex"]
        assert ChunkKey.unpack(bytes.fromhex(each["hex"])) == key
