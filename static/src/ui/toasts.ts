/** Short notices at the edge of the scene: what happened, what to do. The same notice is shown once. */

import { h } from './dom';
import { icon } from './icons';

export type Tone = 'info' | 'error';

export class Toasts {
  readonly element = h('div.toasts', { role: 'status', 'aria-live': 'polite' });
  private readonly shown = new Map<string, { element: HTMLElement; timer: ReturnType<typeof setTimeout> | null }>();

  /** Shows a notice; `stays` until it is taken back with `clear(key)` or closed. */
  show(key: string, message: string, { hint = '', tone = 'info', stays = false }: { hint?: string; tone?: Tone; stays?: boolean } = {}): void {
    const before = this.shown.get(key);
    if (before !== undefined && before.element.dataset['message'] === message + hint) return;
    this.clear(key);
    const close = h('button.icon-button', { type: 'button', 'aria-label': 'Dismiss', title: 'Dismiss', onclick: () => this.clear(key) }, icon('close', 14));
    const element = h(
      `div.toast`, { 'data-tone': tone, 'data-message': message + hint },
      tone === 'error' ? icon('warning') : null,
      h('div.toast-text', h('p', message), hint ? h('p.hint', hint) : null),
      close,
    );
    this.element.append(element);
    const timer = stays ? null : setTimeout(() => this.clear(key), tone === 'error' ? 8000 : 4000);
    this.shown.set(key, { element, timer });
  }

  clear(key: string): void {
    const found = this.shown.get(key);
    if (found === undefined) return;
    if (found.timer !== null) clearTimeout(found.timer);
    found.element.remove();
    this.shown.delete(key);
  }
}
