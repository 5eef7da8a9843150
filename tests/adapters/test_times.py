from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.adapters.times import Rounding, microseconds, suggest_bin_us
from synaptarium.schemas.errors import InvalidTime


@given(st.lists(st.integers(0, 10**13), max_size=20))
def test_whole_microseconds_survive_every_unit(times_us: list[int]) -> None:
    rounding = Rounding()

    for scale_us in (1e3, 1e6):
        assert microseconds(np.array(times_us) / scale_us, scale_us, "t").tolist() == times_us
    assert microseconds(np.array(times_us, np.int64), 1.0, "t", rounding).tolist() == times_us
    assert rounding.moved == 0


def test_float_noise_is_no_rounding() -> None:
    rounding = Rounding()

    assert microseconds([22.900000000100004], 1e3, "t", rounding).tolist() == [22_900]
    assert rounding.moved == 0


def test_infinite_time_is_refused_by_name() -> None:
    with pytest.raises(InvalidTime, match=r"spikes\[1\] is inf"):
        microseconds([0.0, np.inf], 1.0, "spikes")


@pytest.mark.parametrize(
    ("times_us", "bin_us"),
    [
        ([0, 500, 1500], 500),
        ([0, 100_000, 300_000], 1000),
        ([3, 7, 11], 1000),
        ([], 1000),
        ([1000, 2000], 1000),
    ],
)
def test_bin_is_the_common_step_or_a_millisecond(times_us: list[int], bin_us: int) -> None:
    found, why = suggest_bin_us(np.array(times_us, np.int64), 0)

    assert found == bin_us
    assert "guess" in why
