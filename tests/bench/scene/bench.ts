/** JS milliseconds per frame: the scene against per-instance colours, on the same positions and spikes. */

import * as THREE from 'three';

import { MODES } from '@client/scene/neurons/neurons';
import { Scene } from '@client/scene/scene';
import { ChangeLog } from '@client/state/data/change_log';
import { View } from '@client/state/view';
import type { Network, StateView } from '@client/state/frames';
import { ALONE, SyntheticFrames, SyntheticPlayback, syntheticNetwork, type Plan } from './synthetic';

interface Timing {
  median_ms: number;
  p95_ms: number;
  spikes: number;
  frames: number;
}

const WARM_UP = 5;

async function plan(name: string): Promise<Plan> {
  const made = (await (await fetch(`${name}.json`)).json()) as Plan;
  made.positions = new Float32Array(await (await fetch(`${name}.f32`)).arrayBuffer());
  return made;
}

function timing(times: number[], spikes: number): Timing {
  const sorted = times.slice(WARM_UP).sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return { median_ms: at(0.5), p95_ms: at(0.95), spikes: spikes / times.length, frames: sorted.length };
}

/** Waits for the GPU outside of what is timed, so that a slow rasteriser does not push back into the next frame. */
function finish(gl: WebGL2RenderingContext | WebGLRenderingContext): void {
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
}

/** A scene of a plan's network that has gone through its first flight, its loop stopped, its frames decoded as the worker does beforehand. */
async function flown(name: string, n_frames: number, beside: boolean): Promise<{ drawn: Scene; frames: SyntheticFrames; playback: SyntheticPlayback; leave: AbortController }> {
  const made = await plan(name);
  const network = syntheticNetwork(made);
  const frames = new SyntheticFrames(network, made.density);
  const playback = new SyntheticPlayback();
  const view = new View({ synapses: 0 });
  const leave = new AbortController();
  const { signal } = leave;
  frames.spikesIn(0, n_frames + 1, 0);
  const other = { network, name: 'B', frames, playback: Object.assign(playback, { wanted_us: 0 }), view, signal };
  const drawn = new Scene({
    host: document.getElementById('host')!, network, frames, playback, view, comparison: beside ? { ...ALONE, other } : ALONE, signal,
  });
  drawn.stopLoop();
  Object.assign(playback, { playing: true, speed: 0 });
  drawn.renderFrame(performance.now() + 2000);
  return { drawn, frames, playback, leave };
}

/**
 * Lets at most so many points or lines be drawn; nothing else is another. In software a million take half a second, in which
 * the page's code falls out of the processor's caches: a graphics card's work is not JavaScript's.
 */
function drawAtMost(gl: WebGL2RenderingContext | WebGLRenderingContext, of: number, n_vertices: number): void {
  const own = gl.drawArrays.bind(gl);
  gl.drawArrays = (mode, first, n) => own(mode, first, mode === of ? Math.min(n, n_vertices) : n);
}

async function scene(name: string, frames_to_draw: number, { beside = false, n_points = Infinity } = {}): Promise<Timing> {
  const { drawn, frames, playback, leave } = await flown(name, frames_to_draw, beside);
  drawAtMost(drawn.context3d(), drawn.context3d().POINTS, n_points);
  const times: number[] = [];
  let spikes = 0;
  // A picture every sixtieth of a second, as on a screen: how long the rasteriser takes is waited for outside.
  const began_ms = performance.now() + 3000;
  for (let i = 0; i < frames_to_draw; i++) {
    playback.t_us = i * frames.bin_us + 1;
    const start = performance.now();
    drawn.renderFrame(began_ms + (i * 1000) / 60);
    times.push(performance.now() - start);
    spikes += drawn.stats().spikes_in_last_frame;
    finish(drawn.context3d());
    await new Promise((resolve) => setTimeout(resolve));
  }
  leave.abort();
  return timing(times, spikes);
}

/** Two pictures beside each other, of the same size as one alone. */
function beside(name: string, frames_to_draw: number): Promise<Timing> {
  return scene(name, frames_to_draw, { beside: true });
}

