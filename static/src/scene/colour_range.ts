/** Where the colour map of the mode begins and ends, and the legend that says so. */

import * as THREE from 'three';

import { round125, type Activity } from './activity';
import { FIELD_OF_VIEW_DEG, type CameraRig } from './camera_rig';
import type { LayoutMotion } from './layout_motion';
import { numberText, type Legend } from './legend';
import { legendText } from './legend_text';
import type { Scale } from './neurons';
import type { SynapseView } from './synapse_view';
import type { SceneContext } from '../state/frames';

export class ColourRange {
  constructor(
    private readonly context: SceneContext, private readonly activity: Activity, private readonly synapses: SynapseView,
    private readonly layout: LayoutMotion,
  ) {}

  /** In the units that the GPU holds. */
  range(): Scale {
    const { view, network, frames, playback } = this.context;
    const mode = view.get('colour');
    const duration_s = Math.max(1e-9, (frames.n_frames * frames.bin_us) / 1e6);
    const rate_hz = Math.max(0, ...network.layers.map((layer) => layer.n_spikes / layer.n_neurons / duration_s));
    if (mode === 'rate') return { min: 0, max: this.perWindow(round125(Math.max(1, 4 * rate_hz))) };
    if (mode === 'count') {
      const elapsed_s = Math.max(0, playback.t_us - this.activity.since_us) / 1e6;
      return { min: 0, max: round125(Math.max(8, 4 * rate_hz * elapsed_s)) };
    }
    if (mode === 'recruitment') return { min: this.activity.since, max: Math.max(this.activity.now, this.activity.since + 1) };
    return this.potentialRange();
  }

  write(legend: Legend, rig: CameraRig, height: number, limited: boolean): void {
    const { view, network, frames, playback } = this.context;
    const variable = view.get('variable');
    const potentials = network.potentials.filter((potential) => potential.variable === variable);
    const mode = view.get('colour');
    const scale = this.range();
    if (mode === 'rate') scale.max /= this.perWindow(1);
    legend.set(
      legendText({
        mode,
        bin_us: frames.bin_us,
        frame_us: frames.bin_us * frames.bins(playback.level),
        halfLife_bins: this.activity.halfLife_bins,
        rateWindow_bins: this.activity.rateWindow_bins,
        since_us: this.activity.since_us,
        coarse: this.activity.coarse,
        limited: mode === 'spikes' && limited,
        scale,
        variable,
        unit: potentials[0]?.unit ?? '',
        recorded: { n: potentials.reduce((sum, { n_recorded }) => sum + n_recorded, 0), of: network.n_neurons },
        synapses: this.synapses.counts,
        weights: this.synapses.scales(),
        failed: [...this.synapses.failed.keys()],
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
