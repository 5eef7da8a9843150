/** The layout menu: which layout, how far apart and fanned out the layers stand, and in which order. */

import type { LayoutInfo } from '../../net/messages.gen';
import { rest } from '../../net/rest';
import type { Network } from '../../state/frames';
import { layerColour } from '../../state/palette';
import { VIEW_DEFAULTS, type View } from '../../state/view';
import { h } from '../dom';
import { iconButton } from '../icons';
import { choices, Popover, slider } from '../popover';

export class LayoutMenu {
  readonly element: HTMLElement;
  private readonly popover: Popover;
  private kinds: readonly LayoutInfo[] = [];

  constructor(private readonly network: Network, private readonly view: View, signal: AbortSignal) {
    this.popover = new Popover('layout', 'Layout', 'How the neurons are laid out (Y: the next one)', (panel) => this.fill(panel), signal);
    this.element = this.popover.element;
    view.subscribe(['layout'], () => this.paint(), signal);
    view.subscribe(['order'], () => this.popover.refill(), signal);
    void rest.layouts(network.recording, signal).then((kinds) => {
      this.kinds = kinds;
      this.paint();
      this.popover.refill();
    }).catch(() => undefined);
  }

  /** The next layout that the recording allows. */
  next(): void {
    const possible = this.kinds.filter(({ lacks }) => !lacks);
    if (possible.length === 0) return;
    const at = possible.findIndex(({ name }) => name === this.chosen());
    this.choose(possible[(at + 1) % possible.length].name);
  }

  private chosen(): string {
    const layout = this.view.get('layout');
    return layout === 'auto' ? (this.kinds.find((kind) => kind.default)?.name ?? 'auto') : layout;
  }

  private choose(name: string): void {
    const own = this.kinds.find((kind) => kind.default)?.name;
    this.view.set({ layout: name === own ? 'auto' : name });
  }

  private paint(): void {
    this.popover.value = this.kinds.find(({ name }) => name === this.chosen())?.title ?? '';
    this.popover.refill();
  }

  private fill(panel: HTMLElement): void {
    const { view } = this;
    panel.replaceChildren(
      h('h3', 'Layout'),
      choices('layout', this.kinds.map(({ name, title, summary, lacks, default: own }) => ({
        value: name, title: own ? `${title} (of this recording)` : title, summary, lacks: lacks ?? '',
      })), this.chosen(), (name) => this.choose(name)),
      slider('Distance', 'How far apart the layers stand', { min: 0.2, max: 3, step: 0.05, value: view.get('spread') }, (x) => `${x.toFixed(2)}x`, (spread) => view.set({ spread })),
      slider('Fan out', 'Moves the layers beside each other, so that none hides another', { min: 0, max: 1, step: 0.02, value: view.get('fan') }, (x) => `${Math.round(100 * x)} %`, (fan) => view.set({ fan })),
      h('h3', 'Order'),
      this.order(),
      h('div.popover-foot', h('button', {
        type: 'button', title: 'Layout, distance, fan and order as the recording opens',
        onclick: () => {
          view.set({ layout: VIEW_DEFAULTS.layout, order: [], spread: 1, fan: 0, hidden: [] });
          this.popover.refill();
        },
      }, 'As recorded')),
    );
  }

  /** The layers as they stand, each with buttons to move it; dragging does the same. */
  private order(): HTMLElement {
    const { view, network } = this;
    const names = standing(view, network);
    let dragged = -1;
    const move = (from: number, to: number): void => {
      if (from < 0 || to < 0 || to >= names.length || from === to) return;
      const order = [...names];
      order.splice(to, 0, ...order.splice(from, 1));
      const recorded = order.every((name, i) => name === network.layers[i].name);
      view.set({ order: recorded ? [] : order });
    };
    return h('ol.order', ...names.map((name, at) => {
      const layer = network.layers.find((candidate) => candidate.name === name);
      const item = h(
        'li', { draggable: true, style: `--hue: ${layerColour(layer?.index ?? 0, view.get('theme'))}`, title: 'Drag to another place' },
        h('i.dot'), h('span.ellipsis', name),
        iconButton('up', `Move ${name} forward`, '', () => move(at, at - 1)),
        iconButton('down', `Move ${name} back`, '', () => move(at, at + 1)),
      );
      item.addEventListener('dragstart', () => { dragged = at; });
      item.addEventListener('dragover', (event) => event.preventDefault());
      item.addEventListener('drop', (event) => {
        event.preventDefault();
        move(dragged, at);
      });
      return item;
    }));
  }
}

function standing(view: View, network: Network): string[] {
  const order = view.get('order');
  return order.length === network.layers.length ? [...order] : network.layers.map(({ name }) => name);
}
