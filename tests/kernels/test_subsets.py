"""Subsets of presentations: a partition of what is known, whatever the labels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.kernels.subsets import chosen_presentations

NAMES = st.sampled_from(["", "0", "7", "class:7", "ü b", "wrong"])


@given(st.lists(st.tuples(NAMES, NAMES)))
def test_right_and_wrong_share_nothing_and_leave_out_what_is_not_known(pairs: list[tuple[str, str]]) -> None:
    labels, predictions = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    right = chosen_presentations(labels, predictions, choice="correct")
    wrong = chosen_presentations(labels, predictions, choice="wrong")
    known = np.array([bool(label and read) for label, read in pairs], np.bool_)
    assert not (right & wrong).any()
    np.testing.assert_array_equal(right | wrong, known)
    assert right.sum() == sum(1 for label, read in pairs if label and label == read)


@given(st.lists(NAMES))
def test_classes_share_nothing_and_make_up_all(labels: list[str]) -> None:
    parts = [chosen_presentations(labels, labels, choice="class", name=name) for name in sorted(set(labels))]
    total = np.sum(parts, axis=0) if parts else np.zeros(0)
    np.testing.assert_array_equal(total, chosen_presentations(labels, labels, choice="all"))


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1), st.randoms())
def test_order_does_not_matter(pairs: list[tuple[str, str]], random: object) -> None:
    order = list(range(len(pairs)))
    random.shuffle(order)  # type: ignore[attr-defined]
    for choice in ("correct", "wrong"):
        whole = chosen_presentations([a for a, _ in pairs], [b for _, b in pairs], choice=choice)
        moved = chosen_presentations(
            [pairs[i][0] for i in order], [pairs[i][1] for i in order], choice=choice
        )
        np.testing.assert_array_equal(moved, whole[order])
