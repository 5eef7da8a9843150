/** One bar for each category, drawn as plain elements: exact, selectable, readable by a screen reader. */

import type { Columns } from '../net/arrow';
import { formatCount, formatValue } from '../state/format';
import { classColour } from '../state/palette';
import { h } from '../ui/dom';
import type { PanelContext, PanelOf, PanelView } from './panel';

export const kind = 'bars';

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'bars'>> {
  return {
    update(panel, columns: Columns) {
      const names = Array.from(columns.list(panel.categories) as ArrayLike<unknown>, String);
      const values = Array.from(columns.list(panel.values) as ArrayLike<number>);
      const top = Math.max(...values.map(Math.abs), 1e-12);
      const unit = panel.y_axis.unit && panel.y_axis.unit !== '1' ? ` ${panel.y_axis.unit}` : '';
      // A neuron's id may read like a class.
      const of_classes = names.every((name) => context.classes.includes(name));
      host.replaceChildren(...names.map((name, at) => {
        const group = of_classes ? context.classes.indexOf(name) : -1;
        const colour = group >= 0 ? classColour(group, context.classes.length) : '#8fb8de';
        const value = Number.isInteger(values[at]) ? formatCount(values[at]) : formatValue(values[at]);
        return h(
          'div.bar-row', { title: `${panel.x_axis.label} ${name}: ${value}${unit}` },
          h('span.bar-name', name),
          h('span.bar-track', h('span.bar-fill', { style: `width: ${(100 * Math.abs(values[at])) / top}%; --hue: ${colour}` })),
          h('span.numbers', `${value}${unit}`),
        );
      }));
    },
  };
}
