/** A few sentences. */

import { h, token } from '../ui/dom';
import { FONT } from './axes';
import type { PanelOf, PanelView } from './panel';
import type { Sheet } from './sheet';

export const kind = 'text';

export function sheet(panel: PanelOf<'text'>): Sheet {
  return { headings: ['text'], columns: [panel.text.split('\n').filter(Boolean)] };
}

export function create(host: HTMLElement): PanelView<PanelOf<'text'>> {
  let lines: string[] = [];
  return {
    update(panel) {
      lines = panel.text.split('\n').filter(Boolean);
      host.replaceChildren(...lines.map((line) => h('p', line)));
    },
    height: () => lines.length * 18,
    draw(pen) {
      pen.font = FONT;
      pen.textAlign = 'left';
      pen.textBaseline = 'middle';
      pen.fillStyle = token('--text');
      lines.forEach((line, at) => pen.fillText(line, 0, at * 18 + 9));
    },
  };
}
