/** A button of the top bar that opens a small panel below it: Escape, a click beside it or the button close it. */

import { h, setText } from './dom';
import { icon, type IconName } from './icons';

export class Popover {
  readonly element: HTMLElement;
  readonly panel: HTMLElement;
  private readonly button: HTMLButtonElement;
  private readonly word = h('span.popover-word');

  /**
   * @param fill builds the panel's content anew each time it opens
   */
  constructor(
    name: IconName, label: string, tooltip: string, private readonly fill: (panel: HTMLElement) => void, signal: AbortSignal,
  ) {
    this.panel = h('div.popover', { role: 'group', 'aria-label': label, tabIndex: -1, hidden: true });
    this.button = h(
      'button.popover-button', { type: 'button', title: tooltip, 'aria-label': label, 'aria-expanded': 'false', onclick: () => this.toggle() },
      icon(name), h('span.popover-label', label), this.word,
    );
    this.element = h('div.popover-anchor', this.button, this.panel);
    window.addEventListener('pointerdown', (event) => {
      if (this.open && !this.element.contains(event.target as Node)) this.close();
    }, { signal, capture: true });
    window.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.open) return;
      event.stopPropagation();
      event.preventDefault();
      this.close();
      this.button.focus();
    }, { signal, capture: true });
  }

  get open(): boolean {
    return !this.panel.hidden;
  }

  /** What is chosen now, behind the label. */
  set value(text: string) {
    setText(this.word, text);
  }

  /** Builds an open panel anew; what had the focus keeps it. */
  refill(): void {
    if (!this.open) return;
    const focused = this.panel.contains(document.activeElement) ? document.activeElement?.getAttribute('aria-label') : null;
    this.fill(this.panel);
    if (focused) this.panel.querySelector<HTMLElement>(`[aria-label="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  toggle(): void {
    if (this.open) this.close();
    else this.show();
  }

  private show(): void {
    this.fill(this.panel);
    this.panel.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    // Kept inside the window at its right edge.
    this.panel.style.left = '0';
    const over = this.panel.getBoundingClientRect().right - (window.innerWidth - 8);
    if (over > 0) this.panel.style.left = `${-over}px`;
    const first = this.panel.querySelector<HTMLElement>('input:checked') ?? this.panel.querySelector<HTMLElement>('input, select, button');
    first?.focus({ preventScroll: true });
  }

  close(): void {
    this.panel.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
  }
}

/** A slider with its name, its value in words, and what it does as a tooltip. */
export function slider(
  label: string, title: string, range: { min: number; max: number; step: number; value: number },
  words: (value: number) => string, changed: (value: number) => void,
): HTMLElement {
  const output = h('output', words(range.value));
  const input = h('input', {
    type: 'range', min: String(range.min), max: String(range.max), step: String(range.step), value: String(range.value),
    'aria-label': label, 'aria-valuetext': words(range.value),
    oninput: () => {
      const value = Number(input.value);
      setText(output, words(value));
      input.setAttribute('aria-valuetext', words(value));
      changed(value);
    },
  });
  return h('label.slider', { title }, h('span', label), output, input);
}

/** One of a few: radio buttons with a line about each; a choice that is not possible says why. */
export function choices<T extends string>(
  name: string, options: readonly { value: T; title: string; summary: string; lacks?: string }[], chosen: T, changed: (value: T) => void,
): HTMLElement {
  return h('div.choices', { role: 'radiogroup', 'aria-label': name }, ...options.map(({ value, title, summary, lacks }) => h(
    'label.choice', { title: lacks ? `${title}: ${lacks}` : summary },
    h('input', { type: 'radio', name: `choice-${name}`, value, 'aria-label': title, checked: value === chosen, disabled: Boolean(lacks), onchange: () => changed(value) }),
    h('span.choice-title', title), h('span.choice-summary', lacks || summary),
  )));
}
