/** JS milliseconds per frame: the scene against per-instance colours, on the same positions and spikes. */

import * as THREE from 'three';

import { Scene } from '@client/scene/scene';
import { View } from '@client/state/view';
import { SyntheticFrames, SyntheticPlayback, syntheticNetwork, type Plan } from './synthetic';

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

async function scene(name: string, frames_to_draw: number): Promise<Timing> {
  const made = await plan(name);
  const network = syntheticNetwork(made);
  const frames = new SyntheticFrames(network, made.density);
  const playback = new SyntheticPlayback();
  const view = new View({ synapses: 0 });
  const leave = new AbortController();
  frames.spikesIn(0, frames_to_draw + 1, 0); // decoded beforehand, as the worker does
  const drawn = new Scene({ host: document.getElementById('host')!, network, frames, playback, view, signal: leave.signal });
  drawn.stopLoop();
  Object.assign(playback, { playing: true, speed: 0 });
  drawn.renderFrame(performance.now() + 2000); // past the first flight
  const times: number[] = [];
  let spikes = 0;
  for (let i = 0; i < frames_to_draw; i++) {
    playback.t_us = i * frames.bin_us + 1;
    const start = performance.now();
    drawn.renderFrame(start + 3000);
    times.push(performance.now() - start);
    spikes += drawn.stats().spikes_in_last_frame;
    finish(drawn.context3d());
    await new Promise((resolve) => setTimeout(resolve));
  }
  leave.abort();
  return timing(times, spikes);
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

Object.assign(window, { bench: { scene, naive } });
