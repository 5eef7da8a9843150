/**
 * The comparison in the scene: makes the second view when there is a B, says whether it is drawn beside A or subtracted
 * from it, and puts A's and B's moments over their pictures.
 */

import type * as THREE from 'three';

import type { CameraRig } from './camera_rig';
import type { ColourRange } from './colour_range';
import { SecondView } from './second_view';
import type { Difference } from './neurons';
import type { SynapseView } from './synapse_view';
import type { Activity } from './activity';
import { formatTime } from '../state/format';
import type { SceneContext } from '../state/frames';
import type { ColourMode } from '../state/view';

export class Comparing {
  second: SecondView | null = null;
  private readonly captions = [caption('A'), caption('B')] as const;
  private shape = '';

  constructor(
    private readonly context: SceneContext, private readonly renderer: THREE.WebGLRenderer, private readonly colours: ColourRange,
    private readonly synapses: SynapseView, private readonly activity: Activity,
    /** The halves came, went or changed their sense: sizes are others. */
    private readonly reshaped: () => void,
  ) {
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
    const { second } = this;
    if (second === null || !this.differs) return null;
    return { other: second.activity, a: this.colours.reading(), b: second.colours.reading(), end: this.colours.differenceEnd() };
  }

  /** Moves B on; true when something has to be drawn. */
  update(far: number, now_ms: number, elapsed_ms: number, mode: ColourMode): boolean {
    return this.second?.update(far, now_ms, elapsed_ms, mode) ?? false;
  }

  /** Labels of B, and the moments over the pictures. */
  write(rig: CameraRig, width: number, height: number, legend: HTMLElement | null): void {
    const { second, captions, context } = this;
    for (const part of captions) part.hidden = second === null;
    if (second === null) return;
    second.label(rig, this.beside, width, height, legend);
    const { other } = second;
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

  /** Makes, takes away or turns the second view as the comparison now is. */
  follow(): void {
    const { context } = this;
    const { other } = context.comparison;
    if (other !== (this.second?.other ?? null)) {
      this.second?.dispose();
      this.second = other === null ? null : new SecondView(context.host, this.renderer, other, this.reshaped);
      this.colours.other = this.second?.colours ?? null;
      this.synapses.twin = this.second?.synapses ?? null;
      if (this.second !== null) {
        this.second.colours.other = this.colours;
        this.second.synapses.twin = this.synapses;
      }
      // Both begin to count and to forget at the same moment.
      this.activity.invalidate();
    }
    const { second } = this;
    this.colours.differs = this.differs;
    this.synapses.compareWith(this.differs && second !== null ? (name) => second.weightsOf(name) : null);
    const shape = second === null ? '' : this.differs ? 'difference' : 'side';
    if (shape !== this.shape || other !== null) {
      this.shape = shape;
      this.reshaped();
    }
  }

  dispose(): void {
    this.second?.dispose();
    for (const part of this.captions) part.remove();
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
