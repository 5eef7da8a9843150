"""Which sort numpy is made to take: by the processor, and never against what is set already."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.kernels.processor import DISABLE, prefer_quick_sorts
from synaptarium.kernels.sorting import sort_in_place

FLAGS = "vendor_id\t: {}\nflags\t\t: fpu {}\n\nvendor_id\t: other\n"


@pytest.mark.parametrize(
    ("vendor", "flags", "chosen"),
    [
        ("AuthenticAMD", "avx2 avx512f", True),
        ("AuthenticAMD", "avx2", False),
        ("GenuineIntel", "avx2 avx512f", False),
    ],
)
def test_avx512_sorts_are_left_out_on_amd_only(tmp_path, vendor, flags, chosen) -> None:
    described = tmp_path / "cpuinfo"
    described.write_text(FLAGS.format(vendor, flags))
    environment: dict[str, str] = {}

    prefer_quick_sorts(environment, cpu_info=described)

    assert (DISABLE in environment) == chosen


def test_what_the_user_disabled_stays(tmp_path) -> None:
    described = tmp_path / "cpuinfo"
    described.write_text(FLAGS.format("AuthenticAMD", "avx512f"))
    environment = {DISABLE: ""}

    prefer_quick_sorts(environment, cpu_info=described)
    prefer_quick_sorts(missing := {}, cpu_info=tmp_path / "none")

    assert environment == {DISABLE: ""} and missing == {}


@pytest.mark.parametrize("dtype", [np.uint32, np.uint64])
def test_sort_in_place_sorts(dtype) -> None:
    values = np.random.default_rng(0).integers(0, 2**32, 1000).astype(dtype)
    expected = sorted(values.tolist())

    sort_in_place(values)

    assert values.tolist() == expected
