/** Where the colour map of the mode begins and ends, and the legend that says so. */

import * as THREE from 'three';

import { numberText, type Legend } from './legend';
import { legendText, type HealthCounts } from './legend_text';
import type { LayoutMotion } from '../layout_motion';
import { FIELD_OF_VIEW_DEG, type CameraRig } from '../looking/camera_rig';
import { HEALTH, type Measure, type Measures } from '../neurons/measures';
import type { Reading, Scale } from '../neurons/neurons';
import type { Rebuilt } from '../neurons/rebuilt';
import { round125, type Activity } from '../spikes/activity';
import { FLASHING } from '../spikes/view_flashes';
import type { SynapseExtras } from '../synapses/synapse_extras';
import type { SynapseView } from '../synapses/synapse_view';
import type { SceneContext } from '../../state/frames';
import { neuronRef } from '../../state/link/address_bar';

export class ColourRange {
  /** That of the other side, where two are seen. */
  other: ColourRange | null = null;
  /** B minus A is drawn. */
  differs = false;
  private largest = { key: '', value: 0 };

  constructor(
    private readonly context: Pick<SceneContext, 'network' | 'view' | 'frames' | 'playback'>, private readonly activity: Activity, private readonly synapses: SynapseView,
    private readonly extras: SynapseExtras, private readonly measures: Measures, private readonly rebuilt: Rebuilt, private readonly layout: LayoutMotion,
  ) {}

  /** In the units that the GPU holds; where two sides are seen, the same values have the same colour in both. */
  range(): Scale {
    const [own, others] = [this.readable(), this.other?.readable()];
    const { origin, unit } = this.reading();
    const [min, max] = [Math.min(own.min, others?.min ?? own.min), Math.max(own.max, others?.max ?? own.max)];
    return { min: min / unit + origin, max: max / unit + origin };
  }

  /** How the GPU's values are read in the unit of the legend. */
  reading(): Reading {
    const { view, frames, playback } = this.context;
    const { activity } = this;
    switch (view.get('colour')) {
      case 'rate':
        return { origin: 0, unit: 1 / this.perWindow(1) };
      case 'persistence':
        return { origin: 0, unit: frames.bins(playback.level) / activity.rateWindow_bins };
      case 'recruitment':
        return { origin: activity.since, unit: frames.bin_us / 1e6 };
      default:
        return { origin: 0, unit: 1 };
    }
  }

  /** |B - A| of full colour, in the unit of the legend. */
  differenceEnd(): number {
    const mode = this.context.view.get('colour');
    const [own, others] = [this.readable(), this.other?.readable() ?? this.readable()];
    if (mode === 'in_degree') return this.largestWeightDifference() || 1;
    if (mode === 'potential') return round125((Math.max(own.max, others.max) - Math.min(own.min, others.min)) / 2);
    if (mode === 'rate' || mode === 'count' || mode === 'recruitment') return round125(Math.max(own.max, others.max) / (mode === 'recruitment' ? 1 : 2));
    return 1;
  }

  /** In the unit of the legend. */
  private readable(): Scale {
    const { view, network, frames, playback } = this.context;
    const mode = view.get('colour');
    if (mode === 'spikes') return { min: 0, max: 1 };
    const duration_s = Math.max(1e-9, (frames.n_frames * frames.bin_us) / 1e6);
    const rate_hz = Math.max(0, ...network.layers.map((layer) => layer.n_spikes / layer.n_neurons / duration_s));
    // A bin shows at most one spike of a neuron.
    if (mode === 'rate') return { min: 0, max: Math.min(round125(Math.max(1, 4 * rate_hz)), 1e6 / frames.bin_us) };
    if (mode === 'count') {
      const elapsed_s = Math.max(0, playback.t_us - this.activity.since_us) / 1e6;
      return { min: 0, max: round125(Math.max(8, 4 * rate_hz * elapsed_s)) };
    }
    // A neuron active in every frame of the window; most are far below, so the map takes the square root.
    if (mode === 'persistence') return { min: 0, max: 1 };
    if (mode === 'in_degree') {
      const measure = this.weightSums();
      if (measure === null) return { min: 0, max: 1 };
      const end = Math.max(-measure.min, measure.max, 1e-12);
      return { min: measure.min < 0 ? -end : 0, max: end };
    }
    if (mode === 'reconstruction') return { min: -1, max: 1 };
    // How many of all are marked.
    if (mode === 'health') return { min: 0, max: this.measures.get('health', 0, 0)?.max ?? 0 };
    if (mode === 'recruitment') return { min: 0, max: (Math.max(this.activity.now - this.activity.since, 1) * frames.bin_us) / 1e6 };
    return this.potentialRange();
  }

  private weightSums(): Measure | null {
    const { frames, playback } = this.context;
    return this.measures.get('in_degree', playback.level, frames.frameAt(playback.t_us, playback.level));
  }

  private largestWeightDifference(): number {
    const [a, b] = [this.weightSums(), this.other?.weightSums() ?? null];
    if (a === null || b === null || a.values.length !== b.values.length) return 0;
    const key = `${a.version} ${b.version}`;
    if (key !== this.largest.key) {
      let largest = 0;
      for (let i = 0; i < a.values.length; i++) largest = Math.max(largest, Math.abs(b.values[i] - a.values[i]) || 0);
      this.largest = { key, value: round125(largest) };
    }
    return this.largest.value;
  }

