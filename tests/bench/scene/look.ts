/** The scene over a synthetic recording, for looking at it and for the browser tests: `window.look`. */

import { Scene } from '@client/scene/scene';
import { View } from '@client/state/view';
import { ALONE, SyntheticFrames, SyntheticPlayback, syntheticNetwork, type Plan } from './synthetic';

async function start(): Promise<void> {
  const plan = (await (await fetch('plan.json')).json()) as Plan;
  plan.positions = new Float32Array(await (await fetch('plan.f32')).arrayBuffer());
  const network = syntheticNetwork(plan);
  const frames = new SyntheticFrames(network, plan.density);
  const playback = new SyntheticPlayback();
  const view = new View();
  const leave = new AbortController();
  const scene = new Scene({ host: document.getElementById('host')!, network, frames, playback, view, comparison: ALONE, signal: leave.signal });
  Object.assign(window, { look: { scene, view, playback, network, frames, leave } });
}

void start();
