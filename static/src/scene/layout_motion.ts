/** Follows the view's layout, order, spread and fan: fetches where the neurons lie then, and moves them there. */

import type { NeuronTable } from './neurons/neuron_table';
import { Sheets } from './sheets';
import type { Network, Placement } from '../state/frames';
import type { View } from '../state/view';

/** Long enough to follow a neuron with the eye from where it was to where it goes. */
const MOVE_MS = 650;
const SPREAD_MS = 180;

export class LayoutMotion {
  /** The layout that is drawn, or on its way. */
  layout: string;
  note: string;
  um_per_unit: number;
  /** Why the layout that was asked for is not drawn; "" = it is. */
  failed = '';
  private readonly reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');
  private asked: AbortController | null = null;
  private start_ms: number | null = null;
  private part = 1;
  private readonly drawn: { spread: number; fan: number };

  constructor(
    private readonly network: Network, private readonly view: View, private readonly table: NeuronTable,
    private readonly sheets: Sheets, private readonly signal: AbortSignal,
    /**
     * Called when a layout has been set out for (`far`: neurons lie elsewhere), and when the layers have moved apart;
     * `camera`: whoever changed the layout has set the camera with it.
     */
    private readonly onChange: (far: boolean, camera: boolean) => void,
  ) {
    this.layout = network.layout ?? '';
    this.note = network.layout_note ?? '';
    this.um_per_unit = network.um_per_unit ?? 0;
    this.drawn = { spread: view.get('spread'), fan: view.get('fan') };
    table.setSpread(this.drawn.spread, this.drawn.fan);
    view.subscribe(['layout', 'order'], (_, changed) => void this.ask(changed.has('camera')), signal);
    view.subscribe(['spread', 'fan'], () => this.onChange(false, false), signal);
  }

  /** Moves everything on; true while something moves. */
  update(now_ms: number, elapsed_ms: number): boolean {
    const spreading = this.ease('spread', elapsed_ms) || this.ease('fan', elapsed_ms);
    if (spreading) {
      this.table.setSpread(this.drawn.spread, this.drawn.fan);
      if (this.drawn.spread === this.view.get('spread') && this.drawn.fan === this.view.get('fan')) this.onChange(false, false);
    }
    if (!this.table.moving) return spreading;
    this.start_ms ??= now_ms;
    const part = this.reducedMotion.matches ? 1 : Math.min(1, (now_ms - this.start_ms) / MOVE_MS);
    this.part = part;
    this.table.moveTo(part < 1 ? part * part * (3 - 2 * part) : 1);
    this.sheets.shown = Math.max(0, 2 * part - 1);
    if (part >= 1) this.start_ms = null;
    return true;
  }

  get moving(): boolean {
    return this.part < 1 || this.table.moving;
  }

  private ease(key: 'spread' | 'fan', elapsed_ms: number): boolean {
    const goal = this.view.get(key);
    const now = this.drawn[key];
    if (now === goal) return false;
    const next = now + (goal - now) * (1 - Math.exp(-elapsed_ms / (SPREAD_MS / 3)));
    this.drawn[key] = this.reducedMotion.matches || Math.abs(next - goal) < 0.002 ? goal : next;
    return true;
  }

  private async ask(camera: boolean): Promise<void> {
    if (this.network.place === undefined) return;
    this.asked?.abort();
    const asked = new AbortController();
    this.asked = asked;
    const signal = AbortSignal.any([asked.signal, this.signal]);
    let placement: Placement;
    try {
      placement = await this.network.place(this.view.get('layout'), this.view.get('order'), signal);
    } catch (error) {
      if (signal.aborted) return;
      this.failed = error instanceof Error ? error.message : String(error);
      this.onChange(false, false);
      return;
    }
    if (signal.aborted) return;
    this.failed = '';
    this.layout = placement.layout ?? this.view.get('layout');
    this.note = placement.layout_note ?? '';
    this.um_per_unit = placement.um_per_unit ?? 0;
    this.table.setPlacement(placement);
    this.sheets.rebuild(this.table);
    this.start_ms = null;
    this.part = 0;
    this.onChange(true, camera);
  }
}
