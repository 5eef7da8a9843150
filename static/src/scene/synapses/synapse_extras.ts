/** What is drawn of synapses beside the lines of the chosen ones: bundles where the camera is far, and pruned ones. */

import type * as THREE from 'three';

import { Bundles } from './bundles';
import { GhostSynapses } from './ghost_synapses';
import type { SynapseView } from './synapse_view';
import { bundleText, type LegendFacts } from '../legend/legend_text';
import type { NeuronTable } from '../neurons/neuron_table';
import type { View } from '../../state/view';

export class SynapseExtras {
  readonly bundles: Bundles;
  readonly ghosts: GhostSynapses;

  constructor(
    private readonly synapses: SynapseView, private readonly view: View, table: NeuronTable, shared: Record<string, THREE.IUniform>, signal: AbortSignal,
  ) {
    this.bundles = new Bundles(view, table, synapses.projections, shared);
    this.ghosts = new GhostSynapses(synapses.projections, view, table, shared, signal);
  }

  get objects(): THREE.Object3D[] {
    return [this.bundles.object, this.ghosts.lines.object];
  }

  /**
   * @param far distance of the camera, 1 = where the network fills the window
   * @param differs the lines show a difference, which bundles do not
   * @returns true when the picture changed
   */
  update(far: number, level: number, frame: number, now_ms: number, rest: boolean, differs: boolean): boolean {
    const bundled = differs ? 0 : this.bundles.part(far);
    this.synapses.setBundled(bundled);
    const ghosts = this.ghosts.update(level, frame, now_ms, rest);
    return this.bundles.update(bundled, level, frame, now_ms, rest) || ghosts;
  }

  /** What the pointer finds of a bundle at a pixel of a picture, in lines of text; null where there is none. */
  textAt(camera: THREE.PerspectiveCamera, x: number, y: number, width: number, height: number): string | null {
    const bundle = this.bundles.at(camera, x, y, width, height);
    return bundle && bundleText(bundle, this.synapses.linesOf(bundle.name));
  }

  /** For the legend. */
  facts(): Pick<LegendFacts, 'bundles' | 'ghosts'> {
    const { bundles, scale, drawn, object } = this.bundles;
    const bundled = object.visible && object.material.uniforms.shown.value >= 0.5;
    return {
      bundles: bundled ? { drawn, of: bundles.length, scale, by: this.view.get('bundle_width'), unit: bundles.find(({ mean }) => mean !== null)?.unit ?? '' } : null,
      ghosts: this.view.get('ghosts') ? { ...this.ghosts.counts, below: this.view.get('ghosts_below'), name: this.view.get('ghosts_of') } : null,
    };
  }

  dispose(): void {
    this.bundles.dispose();
    this.ghosts.dispose();
  }
}
