/** Names of layers and decoded places, as text over the picture: they step aside for nearer ones and for the camera. */

import * as THREE from 'three';

import type { NeuronTable, TableRow } from '../neurons/neuron_table';
import type { Network } from '../../state/frames';

interface Label {
  readonly row: TableRow;
  readonly element: HTMLElement;
  /** Of both lines, and of the name alone. */
  width: number;
  briefWidth: number;
  shown: boolean;
}

/** Where a label may stand: the middle of its lower edge. `brief`: the name alone. */
interface Spot {
  readonly x: number;
  readonly y: number;
  readonly brief?: boolean;
}

interface Seen {
  readonly spots: readonly Spot[];
  readonly depth: number;
  readonly size: number;
}

/** A label as it is shown: middle of its upper edge, CSS pixels. */
export interface ShownLabel {
  readonly text: string;
  readonly detail: string;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
}

const HEIGHT = 34;
const BRIEF = 17;
/** Pixels between a label and the window's edge. */
const EDGE = 4;
/** What labels step aside for, beside the legend. */
const CARDS = '.scene-minimap, .stimulus';

export class Labels {
  private readonly root = document.createElement('div');
  private readonly labels: Label[];
  private readonly anchor = new THREE.Vector3();
  private readonly corner = new THREE.Vector3();

  constructor(host: HTMLElement, private readonly table: NeuronTable, network: Network) {
    this.root.className = 'scene-labels';
    this.labels = table.rows.map((row) => {
      const element = document.createElement('div');
      element.className = 'scene-label';
      element.style.setProperty('--hue', `#${row.colour.getHexString()}`);
      const layer = network.layers.find((candidate) => row.kind === 'layer' && candidate.name === row.name);
      const shape = layer === undefined ? `${row.n} decoded` : shapeText(layer.shape, layer.n_neurons);
      element.append(line('scene-label-name', row.name), line('scene-label-shape', shape));
      this.root.append(element);
      return { row, element, width: 0, briefWidth: 0, shown: false };
    });
    host.append(this.root);
    // Measured once: the texts never change.
    for (const label of this.labels) label.width = label.element.offsetWidth || 80;
    for (const { element } of this.labels) element.classList.add('is-brief');
    for (const label of this.labels) label.briefWidth = label.element.offsetWidth || 40;
  }

  /**
   * Puts the labels above their sheets, nearest first; one that would lie over a nearer one says its name alone, else waits.
   * `left`: where their picture begins.
   */
  update(
    camera: THREE.PerspectiveCamera, width: number, height: number,
    legend: HTMLElement | null = this.root.parentElement?.querySelector<HTMLElement>('.scene-legend') ?? null, left = 0,
  ): void {
    const placed: { x: number; y: number; w: number; h: number }[] = [];
    const cards = [legend, ...(this.root.closest('.stage')?.querySelectorAll<HTMLElement>(CARDS) ?? [])];
    for (const card of cards) {
      if (card && !card.hidden) placed.push({ x: card.offsetLeft - left, y: card.offsetTop, w: card.offsetWidth, h: card.offsetHeight });
    }
    const seen = this.labels
      .map((label) => ({ label, at: this.place(label, camera, width, height) }))
      .sort((a, b) => (a.at?.depth ?? Infinity) - (b.at?.depth ?? Infinity));
    for (const { label, at } of seen) {
      const { row, element } = label;
      let spot: Spot | undefined;
      if (at !== null && at.size > 26 && row.visible > 0.5 && !this.table.clipsAll(this.table.boxOf(row))) {
        const boxOf = ({ x, y, brief }: Spot): { x: number; y: number; w: number; h: number } => {
          const [wide, high] = brief === true ? [label.briefWidth, BRIEF] : [label.width, HEIGHT];
          return { x: x - wide / 2 - 6, y: y - high - 4, w: wide + 12, h: high + 8 };
        };
        spot = at.spots.find((candidate) => {
          const box = boxOf(candidate);
          return !placed.some((p) => p.x < box.x + box.w && box.x < p.x + p.w && p.y < box.y + box.h && box.y < p.y + p.h);
        });
        if (spot !== undefined) {
          const [wide, high] = spot.brief === true ? [label.briefWidth, BRIEF] : [label.width, HEIGHT];
          placed.push(boxOf(spot));
          element.classList.toggle('is-brief', spot.brief === true);
          element.style.transform = `translate(${Math.round(spot.x - wide / 2)}px, ${Math.round(spot.y - high)}px)`;
        }
      }
      if ((spot !== undefined) !== label.shown) {
        label.shown = spot !== undefined;
        element.classList.toggle('is-shown', label.shown);
      }
    }
  }

