/** The way between panels and scene: which neuron an item stands for, what a click on it does, what is selected. */

import type { Columns } from '../net/arrow';
import type { Lit } from '../state/view';
import type { AnyPanel, PanelContext } from './panel';

type Links = NonNullable<AnyPanel['links']>;

export interface Target {
  readonly t_us: number | null;
  /** Global index of the neuron. */
  readonly neuron: number | null;
  /** Where several neurons lead from one item: how many, from that one on. */
  readonly each?: number;
}

/** Global index of a neuron of a layer; null where there is none. */
export function globalNeuron(context: PanelContext, layer: string, id: number | null | undefined): number | null {
  const found = context.layers.find((candidate) => candidate.name === layer);
  return found === undefined || id === null || id === undefined || !(id >= 0 && id < found.n_neurons) ? null : found.offset + id;
}

/** A selection is an array that is never changed, and every item of every panel asks whether it is in it. */
const sorted = new WeakMap<readonly number[], Float64Array>();

function ascending(selection: readonly number[]): Float64Array {
  let found = sorted.get(selection);
  if (found === undefined) sorted.set(selection, (found = Float64Array.from(selection).sort()));
  return found;
}

/** Place of the first value that is not smaller. */
function firstFrom(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where an item leads. */
export function targetOf(context: PanelContext, links: Links | null | undefined, columns: Columns, item: number): Target {
  if (!links) return { t_us: null, neuron: null };
  const number = (name: string | undefined): number | null => {
    if (!name) return null;
    const value = (columns.list(name) as ArrayLike<number>)[item];
    return value === undefined || Number.isNaN(value) ? null : value;
  };
  const layer = links.layers ? String(columns.list(links.layers)[item]) : (links.layer ?? '');
  const id = number(links.neuron);
  const neuron = globalNeuron(context, layer, id);
  const n = context.layers.find((candidate) => candidate.name === layer)?.n_neurons ?? 0;
  return { t_us: number(links.time_us), neuron, each: neuron === null || id === null ? 0 : Math.min(links.each ?? 1, n - id) };
}

/** Global indices of the neurons that an item stands for. */
export function neuronsOf({ neuron, each = 1 }: Target): number[] {
  return neuron === null ? [] : Array.from({ length: each }, (_, at) => neuron + at);
}

export function leads(target: Target): boolean {
  return target.t_us !== null || target.neuron !== null;
}

/** Selects a neuron; with Shift it is added, or taken away where it is selected. */
export function select(context: PanelContext, neuron: number, add: boolean): void {
  const selection = context.view.get('selection');
  if (!add) context.view.set({ selection: [neuron] });
  else context.view.set({ selection: selection.includes(neuron) ? selection.filter((other) => other !== neuron) : [...selection, neuron] });
}

/** Selects neurons, or adds them to the selection. */
export function selectAll(context: PanelContext, neurons: Iterable<number>, add: boolean): void {
  context.view.set({ selection: [...new Set([...(add ? context.view.get('selection') : []), ...neurons])] });
}

/** Seeks to where an item leads, selects its neuron, and flies there where it names a moment too. */
export function follow(context: PanelContext, target: Target, add: boolean): void {
  if (target.t_us !== null) context.trail.leave();
  if (target.neuron !== null) select(context, target.neuron, add);
  if (target.t_us === null) return;
  context.clock.pause();
  context.clock.seek(target.t_us);
  if (target.neuron !== null) context.fly();
}

export function isSelected(context: PanelContext, target: Target): boolean {
  const { neuron, each = 1 } = target;
  if (neuron === null) return false;
  const chosen = ascending(context.view.get('selection'));
  const at = firstFrom(chosen, neuron);
  return at < chosen.length && chosen[at] < neuron + each;
}

/** Ids, within a layer, of its selected neurons, ascending. */
export function selectedIn(context: PanelContext, layer: string): Float64Array {
  const found = context.layers.find((candidate) => candidate.name === layer);
  if (found === undefined) return new Float64Array();
  const chosen = ascending(context.view.get('selection'));
  const own = chosen.subarray(firstFrom(chosen, found.offset), firstFrom(chosen, found.offset + found.n_neurons));
  return own.map((neuron) => neuron - found.offset);
}

/** Neurons that a panel lights, each once with its largest strength. */
export function litBy(context: PanelContext, panel: AnyPanel, columns: Columns): Lit[] {
  if (!panel.lit || !panel.links || panel.empty) return [];
  const strengths = columns.list(panel.lit) as ArrayLike<number>;
  const found = new Map<number, number>();
  for (let item = 0; item < strengths.length; item++) {
    const { neuron } = targetOf(context, panel.links, columns, item);
    if (neuron !== null) found.set(neuron, Math.max(found.get(neuron) ?? 0, strengths[item]));
  }
  return [...found].map(([neuron, strength]) => ({ neuron, strength }));
}
