"""Credit: one window, whatever happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.schemas.errors import InvalidInput
from synaptarium.server.stream.credit import Credit

steps = st.lists(st.one_of(st.integers(1, 300), st.sampled_from(["ack one", "ack all"])), max_size=200)


@given(steps, st.integers(1, 8), st.integers(1, 500))
def test_window_is_never_exceeded_but_for_a_single_chunk(
    actions: list[int | str], max_chunks: int, max_bytes: int
) -> None:
    credit = Credit(max_chunks=max_chunks, max_bytes=max_bytes)
    flying: list[int] = []
    first = 1
    for action in actions:
        if isinstance(action, int):
            if not credit.has_room(action):
                continue
            credit.take(action)
            flying.append(action)
        elif flying:
            n = 1 if action == "ack one" else len(flying)
            first += n
            assert credit.acknowledge(first - 1) == n
            del flying[:n]
        assert credit.bytes_in_flight == sum(flying)
        assert credit.chunks_in_flight == len(flying) <= max_chunks
        assert sum(flying) <= max_bytes or len(flying) == 1


def test_old_acknowledgement_frees_nothing() -> None:
    credit = Credit(max_chunks=4, max_bytes=100)
    for _ in range(3):
        credit.take(10)

    assert (credit.acknowledge(2), credit.acknowledge(2), credit.acknowledge(1)) == (2, 0, 0)


def test_acknowledgement_of_what_was_never_sent_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Chunk 1 was acknowledged; the last one sent is 0"):
        Credit(max_chunks=4, max_bytes=100).acknowledge(1)
