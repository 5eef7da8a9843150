"""Pictures of any size, the legend and the model from the page's export menu."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from playwright.sync_api import Page, expect

from synaptarium.adapters.arrays import ArraySource, arrays_source

pytestmark = pytest.mark.browser
Rest = Callable[..., dict[str, Any]]

PICTURE = """async ([width, height, transparent]) => {
  const blob = await window.synaptarium.scene().picture({ width, height, transparent, labels: false });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}"""


#: What the window shows, rows from the bottom up.
WINDOW = """() => {
  const scene = window.synaptarium.scene(), [w, h] = scene.debug().size, bytes = scene.readPixels(0, 0, w, h);
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}"""


@pytest.fixture(scope="module")
def address(viewed: Callable[[ArraySource], str]) -> str:
    """One layer of 6 x 6, of which neuron 14 spikes at 0.5 s."""
    source = arrays_source(
        "export menu",
        bin_us=1000,
        layers=[{"name": "eye", "shape": (6, 6)}],
        spikes={"eye": ([500_000], [14])},
        t_stop_us=1_000_000,
    )
    return viewed(source)


def opened(page: Page, address: str, rest: Rest) -> None:
    page.goto(f"{address}?t=0.5")
    page.evaluate("window.synaptarium.ready")
    rest()


def pixels(png: bytes) -> np.ndarray:
    """An 8-bit RGBA or RGB PNG as (height, width, channels) uint8."""
    at, data, shape = 8, b"", (0, 0, 0)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8
            shape = (height, width, {2: 3, 6: 4}[colour])
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    raw = np.frombuffer(zlib.decompress(data), np.uint8).reshape(shape[0], -1)
    rows, before = [], np.zeros(shape[1] * shape[2], np.uint8)
    for kind, line in zip(raw[:, 0], raw[:, 1:], strict=True):
        before = _unfilter(int(kind), line, before, shape[2])
        rows.append(before)
    return np.stack(rows).reshape(shape)


def _unfilter(kind: int, line: np.ndarray, above: np.ndarray, step: int) -> np.ndarray:
    if kind == 0:
        return line.copy()
    if kind == 2:
        return line + above
    found = np.zeros(len(line), np.int64)
    for i in range(len(line)):
        left = found[i - step] if i >= step else 0
        up, corner = int(above[i]), int(above[i - step]) if i >= step else 0
        guess = left + up - corner
        near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[
            2
        ]
        found[i] = (int(line[i]) + {1: left, 3: (left + up) // 2, 4: near}[kind]) % 256
    return found.astype(np.uint8)


def picture(page: Page, width: int, height: int, transparent: bool) -> np.ndarray:
    return pixels(base64.b64decode(page.evaluate(PICTURE, [width, height, transparent])))


def test_picture_at_another_size_shows_the_same(page: Page, address: str, rest: Rest) -> None:
    opened(page, address, rest)
    wide, high = page.evaluate("window.synaptarium.state().scene.size")
    same = picture(page, wide, high, False)[..., :3].astype(int)
    twice = picture(page, 2 * wide, 2 * high, False)[..., :3].astype(int)
    assert twice.shape == (2 * high, 2 * wide, 3)
    shrunk = twice.reshape(high, 2, wide, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - same).mean() < 2
    place = page.evaluate("window.synaptarium.project(14)")
    x, y = round(2 * place["x"]), round(2 * place["y"])
    assert twice[y - 2 : y + 3, x - 2 : x + 3].max() > 200
    before = page.evaluate("window.synaptarium.project(14)")
    assert before == place  # the page's own camera is as it was


def test_picture_is_cut_as_the_window_shows_it(page: Page, address: str, rest: Rest, tmp_path: Path) -> None:
    page.goto(f"{address}?t=0.5&clip=0,1,0,0.55,0,1")
    page.evaluate("window.synaptarium.ready")
    wide, high = rest()["scene"]["size"]
    shown = base64.b64decode(page.evaluate(WINDOW))
    window = np.frombuffer(shown, np.uint8).reshape(high, wide, 4)[::-1, :, :3].astype(int)
    cut = picture(page, wide, high, False)[..., :3].astype(int)
    assert np.abs(cut - window).mean() < 2
    page.evaluate("window.synaptarium.setView({clip: [0, 1, 0, 1, 0, 1]})")
    rest()
    assert (
        np.abs(picture(page, wide, high, False)[..., :3].astype(int) - cut).max() > 60
    )  # something had gone
    page.evaluate("window.synaptarium.setView({clip: [0, 1, 0, 0.55, 0, 1]})")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as model:
        page.get_by_role("link", name="Points (GLB)").click()
    model.value.save_as(tmp_path / "cut.glb")
    scene = trimesh.load(tmp_path / "cut.glb")
    assert isinstance(scene, trimesh.Scene)
    assert len(scene.geometry["eye"].vertices) == 18  # the lower three of six rows


def test_transparent_picture_has_no_room(page: Page, address: str, rest: Rest) -> None:
    opened(page, address, rest)
    shown = picture(page, 640, 400, True)
    assert shown.shape == (400, 640, 4)
    assert (shown[:4, :4, 3] == 0).all()
    assert shown[..., 3].max() > 200


def test_picture_of_an_impossible_size_says_so(page: Page, address: str, rest: Rest) -> None:
    opened(page, address, rest)
    page.get_by_role("button", name="Export").click()
    page.get_by_label("Width, pixels").fill("99999")
    page.get_by_role("button", name="Save PNG").click()
    expect(page.locator(".popover[aria-label=Export]")).to_contain_text("16 to 16384 pixels")


def test_menu_saves_legend_and_model(page: Page, address: str, rest: Rest, tmp_path: Path) -> None:
    opened(page, address, rest)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as legend:
        page.get_by_role("button", name="Save SVG").click()
    assert "Time since the last spike" in Path(legend.value.path()).read_text()
    with page.expect_download() as model:
        page.get_by_role("link", name="Points (GLB)").click()
    model.value.save_as(tmp_path / "model.glb")
    scene = trimesh.load(tmp_path / "model.glb")
    assert isinstance(scene, trimesh.Scene)
    assert len(scene.geometry["eye"].vertices) == 36


def seen_at(point: np.ndarray, camera: dict[str, list[float]], wide: float, high: float) -> np.ndarray:
    """Where a camera of 28 degrees sees a point, pixels."""
    eye = np.array(camera["position"], float)
    ahead = np.array(camera["target"]) - eye
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0, 1, 0])
    right /= np.linalg.norm(right)
    up = np.cross(right, ahead)
    x, y, z = (point - eye) @ np.column_stack([right, up, ahead])
    scale = high / 2 / np.tan(np.radians(28) / 2) / z
    return np.array([wide / 2 + x * scale, high / 2 - y * scale])


def test_model_stands_as_the_view_is_spread(
    page: Page, viewed: Callable[[ArraySource], str], rest: Rest, tmp_path: Path
) -> None:
    source = arrays_source(
        "spread export",
        bin_us=1000,
        layers=[
            {"name": "eye", "shape": (4, 4)},
            {"name": "gone", "neurons": 5},
            {"name": "out", "neurons": 3},
        ],
        projections=[{"source": "eye", "target": "gone"}, {"source": "eye", "target": "out", "name": "kept"}],
        spikes={"eye": ([500_000], [3])},
        t_stop_us=1_000_000,
    )
    address = viewed(source)
    page.goto(f"{address}?t=0.5&spread=1.6&fan=0.4&hidden=gone&camera=-300,140,320,0,0,20")
    page.evaluate("window.synaptarium.ready")
    state = rest()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as model:
        page.get_by_role("link", name="Points (GLB)").click()
    model.value.save_as(tmp_path / "spread.glb")

    scene = trimesh.load(tmp_path / "spread.glb")
    assert isinstance(scene, trimesh.Scene)
    assert {"eye", "kept", "out", "eye slab", "x axis"} <= set(scene.geometry)
    wide, high = state["scene"]["size"]
    for neuron, layer, id in ((0, "eye", 0), (15, "eye", 15), (21, "out", 0), (23, "out", 2)):
        place = page.evaluate(f"window.synaptarium.project({neuron})")
        seen = seen_at(np.asarray(scene.geometry[layer].vertices)[id], state["camera"], wide, high)
        assert seen == pytest.approx([place["x"], place["y"]], abs=1.0), neuron
