"""Which presentations are meant: those of a class, those that were read right, those that were read wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Choice = Literal["all", "class", "correct", "wrong"]


def chosen_presentations(
    labels: Sequence[str], predictions: Sequence[str], *, choice: Choice, name: str = ""
) -> NDArray[np.bool_]:
    """Return which presentations belong to a subset.

    A presentation is read right or wrong only where it has both a label and a prediction, so that "correct" and "wrong"
    share nothing and leave out what is not known.

    Parameters
    ----------
    labels, predictions : sequence of str, n long
        Empty where there is none.
    choice : {"all", "class", "correct", "wrong"}
        Which.
    name : str
        The class, where ``choice`` is "class".

    Returns
    -------
    (n,) bool

    Examples
    --------
    >>> labels, read = ["3", "7", "7", ""], ["3", "3", "", "7"]
    >>> [chosen_presentations(labels, read, choice=one).tolist() for one in ("correct", "wrong")]
    [[True, False, False, False], [False, True, False, False]]
    >>> chosen_presentations(labels, read, choice="class", name="7").tolist()
    [False, True, True, False]
    """
    label = np.asarray(labels, np.str_)
    if choice == "all":
        return np.ones(len(label), np.bool_)
    if choice == "class":
        return label == name
    read = np.asarray(predictions, np.str_)
    known = (label != "") & (read != "")
    return known & ((label == read) if choice == "correct" else (label != read))
