/** On the home page: which modules a recording opens with. Kept for each recording in the browser, carried by the link. */

import type { ModuleInfo } from '../net/messages.gen';
import { kept } from '../state/kept';
import { firstModules, modulesHash } from './dock/dock_layouts';
import { h } from './dom';
import { icon } from './icons';

const STORED = 'synaptarium.home.modules.';

export class ModuleChoice {
  /** Opens and closes the list. */
  readonly button: HTMLButtonElement;
  readonly list = h('fieldset.module-choice', { hidden: true });
  private chosen: string[] | null;

  /**
   * @param changed the link's hash is another one now
   */
  constructor(private readonly id: string, private readonly modules: readonly ModuleInfo[], private readonly changed: () => void) {
    this.chosen = stored(id, modules);
    this.button = h('button.quiet', {
      type: 'button', title: 'Choose the panels that this recording opens with', 'aria-expanded': 'false',
      onclick: () => {
        this.list.hidden = !this.list.hidden;
        this.button.setAttribute('aria-expanded', String(!this.list.hidden));
      },
    });
    this.paint();
  }

  /** What the link to the viewer ends with; nothing where the viewer opens as it was left. */
  get hash(): string {
    return this.chosen === null ? '' : modulesHash(this.chosen);
  }

  private choose(chosen: string[] | null): void {
    this.chosen = chosen;
    if (chosen === null) kept.removeItem(STORED + this.id);
    else kept.setItem(STORED + this.id, JSON.stringify(chosen));
    this.paint();
    this.changed();
  }

  private paint(): void {
    const open = this.chosen ?? firstModules(this.modules);
    const focused = this.list.contains(document.activeElement) ? (document.activeElement as HTMLInputElement).name : '';
    this.button.replaceChildren(icon('panelRight', 14), this.chosen === null ? 'Modules' : `Modules (${this.chosen.length})`);
    this.list.replaceChildren(
      h('legend', 'It opens with the panels of'),
      ...this.modules.map(({ name, title }) => {
        const box = h('input', { type: 'checkbox', name, checked: open.includes(name), onchange: () => this.choose(
          this.modules.filter((module) => (module.name === name ? box.checked : open.includes(module.name))).map((module) => module.name),
        ) });
        return h('label.chip', box, title);
      }),
      h('button.quiet', { type: 'button', name: 'as-left', disabled: this.chosen === null, title: 'Open with the panels that were open last', onclick: () => this.choose(null) }, 'As it was left'),
    );
    if (focused !== '') this.list.querySelector<HTMLElement>(`[name="${CSS.escape(focused)}"]`)?.focus();
  }
}

function stored(id: string, modules: readonly ModuleInfo[]): string[] | null {
  try {
    const found: unknown = JSON.parse(kept.getItem(STORED + id) ?? 'null');
    return Array.isArray(found) ? modules.map(({ name }) => name).filter((name) => found.includes(name)) : null;
  } catch {
    return null;
  }
}
