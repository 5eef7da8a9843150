/** The compare menu: with what the scene and the panels are compared (another moment, recording, other stimuli), and how that is shown. */

import { h, setText } from '../dom';
import { choices, Popover } from '../popover';
import { stimuliSelect, stimuliWords, type SubsetParts } from '../stimuli_select';
import type { RecordingSummary } from '../../net/messages.gen';
import { rest } from '../../net/rest';
import type { Comparison } from '../../state/compared/comparison';
import { formatTime } from '../../state/format';
import type { PlaybackClock } from '../../state/playback';
import { SAME_MOMENT, type ComparisonWish, type View } from '../../state/view';

type With = 'nothing' | 'moment' | 'recording' | 'stimuli';

export interface CompareParts extends SubsetParts {
  readonly recording: string;
  readonly view: View;
  readonly clock: PlaybackClock;
  readonly comparison: Comparison;
  span(): { t_start_us: number; t_stop_us: number };
}

export class CompareMenu {
  readonly element: HTMLElement;
  private readonly popover: Popover;
  private recordings: readonly RecordingSummary[] = [];
  /** What was chosen in the open panel; the wish alone does not tell "another moment" that is the same one. */
  private chosen: With | null = null;
  private last: ComparisonWish = { ...SAME_MOMENT, mode: 'difference' };

  constructor(private readonly parts: CompareParts, signal: AbortSignal) {
    this.popover = new Popover('compare', 'Compare', 'Compare with another moment, another recording or other stimuli (D: off, or as before)', (panel) => this.fill(panel), signal);
    this.element = this.popover.element;
    parts.view.subscribe(['comparison'], () => this.paint(), signal);
    parts.comparison.onChange(() => this.paint(), signal);
    this.paint();
  }

  /** Off, or as it was before. */
  toggle(): void {
    const { view } = this.parts;
    const wish = view.get('comparison');
    if (wish !== null) this.last = wish;
    view.set({ comparison: wish !== null ? null : this.last.recording === '' && this.last.offset_us === 0 && this.last.stimuli === '' ? { ...this.last, offset_us: this.usualOffset() } : this.last });
  }

  private get wish(): ComparisonWish | null {
    return this.parts.view.get('comparison');
  }

  private paint(): void {
    const { wish } = this;
    this.popover.value = wish === null ? '' : wish.mode === 'side' ? 'side by side' : 'difference';
    this.popover.refill();
  }

  private with(): With {
    const { wish } = this;
    if (wish === null) return 'nothing';
    if (this.chosen !== null && this.chosen !== 'nothing') return this.chosen;
    return wish.recording !== '' ? 'recording' : wish.offset_us !== 0 || wish.stimuli === this.parts.view.get('stimuli') ? 'moment' : 'stimuli';
  }

  /** A tenth of the run later, or earlier where that would be beyond its end. */
  private usualOffset(): number {
    const { t_start_us, t_stop_us } = this.parts.span();
    const step = Math.round((t_stop_us - t_start_us) / 10);
    return this.parts.clock.t_us + step < t_stop_us ? step : -step;
  }

  private choose(what: With): void {
    const { view, recording } = this.parts;
    const before = this.wish ?? { ...SAME_MOMENT, mode: this.last.mode };
    const stimuli = view.get('stimuli');
    this.chosen = what;
    if (what === 'nothing') {
      if (this.wish !== null) this.last = this.wish;
      view.set({ comparison: null });
    } else if (what === 'moment') view.set({ comparison: { ...before, recording: '', stimuli, offset_us: before.offset_us || this.usualOffset() } });
    else if (what === 'stimuli') view.set({ comparison: { ...before, recording: '', offset_us: 0 } });
    else {
      void this.list().then((found) => {
        const first = found.find(({ id }) => id !== recording);
        if (first !== undefined) view.set({ comparison: { ...before, stimuli, recording: first.id, offset_us: 0 } });
        this.popover.refill();
      });
    }
  }

  private async list(): Promise<readonly RecordingSummary[]> {
    const found = await rest.recordings().catch(() => []);
    this.recordings = found.filter(({ build, id }) => build !== null && id !== this.parts.recording);
    return this.recordings;
  }

