/** The pointer over the scene: hovering names the neuron or the bundle, a click selects the neuron. */

import type { CameraRig } from './camera_rig';
import { countText, numberText, type Legend } from '../legend/legend';
import type { Side, Surface } from '../surface';
import type { SceneContext } from '../../state/frames';

const CLICK_PX = 5;
const CLICK_MS = 500;

export class Pointer {
  private down: { x: number; y: number; ms: number } | null = null;
  private at: { x: number; y: number } | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement, private readonly context: SceneContext, private readonly surface: Surface,
    private readonly rig: CameraRig, private readonly legend: Legend,
  ) {
    const { signal } = context;
    const on = <K extends keyof HTMLElementEventMap>(name: K, listener: (event: HTMLElementEventMap[K]) => void): void =>
      canvas.addEventListener(name, listener, { signal });
    on('pointerdown', (event) => {
      this.down = { x: event.offsetX, y: event.offsetY, ms: event.timeStamp };
    });
    on('pointermove', (event) => {
      this.at = { x: event.offsetX, y: event.offsetY };
      if (event.buttons === 0) void this.hover();
    });
    on('pointerleave', () => {
      this.at = null;
      this.setHover(-1, 0, 0);
    });
    on('pointerup', (event) => {
      const { down } = this;
      this.down = null;
      if (down === null || event.button !== 0 || event.timeStamp - down.ms > CLICK_MS) return;
      if (Math.hypot(event.offsetX - down.x, event.offsetY - down.y) > CLICK_PX) return;
      this.click(event.offsetX, event.offsetY, event.shiftKey);
    });
  }

  /** The neuron of the picture there drawn at a CSS pixel, or -1. */
  pick(x: number, y: number): number {
    const { height, ratio } = this.surface;
    const { picker, left, width } = this.surface.sideAt(x);
    return picker.pick(this.rig.camera, (x - left) * ratio, y * ratio, width * ratio, height * ratio);
  }

  private click(x: number, y: number, add: boolean): void {
    const { view } = this.surface.sideAt(x);
    const id = this.pick(x, y);
    const before = view.get('selection');
    if (id < 0) {
      if (!add) view.set({ selection: [] });
    } else if (!add) view.set({ selection: [id] });
    else view.set({ selection: before.includes(id) ? before.filter((other) => other !== id) : [...before, id] });
  }

  private async hover(): Promise<void> {
    const { at } = this;
    if (at === null) return;
    const { height, ratio } = this.surface;
    const { picker, left, width } = this.surface.sideAt(at.x);
    const id = await picker.hover(this.rig.camera, (at.x - left) * ratio, at.y * ratio, width * ratio, height * ratio);
    if (id === null || this.context.signal.aborted) return;
    if (this.at !== null) this.setHover(id, this.at.x, this.at.y);
    // The pointer went on while the GPU answered: ask once more.
    if (this.at !== null && (this.at.x !== at.x || this.at.y !== at.y)) void this.hover();
  }

  private setHover(id: number, x: number, y: number): void {
    const side = this.surface.sideAt(x);
    side.view.set({ hover: id });
    this.canvas.style.cursor = id >= 0 ? 'pointer' : '';
    const row = id >= 0 ? side.table.rowOf(id) : null;
    const texts = [row && this.hoverText(side, row.name, id - row.first), this.at && side.extras.textAt(this.rig.camera, x - side.left, y, side.width, this.surface.height)];
    this.legend.setHover(texts.filter(Boolean).join('\n'), x, y);
  }

  private hoverText({ network, view, frames, playback }: Side, layer: string, neuron: number): string {
    let text = `${layer} · neuron ${countText(neuron)}`;
    const shape = network.layers.find(({ name }) => name === layer)?.shape ?? [];
    if (shape.length === 2) text += ` (row ${Math.floor(neuron / shape[1])}, column ${neuron % shape[1]})`;
    if (view.get('colour') === 'potential') {
      const potential = network.potentials.find((p) => p.variable === view.get('variable') && p.layer === layer);
      const frame = frames.frameAt(playback.t_us, playback.level);
      const value = potential === undefined ? undefined : frames.stateAt(potential.variable, layer, playback.level, frame)?.values[neuron];
      text += value === undefined || value !== value ? ' · not recorded' : ` · ${numberText(value)} ${potential?.unit === '1' ? '' : (potential?.unit ?? '')}`;
    }
    return text;
  }
}