  write(legend: Legend, rig: CameraRig, height: number, limited: boolean, detail = ''): void {
    const { view, network, frames, playback } = this.context;
    const variable = view.get('variable');
    const potentials = network.potentials.filter((potential) => potential.variable === variable);
    const mode = view.get('colour');
    const { origin, unit } = this.reading();
    const held = this.range();
    const scale = { min: (held.min - origin) * unit, max: (held.max - origin) * unit };
    legend.set(
      legendText({
        mode,
        bin_us: frames.bin_us,
        frame_us: frames.bin_us * frames.bins(playback.level),
        halfLife_bins: this.activity.halfLife_bins,
        rateWindow_bins: this.activity.rateWindow_bins,
        since_us: this.activity.since_us,
        coarse: this.activity.coarse,
        limited: FLASHING.has(mode) && limited,
        lack: mode === 'reconstruction' ? this.rebuilt.lack : this.measures.lack(mode),
        rebuilt: this.rebuilt.found === null ? null : { ...neuronRef(this.rebuilt.found.neuron, network.layers), inputs: this.rebuilt.found.inputs },
        classes: mode === 'selectivity' ? this.classCounts() : [],
        classes_b: mode !== 'selectivity' || this.other === null || this.differs ? null : { classes: this.other.classCounts(), lack: this.other.measures.lack(mode) },
        method: this.measures.method,
        health: mode === 'health' ? this.health() : null,
        scale,
        variable,
        unit: potentials[0]?.unit ?? '',
        recorded: { n: potentials.reduce((sum, { n_recorded }) => sum + n_recorded, 0), of: network.n_neurons },
        synapses: this.synapses.counts,
        direction: view.get('synapse_direction') === 'both' ? '' : `${view.get('synapse_direction')} `,
        changing: view.get('synapse_choice') === 'change',
        weights: this.synapses.scales(),
        ...this.extras.facts(),
        failed: [...this.synapses.projections.failed.keys()],
        difference: this.differs ? {
          mode, end: this.differenceEnd(), variable, unit: potentials[0]?.unit ?? '',
          lack: mode === 'reconstruction' ? this.rebuilt.lack : this.measures.lack(mode),
          rateWindow_us: this.activity.rateWindow_bins * frames.bin_us, halfLife_us: this.activity.halfLife_bins * frames.bin_us,
        } : null,
        detail,
        layout: this.layout.failed === '' ? this.layout.note : `The layout could not be loaded: ${this.layout.failed}`,
      }),
      view.get('legend'),
    );
    const um = this.layout.um_per_unit;
    if (!(um > 0)) return legend.setScaleBar(0, '');
    const unitsPerPixel =
      (2 * Math.tan(THREE.MathUtils.degToRad(FIELD_OF_VIEW_DEG) / 2) * rig.camera.position.distanceTo(rig.target)) / height;
    const length_um = round125(unitsPerPixel * um * 60);
    legend.setScaleBar(length_um / um / unitsPerPixel, `${numberText(length_um)} µm`);
  }

  private classCounts(): { name: string; n: number }[] {
    const of = this.measures.preferredClasses();
    if (of === null) return [];
    const counts = this.measures.classes.map((name) => ({ name, n: 0 }));
    for (let id = 0; id < of.length; id++) if (of[id] >= 0 && of[id] < counts.length) counts[of[id]].n++;
    return counts;
  }

  private health(): HealthCounts | null {
    const { network } = this.context;
    const measure = this.measures.get('health', 0, 0);
    if (measure === null) return null;
    const counts = { dead: 0, saturated: 0, silent: 0, of: network.n_neurons, silence_us: this.silence_us(), saturated_hz: this.measures.saturated_hz };
    const silent = this.silent();
    measure.values.forEach((value, id) => {
      if (value === HEALTH.dead) counts.dead++;
      else if (value === HEALTH.saturated) counts.saturated++;
      else if (value === HEALTH.fine && silent[id] === 1) counts.silent++;
    });
    return counts;
  }

  private silence_us(): number {
    return this.activity.silence_bins * this.context.frames.bin_us;
  }

  /** 1 for each neuron without a spike in the last moments, as far as those are loaded. */
  silent(): Uint8Array {
    const { network, frames, playback } = this.context;
    const { level } = playback;
    const stop = frames.frameAt(playback.t_us, level) + 1;
    const start = Math.max(0, stop - Math.ceil(this.activity.silence_bins / frames.bins(level)));
    const silent = new Uint8Array(network.n_neurons).fill(1);
    for (const { window, frame_start, frame_stop } of frames.spikesIn(start, stop, level)) {
      const to = window.offsets[frame_stop - window.first_frame];
      for (let i = window.offsets[frame_start - window.first_frame]; i < to; i++) silent[window.ids[i]] = 0;
    }
    return silent;
  }

  /** A rate in Hz as the fading count that the GPU holds. */
  private perWindow(rate_hz: number): number {
    return (rate_hz * this.activity.rateWindow_bins * this.context.frames.bin_us) / 1e6;
  }

  private potentialRange(): Scale {
    const { network, frames, view, playback } = this.context;
    const variable = view.get('variable');
    const frame = frames.frameAt(playback.t_us, playback.level);
    let [min, max] = [Infinity, -Infinity];
    for (const { layer } of network.potentials.filter((potential) => potential.variable === variable)) {
      const state = frames.stateAt(variable, layer, playback.level, frame);
      if (state === null) continue;
      min = Math.min(min, state.min);
      max = Math.max(max, state.max);
    }
    return min < max ? { min, max } : { min: 0, max: 1 };
  }
}
