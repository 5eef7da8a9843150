/** One bar for each category, drawn as plain elements: exact, selectable, readable by a screen reader. */

import type { Columns } from '../net/arrow';
import { formatCount, formatValue } from '../state/format';
import { classColour, lineColour } from '../state/palette';
import { h, token } from '../ui/dom';
import { fitted, FONT } from './axes';
import { follow, isSelected, leads, type Target, targetOf } from './links';
import type { PanelContext, PanelOf, PanelView } from './panel';
import { heading, listed, type Sheet } from './sheet';

export const kind = 'bars';

const ROW_PX = 20;

export function sheet(panel: PanelOf<'bars'>, columns: Columns): Sheet {
  return {
    headings: [heading(panel.x_axis.label, panel.x_axis.unit), heading(panel.y_axis.label, panel.y_axis.unit)],
    columns: listed(columns, panel.categories, panel.values),
  };
}

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'bars'>> {
  let names: string[] = [];
  let texts: string[] = [];
  let parts: number[] = [];
  /** Some are below 0: bars begin in the middle. */
  let signed = false;
  let hues: string[] = [];
  let targets: Target[] = [];
  let rows: HTMLElement[] = [];
  const mark = (): void => rows.forEach((row, at) => row.classList.toggle('selected', isSelected(context, targets[at])));
  const place = (part: number): string => (signed ? `margin-left: ${50 + 50 * Math.min(0, part)}%; width: ${50 * Math.abs(part)}%;` : `width: ${100 * part}%;`);
  return {
    update(panel, columns: Columns) {
      names = Array.from(columns.list(panel.categories) as ArrayLike<unknown>, String);
      const values = Array.from(columns.list(panel.values) as ArrayLike<number>);
      const top = Math.max(...values.filter(Number.isFinite).map(Math.abs), 1e-12);
      const unit = panel.y_axis.unit && panel.y_axis.unit !== '1' ? ` ${panel.y_axis.unit}` : '';
      // A neuron's id may read like a class.
      const of_classes = names.every((name) => context.classes.includes(name));
      targets = names.map((_, at) => targetOf(context, panel.links, columns, at));
      hues = names.map((name) => (of_classes ? classColour(context.classes.indexOf(name), context.classes.length) : lineColour(0, context.view.get('theme'))));
      texts = values.map((value) => `${Number.isInteger(value) ? formatCount(value) : formatValue(value)}${unit}`);
      parts = values.map((value) => (Number.isFinite(value) ? value / top : 0));
      signed = parts.some((part) => part < 0);
      rows = names.map((name, at) => h(
        leads(targets[at]) ? 'button.bar-row' : 'div.bar-row',
        { title: `${panel.x_axis.label} ${name}: ${texts[at]}`, onclick: (event: MouseEvent) => follow(context, targets[at], event.shiftKey) },
        h('span.bar-name', name),
        h('span.bar-track', h('span.bar-fill', { style: `${place(parts[at])} --hue: ${hues[at]}` })),
        h('span.numbers', texts[at]),
      ));
      host.replaceChildren(...rows);
      mark();
    },
    selection: mark,
    height: () => names.length * ROW_PX,
    draw(pen, width) {
      pen.font = FONT;
      pen.textBaseline = 'middle';
      names.forEach((name, at) => {
        const y = (at + 0.5) * ROW_PX;
        pen.textAlign = 'left';
        pen.fillStyle = token('--text');
        pen.fillText(fitted(name, 84), 0, y);
        pen.textAlign = 'right';
        pen.fillText(texts[at], width, y);
        pen.fillStyle = token('--grid');
        pen.fillRect(90, y - 5, width - 180, 10);
        pen.fillStyle = hues[at];
        const track = (width - 180) / (signed ? 2 : 1);
        pen.fillRect(90 + (signed ? track * (1 + Math.min(0, parts[at])) : 0), y - 5, track * Math.abs(parts[at]), 10);
      });
    },
  };
}
