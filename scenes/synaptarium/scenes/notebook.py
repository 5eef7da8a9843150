"""A recording in a Jupyter notebook: the network in 3D with a time slider and a play button.

It shows the layouts and chunks of the viewer, read from a running server. The spikes of the stretch are sent to the
notebook once; the slider and the play button work in the browser, without the kernel, so what was shown still moves in
a saved notebook, and in the file that :meth:`NotebookView.save` writes, which needs neither a kernel nor a network.

Limits: pythreejs draws with three.js r97 (2018), which knows no WebXR, and is at its end; ``MOST_SPIKES`` spikes at most
(longer stretches are shown at coarser frames, and the caption says so); the synapses are those at the start of the
stretch and don't change; there are no panels, no picking and one colour mode. The viewer has none of these limits.
"""

from __future__ import annotations

import html
import math
from pathlib import Path

import ipywidgets
import numpy as np
import pythreejs
from numpy.typing import NDArray

from synaptarium.scenes.colours import layer_colour, weight_colours
from synaptarium.scenes.excerpt import Excerpt, Source, excerpt
from synaptarium.scenes.notebook_page import page_of

ROOM = "#0b0e14"
FIELD_OF_VIEW_DEG = 28
#: The viewer's home leaves room for its panels.
NEARER = 0.72
#: A neuron's diameter and a spike's halo, spacings.
NEURON, SPIKE = 0.55, 1.5
#: Brightness of a neuron that does not spike, opacity of a synapse.
REST, OPACITY = 0.55, 0.16
STEPS_PER_S = 25
#: A look at the whole stretch takes about so many steps.
STEPS = 500

# The points are as large as they look: their diameter in scene units, seen from the camera, in pixels.
_POINT = """
uniform float pixels;
float diameter(vec4 seen, float units) { return units * pixels / max(-seen.z, 0.001); }
"""
_NEURON_VERTEX = (
    _POINT
    + """
attribute vec3 hue;
attribute float spacing;
varying vec3 colour;
void main() {
  colour = hue;
  vec4 seen = modelViewMatrix * vec4(position, 1.0);
  gl_Position = projectionMatrix * seen;
  gl_PointSize = max(1.0, diameter(seen, spacing));
}"""
)
_NEURON_FRAGMENT = """
varying vec3 colour;
void main() {
  if (length(gl_PointCoord - 0.5) > 0.5) discard;
  gl_FragColor = vec4(colour, 1.0);
}"""
# The one number that a slider can reach on every material, without a kernel, is the fog's distance: `fogNear` is the
# time now and `fogFar` the half life of a glow, in milliseconds. There is no fog.
_SPIKE_VERTEX = (
    _POINT
    + """
uniform float fogNear;
uniform float fogFar;
attribute float time;
attribute float spacing;
varying float glow;
void main() {
  float age = fogNear - time;
  glow = age < 0.0 ? 0.0 : exp2(-age / max(fogFar, 0.001));
  vec4 seen = modelViewMatrix * vec4(position, 1.0);
  gl_Position = glow < 0.01 ? vec4(2.0, 2.0, 2.0, 1.0) : projectionMatrix * seen;
  gl_PointSize = max(1.0, diameter(seen, spacing));
}"""
)
_SPIKE_FRAGMENT = """
varying float glow;
void main() {
  float r = 2.0 * length(gl_PointCoord - 0.5);
  if (r > 1.0) discard;
  vec3 light = mix(vec3(0.55, 0.16, 0.50), vec3(1.0, 0.93, 0.72), glow);
  gl_FragColor = vec4(light, glow * pow(1.0 - r, 1.5));
}"""