/** What JavaScript does for all neurons, while one is drawn: to be held against the naive scene, which draws one as well. */
function oneDrawn(name: string, frames_to_draw: number): Promise<Timing> {
  return scene(name, frames_to_draw, { n_points: 1 });
}

/** Bytes that frames of playback send to the GPU, all calls counted that send any. */
async function uploads(name: string, frames_to_draw: number): Promise<{ bytes: number; spikes: number }> {
  const { drawn, frames, playback, leave } = await flown(name, frames_to_draw, false);
  const gl = drawn.context3d();
  let bytes = 0;
  for (const call of ['bufferData', 'bufferSubData', 'texImage2D', 'texSubImage2D'] as const) {
    const own = gl[call].bind(gl) as (...given: unknown[]) => void;
    const counted = (...given: unknown[]): void => {
      const sent = given.find((value) => ArrayBuffer.isView(value)) as Uint8Array | undefined;
      // bufferSubData(target, at, array, first, n): n entries of it.
      const n = call === 'bufferSubData' && typeof given[4] === 'number' && given[4] > 0 ? given[4] : sent?.length;
      if (sent !== undefined) bytes += n! * sent.BYTES_PER_ELEMENT;
      own(...given);
    };
    Object.assign(gl, { [call]: counted });
  }
  const began_ms = performance.now() + 3000;
  let spikes = 0;
  for (let i = 0; i < frames_to_draw; i++) {
    if (i === WARM_UP) bytes = spikes = 0;
    playback.t_us = i * frames.bin_us + 1;
    drawn.renderFrame(began_ms + (i * 1000) / 60);
    spikes += drawn.stats().spikes_in_last_frame;
    finish(gl);
    await new Promise((resolve) => setTimeout(resolve));
  }
  leave.abort();
  return { bytes, spikes };
}

async function naive(name: string, frames_to_draw: number): Promise<Timing> {
  const made = await plan(name);
  const network = syntheticNetwork(made);
  const frames = new SyntheticFrames(network, made.density);
  const n = network.n_neurons;
  // The smallest picture and the smallest body: only what JavaScript does is compared.
  const renderer = new THREE.WebGLRenderer({ antialias: false });
  renderer.setSize(32, 18);
  const camera = new THREE.PerspectiveCamera(28, 16 / 9, 1, 10_000);
  camera.position.set(-400, 200, 400);
  camera.lookAt(0, 0, 0);
  const body = new THREE.BufferGeometry().setAttribute('position', new THREE.Float32BufferAttribute([0, 0, 0, 1, 0, 0, 0, 1, 0], 3));
  const mesh = new THREE.InstancedMesh(body, new THREE.MeshBasicMaterial(), n);
  mesh.frustumCulled = false;
  const matrix = new THREE.Matrix4();
  for (let i = 0; i < n; i++) mesh.setMatrixAt(i, matrix.makeTranslation(made.positions[3 * i], made.positions[3 * i + 1], made.positions[3 * i + 2]));
  mesh.count = 1; // all colours are computed and sent; drawing a million instances in software would take minutes
  const world = new THREE.Scene().add(mesh);
  const glow = new Float32Array(n);
  const colour = new THREE.Color();
  const times: number[] = [];
  let spikes = 0;
  for (let frame = 0; frame < frames_to_draw; frame++) {
    const slices = frames.spikesIn(frame, frame + 1, 0);
    const start = performance.now();
    for (let i = 0; i < n; i++) glow[i] *= 0.84;
    for (const { window } of slices) {
      const at = frame - window.first_frame;
      for (let i = window.offsets[at]; i < window.offsets[at + 1]; i++) glow[window.ids[i]] = 1;
      spikes += window.offsets[at + 1] - window.offsets[at];
    }
    for (let i = 0; i < n; i++) mesh.setColorAt(i, colour.setRGB(0.1 + 0.9 * glow[i], 0.1 + 0.6 * glow[i], 0.2));
    mesh.instanceColor!.needsUpdate = true;
    renderer.render(world, camera);
    times.push(performance.now() - start);
    finish(renderer.getContext());
    await new Promise((resolve) => setTimeout(resolve));
  }
  mesh.dispose();
  body.dispose();
  renderer.dispose();
  renderer.forceContextLoss();
  return timing(times, spikes);
}

