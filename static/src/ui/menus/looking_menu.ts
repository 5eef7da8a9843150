/** The menu of ways to look: flight, rule, minimap, and the clipping planes. */

import type { SceneHandle } from '../../state/frames';
import { VIEW_DEFAULTS, type Clip, type Minimap, type View } from '../../state/view';
import { h } from '../dom';
import { icon } from '../icons';
import { choices, Popover, slider } from '../popover';

/** By axis: its two sides, as the home view sees them. */
const SIDES: readonly (readonly [axis: string, from: string, to: string])[] = [
  ['Along x', 'From the left', 'From the right'], ['Along y', 'From below', 'From above'], ['Along z', 'From behind', 'From the front'],
];
/** Between two planes something stays. */
const LEAST = 0.02;

export class LookingMenu {
  readonly element: HTMLElement;
  private readonly popover: Popover;

  constructor(private readonly view: View, private readonly scene: () => SceneHandle | null, signal: AbortSignal) {
    this.popover = new Popover('looking', 'Look', 'Clip, fly, measure, and the minimap', (panel) => this.fill(panel), signal);
    this.element = this.popover.element;
    view.subscribe(['clip'], () => this.paint(), signal);
    view.subscribe(['minimap', 'rule'], () => this.popover.refill(), signal);
    this.paint();
  }

  /** Minimap off, from above, from the side. */
  nextMinimap(): void {
    const kinds: readonly Minimap[] = ['off', 'above', 'side'];
    this.view.set({ minimap: kinds[(kinds.indexOf(this.view.get('minimap')) + 1) % kinds.length] });
  }

  private paint(): void {
    this.popover.value = this.clipped() ? 'clipped' : '';
  }

  private clipped(): boolean {
    return JSON.stringify(this.view.get('clip')) !== JSON.stringify(VIEW_DEFAULTS.clip);
  }

  private fill(panel: HTMLElement): void {
    const { view } = this;
    const act = (name: 'fly' | 'rule', label: string, title: string, run: () => void): HTMLElement => h('button', {
      type: 'button', title,
      onclick: () => {
        this.popover.close();
        run();
      },
    }, icon(name), label);
    panel.replaceChildren(
      h(
        'div.look-tools',
        act('fly', 'Fly', 'First-person flight: W A S D move, mouse or arrow keys look, the wheel sets the speed (Z)', () => this.scene()?.toggleFlight?.()),
        act('rule', view.get('rule') === null ? 'Measure' : 'Take the rule away', 'Distance of the two neurons selected last, or of two that you click (X)', () => this.scene()?.toggleRule?.()),
      ),
      h('h3', 'Minimap'),
      choices<Minimap>('minimap', [
        { value: 'off', title: 'None', summary: 'M takes the next' },
        { value: 'above', title: 'From above', summary: 'The layers, and what the camera sees; a click flies there' },
        { value: 'side', title: 'From the side', summary: 'The same, seen from the front' },
      ], view.get('minimap'), (minimap) => view.set({ minimap })),
      h('h3', 'Clipping planes'),
      h('p.hint', 'Cut away what lies before a plane. Nothing behind it can be clicked or selected by mistake.'),
      h('div.clip', ...SIDES.flatMap(([axis, from, to], i) => [this.side(axis, from, 2 * i), this.side(axis, to, 2 * i + 1)])),
      h('div.popover-foot', h('button', {
        type: 'button', title: 'Show everything again',
        onclick: () => {
          view.set({ clip: VIEW_DEFAULTS.clip });
          this.popover.refill();
        },
      }, 'No clipping')),
    );
  }

  /** A slider that says how much is cut away from one side. */
  private side(axis: string, label: string, at: number): HTMLElement {
    const { view } = this;
    const upper = at % 2 === 1;
    const part = view.get('clip')[at];
    return slider(
      label, `${axis}: how much of the network is cut away ${label.toLowerCase()}`, { min: 0, max: 1 - LEAST, step: 0.01, value: upper ? 1 - part : part },
      (x) => (x === 0 ? 'whole' : `${Math.round(100 * x)} %`),
      (x) => {
        const clip = [...view.get('clip')] as [number, number, number, number, number, number];
        const other = clip[upper ? at - 1 : at + 1];
        const place = Number((upper ? 1 - x : x).toFixed(4));
        clip[at] = upper ? Math.max(place, other + LEAST) : Math.min(place, other - LEAST);
        view.set({ clip: clip satisfies Clip });
      },
    );
  }
}