  private fill(panel: HTMLElement): void {
    const { view, comparison } = this.parts;
    const { wish } = this;
    const what = this.with();
    const set = (changes: Partial<ComparisonWish>): void => { if (wish !== null) view.set({ comparison: { ...wish, ...changes } }); };
    panel.replaceChildren(
      h('h3', 'Compare this (A) with (B)'),
      choices<With>('compare', [
        { value: 'nothing', title: 'Nothing', summary: 'One scene, one side in the panels' },
        { value: 'moment', title: 'Another moment', summary: 'The same run, earlier or later' },
        { value: 'recording', title: 'Another recording', summary: 'Both runs together: before and after pruning, order reversed' },
        { value: 'stimuli', title: 'Other stimuli', summary: 'In the panels: class against class, correct against wrong', lacks: this.parts.lacksStimuli() },
      ], what, (chosen) => this.choose(chosen)),
      ...(wish === null ? [] : this.details(what, wish, set)),
      ...(wish === null ? [] : [
        h('h3', 'Shown'),
        choices<ComparisonWish['mode']>('mode', [
          { value: 'side', title: 'Side by side', summary: 'One camera and one playhead for both' },
          { value: 'difference', title: 'Difference, B − A', summary: comparison.noDifference || 'Colours, weights and numbers of B minus those of A' },
        ], wish.mode, (mode) => set({ mode })),
      ]),
    );
  }

  private details(what: With, wish: ComparisonWish, set: (changes: Partial<ComparisonWish>) => void): HTMLElement[] {
    const { view, clock, comparison } = this.parts;
    const rows: HTMLElement[] = [];
    if (what === 'recording') {
      if (this.recordings.length === 0) void this.list().then((found) => found.length > 0 && this.popover.refill());
      const select = h('select', { 'aria-label': 'Recording B', onchange: () => set({ recording: select.value }) }, ...this.recordings.map(({ id, name }) => h('option', { value: id }, name)));
      if (this.recordings.length === 0) rows.push(h('p.hint', 'There is no other precomputed recording.'));
      else if (wish.recording !== '') {
        if (!this.recordings.some(({ id }) => id === wish.recording)) select.prepend(h('option', { value: wish.recording }, wish.recording));
        select.value = wish.recording;
        rows.push(h('label.compare-row', h('span', 'Recording B'), select));
      }
    }
    if (what === 'moment' || what === 'recording') {
      const stands = h('span.muted.numbers');
      const tell = (offset_us: number): void => setText(stands, `A is at ${formatTime(clock.t_us)}, B at ${formatTime(clock.t_us + offset_us)}`);
      const input = h('input', {
        type: 'number', step: 'any', value: String(wish.offset_us / 1e6), 'aria-label': 'B is later by, in seconds', title: 'Each counted from its own run\'s start; negative: B is earlier',
        onchange: () => {
          if (!Number.isFinite(input.valueAsNumber)) return;
          set({ offset_us: Math.round(input.valueAsNumber * 1e6) });
        },
        oninput: () => tell((input.valueAsNumber || 0) * 1e6),
      });
      tell(wish.offset_us);
      rows.push(h('label.compare-row', h('span', 'B is later by'), input, h('span.muted', 's')), h('p.hint', stands));
    }
    if (this.parts.lacksStimuli() === '' || wish.stimuli !== '') {
      rows.push(
        h('label.compare-row', h('span', 'Stimuli of A'), stimuliSelect(this.parts, view.get('stimuli'), 'Stimuli of A', (stimuli) => view.set({ stimuli }))),
        h('label.compare-row', h('span', 'Stimuli of B'), stimuliSelect(this.parts, wish.stimuli, 'Stimuli of B', (stimuli) => set({ stimuli }))),
      );
    }
    if (what === 'stimuli' && wish.stimuli === view.get('stimuli')) rows.push(h('p.hint', `Both sides count ${stimuliWords(wish.stimuli)}: choose others for A or B.`));
    if (what === 'stimuli') rows.push(h('p.hint', 'The scene shows the playhead, which is one; the panels compare.'));
    if (what !== 'recording' && wish.recording === '' && wish.offset_us !== 0) {
      rows.push(h('div.popover-foot', h('button', {
        type: 'button', title: 'B\'s moment becomes A\'s, and the reverse',
        onclick: () => {
          const { offset_us } = wish;
          const [a, b] = [view.get('stimuli'), wish.stimuli];
          view.set({ stimuli: b, comparison: { ...wish, offset_us: -offset_us, stimuli: a } });
          clock.seek(clock.t_us + offset_us);
        },
      }, 'Swap A and B')));
    }
    if (comparison.lack !== '') rows.push(h('p.hint', { role: 'status' }, comparison.lack));
    return rows;
  }
}
