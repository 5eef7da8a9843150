/** A few sentences. */

import { h } from '../ui/dom';
import type { PanelOf, PanelView } from './panel';

export const kind = 'text';

export function create(host: HTMLElement): PanelView<PanelOf<'text'>> {
  return {
    update: (panel) => host.replaceChildren(...panel.text.split('\n').filter(Boolean).map((line) => h('p', line))),
  };
}
