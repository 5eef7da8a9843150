/**
 * The comparison in the scene: makes the view of B when there is one, says whether it is drawn beside A or subtracted
 * from it, and puts A's and B's moments over their pictures.
 */

import type * as THREE from 'three';

import type { CameraRig } from './looking/camera_rig';
import { NetworkView } from './network_view';
import type { Difference } from './neurons/neurons';
import { type Changed, NOTHING } from './redraw';
import { formatTime } from '../state/format';
import type { OtherSide, SceneContext } from '../state/frames';

export class Comparing {
  /** The view of B, where there is one. */
  second: NetworkView | null = null;
  private other: OtherSide | null = null;
  private readonly captions = [caption('A'), caption('B')] as const;
  /** The right half of the canvas, in which B's labels stand. */
  private readonly half = document.createElement('div');
  private shape = '';

  constructor(
    private readonly context: SceneContext, private readonly renderer: THREE.WebGLRenderer, private readonly first: NetworkView,
    /** The halves came, went or changed their sense: sizes are others. */
    private readonly reshaped: () => void,
  ) {
    this.half.className = 'scene-half';
    context.host.append(...this.captions);
    context.comparison.onChange(() => this.follow(), context.signal);
  }

  /** Two pictures beside each other. */
  get beside(): boolean {
    return this.second !== null && !this.differs;
  }

  get differs(): boolean {
    const { view, comparison } = this.context;
    return this.second !== null && view.get('comparison')?.mode === 'difference' && comparison.noDifference === '';
  }

  /** What A's neurons read of B; null where they show A. */
  get difference(): Difference | null {
    const { first, second } = this;
    if (second === null || !this.differs) return null;
    return { other: second.activity, a: first.colours.reading(), b: second.colours.reading(), end: first.colours.differenceEnd() };
  }

  /** Moves B on. */
  update(far: number, now_ms: number, elapsed_ms: number): Changed {
    if (this.second === null) return NOTHING;
    const arranging = this.second.arrange(now_ms, elapsed_ms);
    const { lit, rest } = this.second.update({ now_ms, far, held: false, differs: false });
    return { lit, rest: rest || arranging };
  }

  /** Labels of B, and the moments over the pictures. */
  write(rig: CameraRig, width: number, height: number, legend: HTMLElement | null): void {
    const { second, other, captions, context } = this;
    for (const part of captions) part.hidden = second === null;
    if (second === null || other === null) return;
    this.half.hidden = !this.beside;
    if (this.beside) second.labels.update(rig.camera, width, height, legend, width);
    const own = context.network.recording === other.network.recording;
    const at = other.playback.wanted_us;
    const end_us = other.frames.t_start_us + other.frames.n_frames * other.frames.bin_us;
    const outside = at < other.frames.t_start_us ? ', before its start' : at >= end_us ? ', after its end' : '';
    const b = `${formatTime(at, other.frames.bin_us)}${own ? '' : ` · ${other.name}`}${outside}`;
    const a = formatTime(context.playback.t_us, context.frames.bin_us);
    captions[1].hidden = !this.beside;
    if (this.beside) {
      captions[0].lastElementChild!.textContent = a;
      captions[1].lastElementChild!.textContent = b;
    } else captions[0].lastElementChild!.textContent = `${b} − A ${a}`;
    captions[0].firstElementChild!.textContent = this.beside ? 'A' : 'B';
    captions[0].classList.toggle('is-whole', !this.beside);
  }

  /** Makes, takes away or turns the view of B as the comparison now is. */
  follow(): void {
    const { context, first } = this;
    const { other } = context.comparison;
    if (other !== this.other) this.show(other);
    const { second } = this;
    first.colours.differs = this.differs;
    first.synapses.compareWith(this.differs && second !== null ? (name) => second.weightsOf(name) : null);
    const shape = second === null ? '' : this.differs ? 'difference' : 'side';
    if (shape !== this.shape || other !== null) {
      this.shape = shape;
      this.reshaped();
    }
  }

  dispose(): void {
    this.second?.dispose();
    for (const part of [this.half, ...this.captions]) part.remove();
  }

  private show(other: OtherSide | null): void {
    const { context, first, half } = this;
    this.other = other;
    this.second?.dispose();
    half.remove();
    half.hidden = false;
    if (other !== null) context.host.append(half);
    const second = other === null ? null : new NetworkView(other, this.renderer, half, this.reshaped);
    this.second = second;
    first.colours.other = second?.colours ?? null;
    first.synapses.twin = second?.synapses ?? null;
    if (second !== null) {
      second.colours.other = first.colours;
      second.synapses.twin = first.synapses;
    }
    // Both begin to count and to forget at the same moment.
    first.activity.invalidate();
  }
}

function caption(letter: 'A' | 'B'): HTMLElement {
  const element = document.createElement('div');
  element.className = `scene-caption is-${letter.toLowerCase()}`;
  element.hidden = true;
  const name = document.createElement('b');
  name.textContent = letter;
  element.append(name, document.createElement('span'));
  return element;
}