class NotebookView(ipywidgets.VBox):
    """What :func:`show` returns: a widget, which Jupyter draws.

    Parameters
    ----------
    shown : Excerpt
        What is drawn.
    width, height : int
        Of the scene, pixels.
    """

    def __init__(self, shown: Excerpt, *, width: int = 900, height: int = 500) -> None:
        self.excerpt = shown
        length_ms = max(1, math.ceil((shown.t_stop_us - shown.t_start_us) / 1000))
        frame_ms = max(1, math.ceil(shown.spikes.frame_us / 1000))
        step = max(1, length_ms // STEPS)
        self.fog = pythreejs.Fog(near=0, far=max(8, 4 * frame_ms))
        play = ipywidgets.Play(
            value=0, min=0, max=length_ms, step=step, interval=1000 // STEPS_PER_S, description="Play"
        )
        self.slider = ipywidgets.IntSlider(
            value=0,
            min=0,
            max=length_ms,
            description="ms",
            layout=ipywidgets.Layout(flex="1 1 auto"),
            tooltip=f"Milliseconds since {shown.t_start_us / 1e6:g} s",
        )
        glow = ipywidgets.IntSlider(
            value=self.fog.far,
            min=1,
            max=max(200, 20 * frame_ms),
            description="glow, ms",
            layout=ipywidgets.Layout(width="260px"),
            tooltip="Half life of a spike's light",
        )
        links = [
            ipywidgets.jslink((play, "value"), (self.slider, "value")),
            ipywidgets.jslink((self.slider, "value"), (self.fog, "near")),
            ipywidgets.jslink((glow, "value"), (self.fog, "far")),
        ]
        self._links = links
        controls = ipywidgets.HBox([play, self.slider, glow], layout=ipywidgets.Layout(width=f"{width}px"))
        super().__init__(
            [ipywidgets.HTML(_caption(shown)), _renderer(shown, self.fog, width, height), controls]
        )

    def save(self, path: str | Path) -> Path:
        """Write the view as one HTML file that needs no network, no kernel and no server.

        Its scripts are those that came with pythreejs and ipywidgets, about 2.2 MB.

        Raises
        ------
        MissingDependency
            A script is not where its package says.
        """
        path = Path(path)
        path.write_text(page_of(self, self.excerpt.name), encoding="utf-8")
        return path


def show(
    recording: str,
    source: Source,
    *,
    t_start_s: float | None = None,
    t_stop_s: float | None = None,
    layout: str = "auto",
    synapses: int = 2000,
    width: int = 900,
    height: int = 500,
) -> NotebookView:
    """Show a stretch of a recording in the notebook.

    Parameters
    ----------
    recording : str
        Id, as ``synaptarium list`` shows it.
    source : Source
        A :class:`synaptarium.client.Client` of a running server (``synaptarium serve``).
    t_start_s, t_stop_s : float or None
        Seconds, half-open; the whole run where not given.
    layout : str
        ``"auto"``, ``"sheets"``, ``"stacks"``, ``"rings"``, ``"column"``, ``"force"`` or ``"recorded"``.
    synapses : int
        Drawn at most: of each projection the strongest at the start.
    width, height : int
        Pixels.

    Returns
    -------
    NotebookView
        Drawn by Jupyter where it is a cell's last value; its ``save(path)`` writes an HTML file for offline use.

    Raises
    ------
    SynaptariumError
        What the server answers, and what :func:`synaptarium.scenes.excerpt.excerpt` raises.

    Examples
    --------
    >>> from synaptarium.client import Client  # doctest: +SKIP
    >>> show("digits", Client("http://127.0.0.1:8765"), t_start_s=10, t_stop_s=15)  # doctest: +SKIP
    """
    shown = excerpt(
        recording,
        source,
        t_start_us=_microseconds(t_start_s),
        t_stop_us=_microseconds(t_stop_s),
        layout=layout,
        synapses=synapses,
    )
    return NotebookView(shown, width=width, height=height)


def _microseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e6)


def _caption(shown: Excerpt) -> str:
    """Say what one sees, and of how much."""
    layers = " ".join(
        f'<span style="color:rgb({",".join(str(round(c)) for c in layer_colour(index))})">&#9679;</span> '
        f"{html.escape(layer.name)} ({layer.neurons:,})"
        for index, layer in enumerate(shown.layers)
    )
    drawn = sum(len(found.ends) for found in shown.segments)
    frame = shown.spikes.frame_us / 1000
    return (
        f"<b>{html.escape(shown.name)}</b>, {shown.t_start_us / 1e6:g} to {shown.t_stop_us / 1e6:g} s in frames of "
        f"{frame:g} ms: {len(shown.spikes.neurons):,} frames with a spike, {drawn:,} of {shown.n_synapses:,} synapses "
        f"as they are at the start. {layers}"
    )


