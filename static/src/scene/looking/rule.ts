/** The measuring rule: a line between two neurons or places, with their distance and how many layers lie between. */

import * as THREE from 'three';

import type { CameraRig } from './camera_rig';
import { HeadsUp } from '../legend/heads_up';
import type { ShownLabel } from '../legend/labels';
import { countText, numberText } from '../legend/legend';
import type { NeuronTable } from '../neurons/neuron_table';
import type { SceneContext } from '../../state/frames';
import { neuronRef } from '../../state/link/address_bar';
import type { RuleEnd, ViewValues } from '../../state/view';

const COLOUR = '#ffffff';
const CLICK_PX = 5;
/** Half the length of the cross at each end, of the rule's length. */
const CROSS = 0.012;

export interface Measured {
  /** In micrometres where the layout has units, else in units of the scene. */
  readonly distance: number;
  readonly unit: 'µm' | 'units';
  /** Between the layers of two neurons, as they stand; null where an end is no neuron. */
  readonly layers_apart: number | null;
}

export class Rule {
  readonly object: THREE.LineSegments<THREE.BufferGeometry, THREE.LineBasicMaterial>;
  private readonly label = document.createElement('div');
  private readonly hud: HeadsUp;
  private readonly corners = new Float32Array(7 * 2 * 3);
  private armed = false;
  private start: RuleEnd | null = null;
  private loose: RuleEnd | null = null;
  private down: { x: number; y: number } | null = null;
  private shownLabel: ShownLabel | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement, private readonly context: SceneContext, private readonly table: NeuronTable,
    private readonly rig: CameraRig, private readonly um_per_unit: () => number, private readonly at: (x: number, y: number) => RuleEnd,
    private readonly invalidate: () => void,
  ) {
    const { host, signal } = context;
    this.hud = new HeadsUp(host, 'Measuring', 'Stop measuring (Esc)', () => this.disarm());
    this.label.className = 'scene-rule-label';
    this.label.hidden = true;
    host.append(this.label);
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute('position', new THREE.BufferAttribute(this.corners, 3));
    this.object = new THREE.LineSegments(geometry, new THREE.LineBasicMaterial({ color: COLOUR, transparent: true, opacity: 0.9, depthTest: false }));
    this.object.frustumCulled = false;
    this.object.renderOrder = 8;
    this.object.visible = false;
    const first = { signal, capture: true };
    canvas.addEventListener('pointerdown', (event) => {
      if (!this.armed || event.button !== 0) return;
      this.down = { x: event.offsetX, y: event.offsetY };
      event.stopPropagation(); // neither turns the view nor selects: whoever sees the press would wait for its end
    }, first);
    canvas.addEventListener('pointermove', (event) => this.onMove(event), first);
    canvas.addEventListener('pointerup', (event) => this.onUp(event), first);
    window.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.armed) return;
      event.stopPropagation();
      this.disarm();
    }, first);
  }

  /** Between the two neurons selected last; else the next two clicks set the ends. A rule that lies is taken away. */
  toggle(): void {
    const { view } = this.context;
    if (this.armed) return this.disarm();
    if (view.get('rule') !== null) return view.set({ rule: null });
    const selection = view.get('selection');
    if (selection.length >= 2) return view.set({ rule: [{ neuron: selection[selection.length - 2] }, { neuron: selection[selection.length - 1] }] });
    this.armed = true;
    this.canvas.style.cursor = 'crosshair';
    this.hud.shown = true;
    this.hud.text = 'Measure: click where the rule begins, a neuron or a place';
  }

  measure(rule: NonNullable<ViewValues['rule']>): Measured {
    const um = this.um_per_unit();
    const [a, b] = rule.map((end) => this.place(end, um > 0));
    const length = a.distanceTo(b);
    const [from, to] = rule.map((end) => ('neuron' in end ? this.standing(end.neuron) : null));
    return {
      distance: um > 0 ? length * um : length, unit: um > 0 ? 'µm' : 'units',
      layers_apart: from === null || to === null ? null : Math.abs(from - to),
    };
  }

  /** Follows view, layout and camera. */
  update(width: number, height: number): void {
    const rule = this.current();
    this.object.visible = rule !== null;
    this.shownLabel = null;
    if (rule === null) return this.hideLabel(true);
    const [a, b] = rule.map((end) => this.place(end, false));
    this.draw(a, b);
    const middle = a.clone().add(b).multiplyScalar(0.5).applyMatrix4(this.rig.camera.matrixWorldInverse);
    this.hideLabel(middle.z > -this.rig.camera.near);
    if (this.label.hidden) return;
    middle.applyMatrix4(this.rig.camera.projectionMatrix);
    const [x, y] = [(middle.x * 0.5 + 0.5) * width, (0.5 - middle.y * 0.5) * height];
    const { distance, unit, layers_apart } = this.measure(rule);
    const text = unit === 'µm' && distance >= 10_000 ? `${numberText(distance / 1000)} mm` : `${numberText(distance)} ${unit}`;
    const apart = layers_apart === null ? '' : layers_apart === 0 ? 'in one layer' : `${layers_apart} layer${layers_apart === 1 ? '' : 's'} apart`;
    const key = `${text}\n${apart}`;
    if (this.label.dataset.text !== key) {
      this.label.dataset.text = key;
      this.label.replaceChildren(Object.assign(document.createElement('b'), { textContent: text }), ...(apart === '' ? [] : [apart]));
      this.label.title = rule.map((end) => this.nameOf(end)).join(' to ');
    }
    this.label.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px) translate(-50%, -50%)`;
    this.shownLabel = { text, detail: apart, colour: COLOUR, x, y: y - 17 };
  }

  /** Only where it changes: writing the same again costs a fifth of a frame's work. */
  private hideLabel(hidden: boolean): void {
    if (this.label.hidden !== hidden) this.label.hidden = hidden;
  }

  /** The label, for pictures. */
  shown(): ShownLabel[] {
    return this.shownLabel === null ? [] : [this.shownLabel];
  }

  dispose(): void {
    this.hud.dispose();
    this.label.remove();
    this.object.geometry.dispose();
    this.object.material.dispose();
  }

  private current(): NonNullable<ViewValues['rule']> | null {
    return this.start !== null && this.loose !== null ? [this.start, this.loose] : this.context.view.get('rule');
  }

  /** Where an end lies; `recorded`: however far the layers are spread and fanned out. */
  private place(end: RuleEnd, recorded: boolean): THREE.Vector3 {
    if (!('neuron' in end)) return new THREE.Vector3(...end.place);
    const place = this.table.position(end.neuron, new THREE.Vector3());
    const row = recorded ? this.table.rowOf(end.neuron) : null;
    return row === null ? place : place.sub(row.shift);
  }

  private standing(neuron: number): number {
    const { network, view } = this.context;
    const order = view.get('order');
    const { layer } = neuronRef(neuron, network.layers);
    return order.length > 0 ? order.indexOf(layer) : network.layers.findIndex(({ name }) => name === layer);
  }

  private nameOf(end: RuleEnd): string {
    if (!('neuron' in end)) return 'a place';
    const { layer, neuron } = neuronRef(end.neuron, this.context.network.layers);
    return `${layer} ${countText(neuron)}`;
  }

  /** The line, and a small cross of three strokes at each end. */
  private draw(a: THREE.Vector3, b: THREE.Vector3): void {
    const arm = CROSS * Math.max(a.distanceTo(b), 1e-6);
    const strokes: THREE.Vector3[] = [a, b];
    for (const end of [a, b]) {
      for (let axis = 0; axis < 3; axis++) {
        const offset = new THREE.Vector3().setComponent(axis, arm);
        strokes.push(end.clone().sub(offset), end.clone().add(offset));
      }
    }
    strokes.forEach((corner, i) => corner.toArray(this.corners, 3 * i));
    this.object.geometry.attributes.position.needsUpdate = true;
  }

  private onMove(event: PointerEvent): void {
    if (!this.armed || this.start === null || event.buttons !== 0) return;
    this.loose = this.at(event.offsetX, event.offsetY);
    this.invalidate();
  }

  private onUp(event: PointerEvent): void {
    if (!this.armed || event.button !== 0 || this.down === null) return;
    event.stopPropagation();
    if (Math.hypot(event.offsetX - this.down.x, event.offsetY - this.down.y) > CLICK_PX) return;
    const end = this.at(event.offsetX, event.offsetY);
    if (this.start === null) {
      this.start = end;
      this.hud.text = 'Measure: click where it ends';
      return;
    }
    const { start } = this;
    this.disarm();
    this.context.view.set({ rule: [start, end] });
  }

  private disarm(): void {
    this.armed = false;
    this.start = this.loose = null;
    this.canvas.style.cursor = '';
    this.hud.shown = false;
    this.invalidate();
  }
}
