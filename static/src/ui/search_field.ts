/** The search field, and below it what was found or what is wrong, as long as that is about what stands in it. */

import type { View } from '../state/view';
import { h, setText } from './dom';

const EXAMPLES = 'Find: a layer, layer:17, layer:3-9, class 7, rate > 20, dead, silent, saturated, a set (/)';

export interface SearchAnswer {
  readonly wrong: boolean;
  readonly note: string;
}

export class SearchField {
  readonly element: HTMLElement;
  private readonly field = h('input.search', { type: 'search', placeholder: 'find layer:17, dead', 'aria-label': 'Find layers and neurons', title: EXAMPLES, spellcheck: false });
  private readonly note = h('p.search-note', { role: 'status', hidden: true });

  constructor(private readonly find: (text: string) => Promise<SearchAnswer>, view: View, signal: AbortSignal) {
    const { field } = this;
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') field.blur();
      else if (event.key === 'Enter') void this.search();
    });
    for (const name of ['input', 'focus', 'blur']) field.addEventListener(name, () => this.say({ wrong: false, note: '' }));
    // What was found is no longer what is selected.
    view.subscribe(['selection'], () => this.say({ wrong: false, note: '' }), signal);
    this.element = h('div.search-box', field, this.note);
  }

  focus(): void {
    this.field.focus();
  }

  private async search(): Promise<void> {
    const text = this.field.value;
    const found = await this.find(text);
    if (this.field.value !== text) return; // typed on meanwhile
    if (!found.wrong) this.field.blur();
    else if (document.activeElement !== this.field) return; // left meanwhile
    this.say(found);
  }

  private say({ wrong, note }: SearchAnswer): void {
    this.note.hidden = note === '';
    this.note.classList.toggle('is-wrong', wrong);
    setText(this.note, note);
  }
}
