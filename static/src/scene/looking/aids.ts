/** What helps looking: first-person flight, measuring rule and minimap. */

import type * as THREE from 'three';

import type { CameraRig } from './camera_rig';
import { Flight } from './flight';
import { Minimap } from './minimap';
import { Rule } from './rule';
import type { LayoutMotion } from '../layout_motion';
import type { NeuronTable } from '../neurons/neuron_table';
import type { SceneContext } from '../../state/frames';
import type { RuleEnd } from '../../state/view';

export interface AidsParts {
  readonly canvas: HTMLCanvasElement;
  readonly context: SceneContext;
  readonly table: NeuronTable;
  readonly rig: CameraRig;
  readonly layout: LayoutMotion;
  /** What lies at a pixel. */
  endAt(x: number, y: number): RuleEnd;
  flyToLayer(layer: number): void;
  invalidate(): void;
}

export class Aids {
  readonly flight: Flight;
  readonly rule: Rule;
  private readonly minimap: Minimap;

  constructor(private readonly parts: AidsParts) {
    const { canvas, context, table, rig, layout } = parts;
    const { host, view, signal } = context;
    this.flight = new Flight(canvas, host, rig, table, signal);
    this.rule = new Rule(canvas, context, table, rig, () => layout.um_per_unit, (x, y) => parts.endAt(x, y), () => parts.invalidate());
    this.minimap = new Minimap(host, view, table, rig, (layer) => parts.flyToLayer(layer), signal);
  }

  get objects(): THREE.Object3D[] {
    return [this.rule.object];
  }

  /** Before each picture. */
  update(width: number, height: number): void {
    this.rule.update(width, height);
    this.minimap.update();
  }

  debug(): Record<string, unknown> {
    const rule = this.parts.context.view.get('rule');
    return { flying: this.flight.flying, rule: rule === null ? null : this.rule.measure(rule) };
  }

  dispose(): void {
    for (const part of [this.flight, this.rule, this.minimap]) part.dispose();
  }
}
