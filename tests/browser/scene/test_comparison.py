"""Two moments and two recordings in the scene: beside each other and as a difference, cameras and playheads coupled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import ArraySource, arrays_source

pytestmark = pytest.mark.browser
Until = Callable[..., dict[str, Any]]
Rest = Callable[..., dict[str, Any]]

SIDE = 12


def square(
    name: str, odd: str, busy: range, weights: np.ndarray, *, neurons: int = SIDE * SIDE
) -> ArraySource:
    """Make a sheet of which the upper half spikes at 1 s and the lower one at 3 s; `busy` neurons of it spike at all."""
    half = neurons // 2
    upper, lower = [n for n in busy if n < half], [n for n in busy if n >= half]
    times = np.concatenate([np.full(len(upper), 1_000_000), np.full(len(lower), 3_000_000)])
    shape = {"shape": [SIDE, SIDE]} if neurons == SIDE * SIDE else {}
    return arrays_source(
        name,
        bin_us=1000,
        layers=[{"name": odd, "neurons": neurons, **shape}, {"name": "out", "neurons": 2}],
        spikes={odd: (times, np.array(upper + lower, np.int64))},
        projections=[{"source": odd, "target": "out", "name": "p ü"}],
        weights={"p ü": ([0, 2_000_000], weights[:, : 2 * neurons])},
        stimuli={
            "t_start": [900_000, 2_900_000],
            "t_stop": [1_100_000, 3_100_000],
            "labels": ["x", "y"],
            "predictions": ["x", "x"],
        },
        t_stop_us=4_000_000,
    )


@pytest.fixture(scope="module")
def addresses(viewed: Callable[[ArraySource], str]) -> dict[str, str]:
    """A run, the same one with the lower half silent and ten synapses pruned, and one of another size."""
    n = SIDE * SIDE
    weights = np.full((2, 2 * n), 0.5)
    weights[1, :5] = 0.9
    pruned = weights.copy()
    pruned[:, 10:20] = np.nan
    odd = 'läyer "1"/<b>'
    return {
        "normal": viewed(square("normal", odd, range(n), weights)),
        "pruned": viewed(square("pruned", odd, range(n // 2), pruned)),
        "larger": viewed(square("larger", odd, range(4), np.full((2, 800), 0.5), neurons=400)),
    }


def opened(page: Page, address: str, query: str, rest: Rest, wait_until: Until) -> dict[str, Any]:
    page.goto(f"{address}?{query}")
    page.evaluate("window.synaptarium.ready")
    wait_until(lambda state: (state["comparison"] or {}).get("frameLoaded") is True)
    return rest()


def light(page: Page, x: float, y: float) -> tuple[int, int, int]:
    """Mean colour of the 5 x 5 pixels around a CSS pixel of the scene."""
    found = page.evaluate(
        """([x, y]) => {
            const scene = window.synaptarium.scene();
            const height = scene.debug().size[1];
            const p = scene.readPixels(Math.round(x) - 2, Math.round(height - y) - 2, 5, 5);
            const sum = [0, 0, 0];
            for (let i = 0; i < p.length; i++) if (i % 4 < 3) sum[i % 4] += p[i] / 25;
            return sum;
        }""",
        [x, y],
    )
    return tuple(round(value) for value in found)


def test_two_moments_stand_beside_each_other(
    page: Page,
    addresses: dict[str, str],
    rest: Rest,
    wait_until: Until,
    played: Callable[[str], dict[str, int]],
) -> None:
    state = opened(page, addresses["normal"], "t=1&compare=~2~side&synapses=0&size=1.5", rest, wait_until)
    assert state["scene"]["comparing"] == "side"
    assert state["comparison"]["t_us"] == 3_000_000
    half = state["scene"]["size"][0]
    upper, lower = (page.evaluate(f"window.synaptarium.project({n})") for n in (SIDE + 5, 10 * SIDE + 5))
    lit = {
        (side, name): sum(light(page, at["x"] + side * half, at["y"]))
        for side in (0, 1)
        for name, at in (("upper", upper), ("lower", lower))
    }
    assert lit[0, "upper"] > 1.7 * lit[0, "lower"], lit
    assert lit[1, "lower"] > 1.7 * lit[1, "upper"], lit
    # one network, so A's calls twice at most
    assert state["scene"]["draw_calls"] <= 24
    # A click in B selects the neuron in both; so does one in A.
    box = page.locator(".scene-root > canvas").bounding_box()
    assert box
    page.mouse.click(box["x"] + upper["x"] + half, box["y"] + upper["y"])
    state = wait_until(lambda state: len(state["selection"]) == 1)
    assert state["selection"][0]["neuron"] == SIDE + 5
    assert state["comparison"]["selection"] == [SIDE + 5]
    # Both playheads move together, by a drag or a key.
    page.evaluate("window.synaptarium.seek(500000)")
    wait_until(lambda state: state["comparison"]["t_us"] == 2_500_000)
    rest()
    found = played("spikes")
    assert found.pop("lit") > 1000
    assert found == {"drawn_again": 1, "differ": 0}


def test_difference_of_two_moments(
    page: Page,
    addresses: dict[str, str],
    rest: Rest,
    wait_until: Until,
    played: Callable[[str], dict[str, int]],
) -> None:
    state = opened(
        page,
        addresses["normal"],
        "t=1&compare=~2~difference&colour=count&synapses=200&size=1.5",
        rest,
        wait_until,
    )
    assert state["scene"]["comparing"] == "difference"
    assert "Spikes since the jump, B − A" in state["scene"]["legend"]
    upper, lower = (page.evaluate(f"window.synaptarium.project({n})") for n in (SIDE + 5, 10 * SIDE + 5))
    a, b = light(page, upper["x"], upper["y"]), light(page, lower["x"], lower["y"])
    # The map is blue where A has more, red where B has.
    assert a[2] > 1.3 * a[0], (a, b)
    assert b[0] > 1.3 * b[2], (a, b)
    state = wait_until(lambda state: state["scene"]["changed"] == 5)
    assert state["scene"]["drawn"] == 5
    legend = "\n".join(rest()["scene"]["legend"])
    assert "Synapse weight, B − A" in legend
    assert "5 have another weight in B" in legend
    assert played("count")["differ"] == 0
    # D: off, and as before.
    page.keyboard.press("d")
    wait_until(lambda state: state["scene"]["comparing"] is None and state["comparison"] is None)
    page.keyboard.press("d")
    wait_until(lambda state: state["scene"]["comparing"] == "difference")


def test_two_recordings_before_and_after_pruning(
    page: Page, addresses: dict[str, str], rest: Rest, wait_until: Until
) -> None:
    other = addresses["pruned"].rsplit("/", 1)[1]
    opened(
        page,
        addresses["normal"],
        f"t=3&compare={other}~0~difference&synapses=200&size=1.5&speed=0.01",
        rest,
        wait_until,
    )
    wait_until(lambda state: state["scene"]["changed"] == 10)
    lower = page.evaluate(f"window.synaptarium.project({10 * SIDE + 5})")
    found = light(page, lower["x"], lower["y"])
    assert found[2] > 1.3 * found[0], found  # it spikes in A only


def test_another_size_has_no_difference_and_says_why(
    page: Page, addresses: dict[str, str], rest: Rest, wait_until: Until
) -> None:
    other = addresses["larger"].rsplit("/", 1)[1]
    state = opened(page, addresses["normal"], f"t=1&compare={other}~0~difference", rest, wait_until)
    assert state["scene"]["comparing"] == "side"
    assert "a difference needs equal layers" in state["comparison"]["noDifference"]
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("a difference needs equal layers")).to_be_visible()
    page.get_by_role("radio", name="Nothing").check()
    wait_until(lambda state: state["scene"]["comparing"] is None)


def panel(page: Page, id: str, side: str) -> Any:
    return page.locator(f'[data-panel="{id}"][data-side="{side}"]')


def test_panels_show_both_sides_or_their_difference(
    page: Page, addresses: dict[str, str], rest: Rest, wait_until: Until
) -> None:
    opened(page, addresses["normal"], "t=1&compare=~2~side", rest, wait_until)
    a, b = panel(page, "spikes", "a"), panel(page, "spikes", "b")
    expect(a.locator("h3")).to_have_text("A · Spikes")
    expect(b.locator("h3")).to_have_text("B · Spikes")
    # The window is the whole run: what the run has 2 s later stands against what it has now.
    expect(page.locator(".module > .sides")).to_have_text(
        "A: 00:00.000 to 00:02.000; B: 00:02.000 to 00:04.000."
    )
    expect(a.locator(".subtitle")).to_contain_text("0.000 s to 2.000 s")
    expect(b.locator(".subtitle")).to_contain_text("2.000 s to 4.000 s")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("radio", name="Difference, B − A").check()
    page.keyboard.press("Escape")
    both = panel(page, "spikes", "difference")
    expect(both.locator("h3")).to_have_text("B − A · Spikes")
    expect(both.locator(".subtitle")).to_contain_text("A: 0.000 s to 2.000 s")
    expect(a).to_have_count(0)
    # What both have in common is told once.
    expect(panel(page, "diagram", "a").locator("h3")).to_have_text("A and B · Network")
    with page.expect_download() as saved:
        both.locator(".export-menu summary").click()
        both.locator('[data-export="csv"]').click()
    rows = [
        line.split(",") for line in saved.value.path().read_text().splitlines() if not line.startswith("#")
    ]
    # 72 spikes at 1 s of A's window, and 72 at the same place of B's: nothing is left.
    assert {float(row[1]) for row in rows[1:]} == {0.0}


def test_class_against_class_in_the_panels(page: Page, addresses: dict[str, str], wait_until: Until) -> None:
    page.goto(f"{addresses['normal']}?t=1&stimuli=class:x&compare=~0~difference~class%3Ay")
    page.evaluate("window.synaptarium.ready")
    page.get_by_text("modules", exact=True).click()
    page.locator(".module-list").get_by_role("button", name="Firing rates").click()
    psth = panel(page, "psth", "difference")
    expect(psth.locator(".line-name")).to_contain_text("y (1) − x (1)")
    expect(psth.locator(".subtitle")).to_contain_text("B: 0.000 s to 4.000 s")
    expect(psth.locator(".subtitle")).to_contain_text("stimuli of class y only")
    assert wait_until(lambda state: state["comparison"] is None)["scene"]["comparing"] is None
    # Read right against read wrong, by the menus.
    page.get_by_label("Stimuli of the panels").select_option("correct")
    page.get_by_role("button", name="Compare").click()
    page.get_by_label("Stimuli of B").select_option("wrong")
    page.keyboard.press("Escape")
    expect(page.locator(".module > .sides")).to_contain_text(
        "B: 00:00.000 to 00:04.000, stimuli that were read wrong."
    )
    expect(psth.locator(".line-name")).to_contain_text("y (1) − x (1)")