def _renderer(shown: Excerpt, fog: pythreejs.Fog, width: int, height: int) -> pythreejs.Renderer:
    home, middle = np.array(shown.camera)
    target = (shown.positions.min(axis=0) + shown.positions.max(axis=0)) / 2
    position = (target + NEARER * (home - middle)).tolist()
    target = target.tolist()
    camera = pythreejs.PerspectiveCamera(
        position=position,
        fov=FIELD_OF_VIEW_DEG,
        aspect=width / height,  # pyright: ignore[reportArgumentType] near=1, far=20_000
    )
    camera.lookAt(target)
    pixels = height / (2 * math.tan(math.radians(FIELD_OF_VIEW_DEG) / 2))
    scene = pythreejs.Scene(
        children=[camera, *_lines(shown), _neurons(shown, pixels), _spikes(shown, pixels)],
        background=ROOM,
        fog=fog,
    )
    controls = pythreejs.OrbitControls(controlling=camera, target=target)
    return pythreejs.Renderer(
        camera=camera,
        scene=scene,
        controls=[controls],
        width=width,
        height=height,
        antialias=True,
        clearColor=ROOM,
    )


def _neurons(shown: Excerpt, pixels: float) -> pythreejs.Points:
    hues = np.concatenate(
        [
            np.tile(layer_colour(index) / 255 * REST, (layer.neurons, 1))
            for index, layer in enumerate(shown.layers)
        ]
    )
    return _points(
        {"position": shown.positions, "hue": hues, "spacing": NEURON * shown.spacing},
        pythreejs.ShaderMaterial(
            vertexShader=_NEURON_VERTEX,
            fragmentShader=_NEURON_FRAGMENT,
            uniforms={"pixels": {"value": pixels}},
        ),
    )


def _spikes(shown: Excerpt, pixels: float) -> pythreejs.Points:
    neurons, time_us, _ = shown.spikes
    time_ms = (time_us - shown.t_start_us) / 1000
    if not len(neurons):  # three.js draws no empty array: one spike that never comes
        neurons, time_ms = np.zeros(1, np.uint32), np.full(1, 1e9)
    material = pythreejs.ShaderMaterial(
        vertexShader=_SPIKE_VERTEX,
        fragmentShader=_SPIKE_FRAGMENT,
        uniforms={
            "pixels": {"value": pixels},
            "fogColor": {"value": None},
            "fogNear": {"value": 0},
            "fogFar": {"value": 1},
        },
        fog=True,
        transparent=True,
        depthWrite=False,
        blending="AdditiveBlending",
    )
    return _points(
        {"position": shown.positions[neurons], "time": time_ms, "spacing": SPIKE * shown.spacing[neurons]},
        material,
    )


def _lines(shown: Excerpt) -> list[pythreejs.LineSegments]:
    """One object for each projection that has synapses to draw."""
    found: list[pythreejs.LineSegments] = []
    for segments in shown.segments:
        if not len(segments.ends):
            continue
        colours = weight_colours(segments.weights, segments.scale)[:, :3] / 255
        geometry = _geometry(
            {"position": segments.ends.reshape(-1, 3), "color": np.repeat(colours, 2, axis=0)}
        )
        material = pythreejs.LineBasicMaterial(
            vertexColors="VertexColors",
            transparent=True,
            opacity=OPACITY,
            depthWrite=False,
            fog=False,
        )
        found.append(pythreejs.LineSegments(geometry, material, frustumCulled=False))
    return found


def _points(
    attributes: dict[str, NDArray[np.floating]], material: pythreejs.ShaderMaterial
) -> pythreejs.Points:
    return pythreejs.Points(geometry=_geometry(attributes), material=material, frustumCulled=False)


def _geometry(attributes: dict[str, NDArray[np.floating]]) -> pythreejs.BufferGeometry:
    return pythreejs.BufferGeometry(
        attributes={
            name: pythreejs.BufferAttribute(np.ascontiguousarray(values, np.float32), normalized=False)
            for name, values in attributes.items()
        }
    )