/** A network with as many drawn synapses as its plan connects, of which one in a hundred changes in every frame. */
class LearningFrames extends SyntheticFrames {
  private readonly learned = new Map<string, { values: Float32Array; frame: number; log: ChangeLog; ids: readonly Uint32Array[] }>();

  override stateAt(stream: string, target: string, level: number, frame: number): StateView | null {
    if (stream !== 'weights') return super.stateAt(stream, target, level, frame);
    let weights = this.learned.get(target);
    if (weights === undefined) {
      const first = super.stateAt(stream, target, level, 0);
      if (first === null) return null;
      const n = first.values.length;
      // As they come from the worker: which change in a frame.
      const ids = Array.from({ length: 100 }, (_, at) => Uint32Array.from({ length: Math.ceil((n - at) / 100) }, (_, i) => 100 * i + at));
      weights = { values: first.values.slice(), frame: -1, log: new ChangeLog(n), ids };
      this.learned.set(target, weights);
    }
    const { values, log } = weights;
    if (weights.frame !== frame) {
      const ids = weights.ids[frame % 100];
      for (const id of ids) values[id] = Math.sin(0.1 * frame + id);
      log.add(frame, 0, ids);
      weights.frame = frame;
    }
    return { values, version: frame, changedSince: (version) => log.since(version), level, frame, complete: true, min: -1.2, max: 1.2, unit: '' };
  }
}

