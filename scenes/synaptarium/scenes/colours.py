"""The scene's colours for what is drawn outside the page: the same maps and hues as the page's, as numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Control values, linearly interpolated: magma from matplotlib (CC0), berlin from Crameri, doi:10.5281/zenodo.1243862.
MAPS = {
    "magma": "0000040a08221d114736106b51127c6a1c818326819c2e7fb73779d0416fe75263f56b5cfc8961fea772fec488fde2a3fcfdbf",
    "berlin": (
        "9eb0ff8caef679abed65a7e2519fd34194c13685ad2e76992868862259731d4b61183d4f14303e11242e111a20121214190c0922"
        "0c022b0e013510004112014d16025b1d086c27117d341e8e422e9e513fae6051be6f63ce7f76df8f89f09f9cffadad"
    ),
}
LAYERS = "e8b46a7fc8a9c79be0e58f8686b7c9c9c07ad895b89db38ab8a394"
REST = 0.42  # brightness of a neuron that does not spike
SPIKE_FROM = 0.28  # the dark end of magma is left out: it could not be told from the room


def _table(text: str) -> NDArray[np.float64]:
    return np.frombuffer(bytes.fromhex(text), np.uint8).reshape(-1, 3).astype(np.float64)


def map_colours(name: str, x: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return (n, 3) uint8 colours of x in 0..1.

    >>> map_colours("berlin", np.array([0.0, 0.5, 1.0])).tolist()
    [[158, 176, 255], [25, 12, 9], [255, 173, 173]]
    """
    controls = _table(MAPS[name])
    place = np.clip(x, 0, 1) * (len(controls) - 1)
    steps = np.arange(len(controls))
    return (
        np.column_stack([np.interp(place, steps, controls[:, k]) for k in range(3)]).round().astype(np.uint8)
    )


def layer_colour(index: int) -> NDArray[np.float64]:
    """Return the quiet hue of a layer, 0 to 255."""
    hues = _table(LAYERS)
    return hues[index % len(hues)]


def neuron_colours(glow: NDArray[np.floating], layer: int) -> NDArray[np.uint8]:
    """Return (n, 4) uint8 colours: the layer's hue at rest, magma by the glow of the last spike (1 = now)."""
    rest = layer_colour(layer) * REST
    light = map_colours("magma", SPIKE_FROM + (1 - SPIKE_FROM) * glow).astype(np.float64)
    part = np.clip(glow / 0.35, 0, 1)
    part = (part * part * (3 - 2 * part))[:, None]
    colours = np.full((len(glow), 4), 255, np.uint8)
    colours[:, :3] = (rest + (light - rest) * part).round()
    return colours


def weight_colours(weights: NDArray[np.floating], scale: float) -> NDArray[np.uint8]:
    """Return (n, 4) uint8 colours of weights, diverging around zero; grey where a weight is not known (NaN)."""
    size = np.clip(np.abs(weights) / max(scale, 1e-30), 0, 1)
    known = ~np.isnan(weights)
    x = np.where(known, 0.5 + 0.5 * np.sign(weights) * (0.35 + 0.5 * size), 0.5)
    colours = np.full((len(weights), 4), 255, np.uint8)
    colours[:, :3] = np.where(known[:, None], map_colours("berlin", x), (97, 107, 133))
    return colours
