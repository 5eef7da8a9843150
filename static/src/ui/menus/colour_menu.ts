/** The colour menu: what a neuron's colour means, how long a spike glows, how large a neuron is drawn. */

import type { Network } from '../../state/frames';
import { VIEW_DEFAULTS, type ColourMode, type View } from '../../state/view';
import { h } from '../dom';
import { choices, Popover, slider } from '../popover';

interface Option {
  /** A mode, or "potential/<variable>". */
  readonly value: string;
  readonly title: string;
  readonly summary: string;
  readonly lacks: string;
}

export class ColourMenu {
  readonly element: HTMLElement;
  private readonly popover: Popover;
  private readonly options: readonly Option[];

  constructor(network: Network, private readonly view: View, signal: AbortSignal) {
    this.options = optionsOf(network);
    this.popover = new Popover('colour', 'Colour', 'What the colour of a neuron means (C: the next one)', (panel) => this.fill(panel), signal);
    this.element = this.popover.element;
    view.subscribe(['colour', 'variable'], () => this.paint(), signal);
    this.paint();
  }

  /** The next mode for which the recording has what it needs. */
  next(): void {
    const possible = this.options.filter(({ lacks }) => lacks === '');
    const at = possible.findIndex(({ value }) => value === this.chosen());
    this.choose(possible[(at + 1) % possible.length].value);
  }

  /** What the mode that is chosen is called. */
  get title(): string {
    return this.options.find(({ value }) => value === this.chosen())?.title ?? '';
  }

  /** Receptive fields can be shown: the recording has weights. */
  get reconstructs(): boolean {
    return this.options.some(({ value, lacks }) => value === 'reconstruction' && lacks === '');
  }

  private chosen(): string {
    const mode = this.view.get('colour');
    return mode === 'potential' ? `potential/${this.view.get('variable')}` : mode;
  }

  private choose(value: string): void {
    const cut = value.indexOf('/');
    this.view.set({ colour: (cut < 0 ? value : value.slice(0, cut)) as ColourMode, variable: cut < 0 ? '' : value.slice(cut + 1) });
  }

  private paint(): void {
    this.popover.value = this.title;
    this.popover.refill();
  }

  private fill(panel: HTMLElement): void {
    const { view } = this;
    panel.replaceChildren(
      h('h3', 'Colour'),
      choices('colour', this.options, this.chosen(), (value) => this.choose(value)),
      slider(
        'Glow', 'How long a spike glows at least: frames until half of its light is gone', { min: 0, max: 7, step: 0.25, value: Math.log2(view.get('decay_frames')) },
        (x) => `${Number((2 ** x).toPrecision(2))} frames`, (x) => view.set({ decay_frames: Number((2 ** x).toPrecision(3)) }),
      ),
      slider(
        'Size', 'How large a neuron is drawn', { min: -2, max: 2, step: 0.1, value: Math.log2(view.get('point_size')) },
        (x) => `${(2 ** x).toFixed(2)}x`, (x) => view.set({ point_size: Number((2 ** x).toPrecision(3)) }),
      ),
      h('div.popover-foot', h('button', {
        type: 'button',
        onclick: () => {
          view.set({ decay_frames: VIEW_DEFAULTS.decay_frames, point_size: VIEW_DEFAULTS.point_size });
          this.popover.refill();
        },
      }, 'Usual glow and size')),
    );
  }
}

function optionsOf(network: Network): Option[] {
  const potentials = [...new Set(network.potentials.map(({ variable }) => variable))].map((variable) => {
    const unit = network.potentials.find((stream) => stream.variable === variable)?.unit ?? '1';
    return { value: `potential/${variable}`, title: `Potential ${variable}`, summary: unit === '1' ? 'The recorded variable' : `The recorded variable, ${unit}`, lacks: '' };
  });
  const has_weights = network.projections.some((projection) => projection.has_weights && projection.kind !== 'decoder');
  return [
    { value: 'spikes', title: 'Spikes', summary: 'Light up at each spike, then fade', lacks: '' },
    { value: 'rate', title: 'Rate', summary: 'Mean rate of the last moments, Hz', lacks: '' },
    ...(potentials.length > 0 ? potentials : [{ value: 'potential/', title: 'Potential', summary: '', lacks: 'no potentials are recorded' }]),
    { value: 'recruitment', title: 'Recruitment', summary: 'When each neuron spiked first since the last jump', lacks: '' },
    { value: 'persistence', title: 'Persistence', summary: 'How many of the last frames had a spike', lacks: '' },
    { value: 'count', title: 'Count', summary: 'Spikes since the last jump, logarithmic', lacks: '' },
    {
      value: 'selectivity', title: 'Class', summary: 'The class that a neuron answers most',
      lacks: network.classes.length > 0 ? '' : 'the recording holds no stimuli with classes',
    },
    { value: 'in_degree', title: 'Incoming weight', summary: 'Sum of the weights onto a neuron, now', lacks: has_weights ? '' : 'no weights onto neurons are recorded' },
    { value: 'reconstruction', title: 'Reconstructed input', summary: 'What the selected neuron responds to', lacks: has_weights ? '' : 'no weights onto neurons are recorded' },
    { value: 'health', title: 'Dead, silent, saturated', summary: 'Neurons to look after', lacks: '' },
  ];
}