/** What the weights of a frame cost on the main thread: all synapses are drawn and one in a hundred changes. */
async function learning(name: string, frames_to_draw: number, n_lines = 1): Promise<Timing> {
  const made = await plan(name);
  const network = syntheticNetwork(made);
  const frames = new LearningFrames(network, made.density);
  const playback = new SyntheticPlayback();
  const synapses = network.projections.reduce((sum, { n_synapses }) => sum + n_synapses, 0);
  const { drawn, leave } = await resting(network, frames, playback, new View({ synapses, synapse_choice: 'top' }));
  const gl = drawn.context3d();
  drawAtMost(gl, gl.LINES, 2 * n_lines);
  frames.spikesIn(0, frames_to_draw + 1, 0);
  Object.assign(playback, { playing: true, speed: 0 });
  const times: number[] = [];
  const began_ms = performance.now() + 3000; // as in `scene`
  for (let i = 0; i < frames_to_draw; i++) {
    playback.t_us = i * frames.bin_us + 1;
    const start = performance.now();
    drawn.renderFrame(began_ms + (i * 1000) / 60);
    times.push(performance.now() - start);
    finish(gl);
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { synapses_drawn } = drawn.stats();
  leave.abort();
  return timing(times, synapses_drawn * times.length);
}

/** The same, all lines drawn. */
function learningDrawn(name: string, frames_to_draw: number): Promise<Timing> {
  return learning(name, frames_to_draw, Infinity);
}

/** The same with a colour in each vertex of a line, all of them computed and sent. */
async function naiveLearning(name: string, frames_to_draw: number): Promise<Timing> {
  const made = await plan(name);
  const network = syntheticNetwork(made);
  const frames = new LearningFrames(network, made.density);
  const { name: projection, n_synapses: n } = network.projections[0];
  const renderer = new THREE.WebGLRenderer({ antialias: false });
  renderer.setSize(32, 18);
  drawAtMost(renderer.getContext(), renderer.getContext().LINES, 2);
  const camera = new THREE.PerspectiveCamera(28, 16 / 9, 1, 10_000);
  const colours = new THREE.BufferAttribute(new Float32Array(6 * n), 3);
  const geometry = new THREE.BufferGeometry().setAttribute('position', new THREE.BufferAttribute(new Float32Array(6 * n), 3));
  geometry.setAttribute('color', colours);
  const lines = new THREE.LineSegments(geometry, new THREE.LineBasicMaterial({ vertexColors: true }));
  lines.frustumCulled = false;
  const world = new THREE.Scene().add(lines);
  const colour = new THREE.Color();
  const times: number[] = [];
  for (let frame = 0; frame < frames_to_draw; frame++) {
    const { values } = frames.stateAt('weights', projection, 0, frame)!;
    const start = performance.now();
    for (let i = 0; i < n; i++) {
      colour.setRGB(0.5 + 0.5 * values[i], 0.5, 0.5 - 0.5 * values[i]);
      colours.setXYZ(2 * i, colour.r, colour.g, colour.b);
      colours.setXYZ(2 * i + 1, colour.r, colour.g, colour.b);
    }
    colours.needsUpdate = true;
    renderer.render(world, camera);
    times.push(performance.now() - start);
    finish(renderer.getContext());
    await new Promise((resolve) => setTimeout(resolve));
  }
  renderer.dispose();
  renderer.forceContextLoss();
  return timing(times, n * times.length);
}

/** A scene that has arrived, its loop stopped. */
async function resting(
  network: Network, frames: SyntheticFrames, playback: SyntheticPlayback, view: View,
): Promise<{ drawn: Scene; view: View; leave: AbortController }> {
  const leave = new AbortController();
  const drawn = new Scene({ host: document.getElementById('host')!, network, frames, playback, view, comparison: ALONE, signal: leave.signal });
  drawn.stopLoop();
  for (const after_ms of [2000, 2500, 5000]) {
    await new Promise((resolve) => setTimeout(resolve)); // synapses arrive
    drawn.renderFrame(performance.now() + after_ms);
  }
  return { drawn, view, leave };
}

/** Draw calls of each colour mode, with synapses, a selection of two and a set. */
async function calls(name: string): Promise<Record<string, number>> {
  const made = await plan(name);
  const network = syntheticNetwork(made);
  const playback = new SyntheticPlayback();
  const { drawn, view, leave } = await resting(network, new SyntheticFrames(network, made.density), playback, new View({ synapses: 10_000 }));
  view.set({ selection: [1, network.layers[1].offset], sets: [{ name: 'a', colour: '#ffffff', neurons: [2, 3] }] });
  const found: Record<string, number> = {};
  for (const mode of MODES) {
    view.set({ colour: mode, variable: mode === 'potential' ? 'v' : '' });
    drawn.renderFrame(performance.now() + 9000);
    found[mode] = Number(drawn.debug().draw_calls);
  }
  leave.abort();
  return found;
}

/** Hovering: what asking costs the main thread, and when the answer is there. */
async function picking(name: string, times_to_pick: number): Promise<{ js_ms: number; latency_ms: number; hits: number }> {
  const made = await plan(name);
  const network = syntheticNetwork(made);
  const { drawn, view, leave } = await resting(network, new SyntheticFrames(network, made.density), new SyntheticPlayback(), new View({ synapses: 0 }));
  const canvas = document.querySelector<HTMLCanvasElement>('#host canvas')!;
  const [js, latency]: number[][] = [[], []];
  let hits = 0;
  for (let i = 0; i < times_to_pick; i++) {
    const { x, y } = drawn.project((i * 7919) % network.n_neurons) ?? { x: 0, y: 0 };
    const answered = new Promise<void>((resolve) => view.subscribe(['hover'], () => resolve(), leave.signal));
    const start = performance.now();
    canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: x, clientY: y, bubbles: true }));
    js.push(performance.now() - start);
    await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 2000))]);
    latency.push(performance.now() - start);
    if (view.get('hover') >= 0) hits++;
    view.set({ hover: -1 });
  }
  leave.abort();
  const half = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];
  return { js_ms: half(js), latency_ms: half(latency), hits };
}

Object.assign(window, { bench: { scene, oneDrawn, beside, uploads, naive, learning, learningDrawn, naiveLearning, calls, picking } });
