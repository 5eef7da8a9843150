/** The two sides of a comparison as the dock's panels see them: what is asked of each, and the words that say it. */

import type { ModuleParts, OtherPanels } from './module_view';
import { stimuliWords } from '../stimuli_select';
import type { ModuleRequest } from '../../net/messages.gen';
import type { Span } from '../../panels/panel';
import { TimeCursor } from '../../panels/time_cursor';
import { type Comparison, elsewhere } from '../../state/compared/comparison';
import { windowPair } from '../../state/compared/window_pair';
import { formatTime } from '../../state/format';
import { neuronsToText } from '../../state/link/neuron_ranges';
import type { View } from '../../state/view';

type Side = OtherPanels['side'];

export interface PanelSidesParts {
  readonly own: ModuleParts;
  readonly view: View;
  readonly comparison: Comparison;
  span(): Span;
  /** The selected neurons as text. */
  selection(): string;
}

export class PanelSides {
  private made: { other: Comparison['other']; side: Side } | null = null;

  constructor(private readonly parts: PanelSidesParts) {}

  /** What is asked of A, and of B (null: nothing is compared, or B is not here). */
  asked(window: Span): { a: ModuleRequest; b: OtherPanels | null } {
    const { view, comparison, own, span, selection } = this.parts;
    const wish = view.get('comparison');
    const stimuli = view.get('stimuli');
    const alone = { a: { window: withStimuli(window, stimuli), selection: selection() }, b: null };
    if (wish === null) return alone;
    const away = elsewhere(wish);
    const { other } = comparison;
    if (away && other === null) return alone;
    const same = other === null || other.network.recording === own.recording;
    const run_b = other === null ? span() : { t_start_us: other.store.t_start_us, t_stop_us: other.store.t_stop_us };
    const pair = windowPair(window, span(), run_b, away ? comparison.shift_us() : 0, same);
    const side = this.side();
    const subset = stimuli !== '' || wish.stimuli !== '';
    const say = (letter: string, of: Span, name: string, which: string): string =>
      `${letter}: ${name}${formatTime(of.t_start_us)} to ${formatTime(of.t_stop_us)}${subset ? `, ${stimuliWords(which)}` : ''}`;
    return {
      a: { window: withStimuli(pair.a, stimuli), selection: selection() },
      b: {
        side, mode: wish.mode,
        request: {
          window: withStimuli(pair.b, wish.stimuli),
          selection: other === null ? selection() : neuronsToText(other.view.get('selection'), other.network.layers),
        },
        words: `${say('A', pair.a, '', stimuli)}; ${say('B', pair.b, same ? '' : `${other.name}, `, wish.stimuli)}.`,
      },
    };
  }

  /** B's parts; the same object as long as B is the same. */
  private side(): Side {
    const { own, comparison } = this.parts;
    const { other } = comparison;
    if (this.made?.other === other && this.made !== null) return this.made.side;
    const side: Side = other === null ? { ...own } : {
      recording: other.network.recording, clock: other.clock, view: other.view, layers: other.network.layers, classes: other.stimuli.classes,
      classAt: (t_us) => other.stimuli.labels[other.stimuli.at(t_us)] ?? '',
      revision: () => other.store.index.manifest.revision, fly: () => own.fly(), trail: own.trail, cursor: new TimeCursor(),
      zoom: (window) => own.zoom(window && { t_start_us: window.t_start_us - comparison.shift_us(), t_stop_us: window.t_stop_us - comparison.shift_us() }),
    };
    this.made = { other, side };
    return side;
  }
}

function withStimuli(window: Span, stimuli: string): NonNullable<ModuleRequest['window']> {
  const { t_start_us, t_stop_us } = window;
  return stimuli === '' ? { t_start_us, t_stop_us } : { t_start_us, t_stop_us, stimuli };
}
