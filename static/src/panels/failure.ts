/** The card of a module that failed; the others go on. */

import { h } from '../ui/dom';
import { icon } from '../ui/icons';
import type { PanelOf, PanelView } from './panel';

export const kind = 'failure';

export function create(host: HTMLElement): PanelView<PanelOf<'failure'>> {
  return {
    update: ({ error }) => host.replaceChildren(
      h('div.notice', { role: 'alert', 'data-tone': 'error' }, icon('warning'), h('div', h('p', error.message), error.hint ? h('p.hint', error.hint) : null)),
    ),
  };
}
