"""A chunk decodes to what was encoded, damaged ones say so, and the sizes stay near the entropy bound."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.schemas import chunks
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import GroupFrames, SeriesFrames, SpikeFrames, ValueFrames
from synaptarium.schemas.codecs import CODECS, Codec, choose_codec, decode_ids, encode_ids
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.quantised import Quantised
from synaptarium.schemas.sealing import Sealed, payload_of, seal, unseal

tiles = st.sampled_from([1, 2, 7, 8, 9, 64, 255, 256, 257, 1000, 65535, 65536])


@st.composite
def frames_of_ids(draw: st.DrawFn) -> tuple[int, np.ndarray, np.ndarray]:
    n_items = draw(tiles)
    rows = draw(st.lists(st.sets(st.integers(0, n_items - 1), max_size=20), min_size=1, max_size=12))
    n = np.array([len(row) for row in rows], np.uint32)
    ids = np.array([each for row in rows for each in sorted(row)], np.uint32)
    return n_items, n, ids


@given(frames_of_ids(), st.sampled_from(CODECS))
def test_ids_survive_every_codec(frames: tuple[int, np.ndarray, np.ndarray], codec: Codec) -> None:
    n_items, n, ids = frames

    coded = encode_ids(n, ids, n_items=n_items, codec=codec)

    assert coded.offsets[-1] == len(coded.data)
    np.testing.assert_array_equal(decode_ids(n, coded, n_items=n_items, codec=codec), ids)


@given(frames_of_ids(), st.integers(1, 70000), st.integers(0, 10**6))
def test_spike_chunk_survives(frames: tuple[int, np.ndarray, np.ndarray], top: int, first_frame: int) -> None:
    n_items, n, ids = frames
    counts = (ids * 31 % top + 1).astype(np.uint32)

    found = chunks.decode_spikes(
        chunks.encode_spikes(SpikeFrames(first_frame, n_items, n, ids, counts), level=1)
    )

    np.testing.assert_array_equal(found.n, n)
    np.testing.assert_array_equal(found.ids, ids)
    np.testing.assert_array_equal(counts if found.counts is not None else np.ones_like(counts), counts)
    assert (found.first_frame, found.n_neurons) == (first_frame, n_items)


@given(frames_of_ids(), st.floats(-1e3, 1e3, width=32), st.floats(0.5, 1e3, width=32))
def test_values_survive_within_half_a_step(
    frames: tuple[int, np.ndarray, np.ndarray], low: float, width: float
) -> None:
    n_items, n, ids = frames
    last = (low + width * (ids % 97) / 97).astype(np.float32)
    keyframe = np.full(n_items, np.nan, np.float32)
    keyframe[::2] = low
    quantised = Quantised("u16", width / 65534, low)

    found = chunks.decode_values(
        chunks.encode_values(ValueFrames(5, keyframe, n, ids, last), quantised, level=0)
    )

    np.testing.assert_array_equal(found.ids, ids)
    bound = quantised.scale / 2 + 1e-4 * max(1.0, abs(low) + width) / 100
    np.testing.assert_allclose(found.last, last, rtol=0, atol=bound)
    np.testing.assert_array_equal(np.isnan(found.keyframe), np.isnan(keyframe))


def test_group_and_series_chunks_survive() -> None:
    groups = GroupFrames(3, 200, np.arange(12, dtype=np.uint32).reshape(3, 4) * 30000)
    series = SeriesFrames(
        2,
        np.array([2.0**52, 0.0]),
        np.array([1, 0], np.uint32),
        np.array([9, 0], np.uint32),
        np.array([2, 0], np.uint32),
    )

    found_groups = chunks.decode_groups(chunks.encode_groups(groups, level=1))
    found_series = chunks.decode_series(chunks.encode_series(series, level=1))

    np.testing.assert_array_equal(found_groups.counts, groups.counts)
    for name, value in vars(series).items():
        np.testing.assert_array_equal(getattr(found_series, name), value)


def test_binary_columns_alias_the_payload_and_are_aligned() -> None:
    frames = SpikeFrames(0, 100, np.array([2, 1], np.uint32), np.array([1, 50, 7], np.uint32))
    payload = chunks.encode_spikes(frames, level=0)

    with pa.ipc.open_stream(payload) as reader:
        column = reader.read_next_batch().column("spikes")

    for buffer in column.buffers()[1:]:
        assert buffer.address % 8 == payload.address % 8
        assert payload.address <= buffer.address < payload.address + payload.size


@pytest.mark.parametrize(
    ("density", "ratio"), [(0.0005, 1.25), (0.005, 1.1), (0.01, 1.1), (0.05, 1.1), (0.2, 1.1)]
)
def test_stored_spikes_are_near_the_entropy_bound(density: float, ratio: float) -> None:
    # The sparsest chunk pays for its rows: 8 bytes a frame of 33 spikes before compression.
    rng = np.random.default_rng(3)
    n_frames = int(min(1024, 200 / density))
    rows = [np.unique(rng.integers(0, 65536, rng.binomial(65536, density))) for _ in range(n_frames)]
    n, ids = np.array([len(row) for row in rows], np.uint32), np.concatenate(rows).astype(np.uint32)
    p = len(ids) / (n_frames * 65536)
    bound_bytes = (n_frames * 65536) * -(p * np.log2(p) + (1 - p) * np.log2(1 - p)) / 8

    stored = seal(chunks.encode_spikes(SpikeFrames(0, 65536, n, ids), level=0)).stored

    assert len(stored) / bound_bytes < ratio


@pytest.mark.parametrize(
    ("density", "codec"), [(0.002, "gap16"), (0.0025, "gap8"), (0.12, "gap8"), (0.13, "bitmap")]
)
def test_density_chooses_the_codec(density: float, codec: str) -> None:
    assert choose_codec(round(density * 100_000), 10, 10_000) == codec


def test_damaged_bytes_are_refused() -> None:
    sealed = seal(chunks.encode_series(SeriesFrames(0, np.zeros(3)), level=0))
    flipped = bytearray(sealed.stored)
    flipped[20] ^= 1

    with pytest.raises(CorruptData, match="checksum"):
        unseal(Sealed(bytes(flipped), sealed.checksum))


def test_future_format_and_foreign_kind_are_told() -> None:
    batch = pa.record_batch([pa.array([1.0])], names=["sum"])
    future = batch.replace_schema_metadata({"kind": "series", "version": "99"})

    with pytest.raises(CorruptData, match="version 99"):
        chunks.decode_series(payload_of(future))
    with pytest.raises(CorruptData, match="spikes chunk was asked for"):
        chunks.decode_spikes(chunks.encode_series(SeriesFrames(0, np.zeros(3)), level=0))
    with pytest.raises(CorruptData, match="no Arrow stream"):
        chunks.decode_spikes(b"not arrow")


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_without_a_crash(junk: bytes) -> None:
    with pytest.raises(CorruptData):
        chunks.decode_spikes(junk)


numbers = st.tuples(
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(0, 255),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**24 - 1),
)


@given(numbers, numbers)
def test_keys_sort_as_their_bytes(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    first, second = ChunkKey(*one), ChunkKey(*other)

    assert (first < second) == (first.pack() < second.pack())
    assert ChunkKey.unpack(first.pack()) == first