  /** What is shown now, for screenshots. */
  shown(): ShownLabel[] {
    const host = this.root.getBoundingClientRect();
    return this.labels
      .filter((label) => label.shown)
      .map(({ element, row }) => {
        const box = element.getBoundingClientRect();
        return {
          text: element.children[0].textContent ?? '',
          detail: element.classList.contains('is-brief') ? '' : (element.children[1].textContent ?? ''),
          colour: `#${row.colour.getHexString()}`,
          x: box.left - host.left + box.width / 2,
          y: box.top - host.top,
        };
      });
  }

  dispose(): void {
    this.root.remove();
  }

  /** Pixels by which a slanting upper edge stands higher at an end of the label than in the middle. */
  private rise({ row, width: wide }: Label, camera: THREE.PerspectiveCamera, width: number, height: number): number {
    const { min, max } = row.box;
    const ends = [min.z, max.z].map((z) => {
      this.corner.set((min.x + max.x) / 2, max.y, z).add(row.shift).project(camera);
      return { x: this.corner.x * 0.5 * width, y: this.corner.y * 0.5 * height };
    });
    const run = Math.abs(ends[1].x - ends[0].x);
    return run < 1 ? 0 : (Math.abs(ends[1].y - ends[0].y) / run) * Math.min(wide / 2, run / 2);
  }

  private place(
    label: Label, camera: THREE.PerspectiveCamera, width: number, height: number,
  ): Seen | null {
    const { row } = label;
    if (row.frame?.kind === 'column' || row.frame?.kind === 'cloud') return this.placeBeside(label, camera, width, height);
    const { min, max } = row.box;
    this.anchor.set((min.x + max.x) / 2, max.y + 0.6 * row.spacing, (min.z + max.z) / 2).add(row.shift);
    this.corner.copy(this.anchor);
    const depth = -this.corner.applyMatrix4(camera.matrixWorldInverse).z;
    if (depth < camera.near) return null;
    const span = max.distanceTo(min);
    const size = (span / depth / (2 * Math.tan(THREE.MathUtils.degToRad(camera.fov) / 2))) * height;
    this.anchor.project(camera);
    const x = (this.anchor.x * 0.5 + 0.5) * width;
    // A sheet that reaches above the window keeps its label at the top edge.
    const y = Math.max(HEIGHT + 6, (0.5 - this.anchor.y * 0.5) * height - 4 - this.rise(label, camera, width, height));
    if (x < 0 || x > width || y > height) return null;
    const inside = (wide: number): number => Math.max(wide / 2 + EDGE, Math.min(width - wide / 2 - EDGE, x));
    const brief = { x: inside(label.briefWidth), y, brief: true };
    return { spots: [{ x: inside(label.width), y }, brief, { ...brief, y: y - BRIEF - 4 }], depth, size };
  }

  /** Layers one above the other have no room above: their labels stand beside them, every other one on the right if it can. */
  private placeBeside(
    label: Label, camera: THREE.PerspectiveCamera, width: number, height: number,
  ): Seen | null {
    const { row } = label;
    const box = this.table.leftOf(row);
    if (box.isEmpty()) return null;
    const { min, max } = box;
    this.anchor.addVectors(min, max).multiplyScalar(0.5);
    const depth = -this.corner.copy(this.anchor).applyMatrix4(camera.matrixWorldInverse).z;
    if (depth < camera.near) return null;
    let [left, right] = [Infinity, -Infinity];
    for (let i = 0; i < 4; i++) {
      this.corner.set(i & 1 ? max.x : min.x, this.anchor.y, i & 2 ? max.z : min.z).project(camera);
      const x = (this.corner.x * 0.5 + 0.5) * width;
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
    const size = right - left;
    this.anchor.project(camera);
    const y = (0.5 - this.anchor.y * 0.5) * height + HEIGHT / 2;
    const onLeft = this.labels.indexOf(label) % 2 === 0;
    const round = row.frame?.kind === 'column' ? 0.12 * size : 0;
    if (y < HEIGHT || y > height) return null;
    const spots = [false, true].flatMap((brief) => {
      const wide = brief ? label.briefWidth : label.width;
      const [atLeft, atRight] = [left + round - wide / 2 - 10, right - round + wide / 2 + 10];
      const at = brief ? y - (HEIGHT - BRIEF) / 2 : y;
      return (onLeft ? [atLeft, atRight] : [atRight, atLeft]).map((x) => ({ x, y: at, brief, wide }));
    }).filter(({ x, wide }) => x >= wide / 2 + EDGE && x <= width - wide / 2 - EDGE);
    return { spots, depth, size };
  }
}

function line(className: string, text: string): HTMLElement {
  const element = document.createElement('div');
  element.className = className;
  element.textContent = text;
  return element;
}

export function shapeText(shape: readonly number[], n_neurons: number): string {
  const n = n_neurons.toLocaleString('en-GB');
  return shape.length > 1 ? `${shape.join(' × ')} = ${n}` : `${n} neuron${n_neurons === 1 ? '' : 's'}`;
}
