/** Areas by value, squarified so that they can be compared; text is put only where it fits, the rest is told by hover. */

import type { Columns } from '../net/arrow';
import { formatCount, formatValue } from '../state/format';
import { classColour } from '../state/palette';
import { h } from '../ui/dom';
import type { PanelContext, PanelOf, PanelView } from './panel';

export const kind = 'treemap';

// Height by width of the drawing.
const ASPECT = 0.6;

export interface Box { readonly at: number; readonly x: number; readonly y: number; readonly w: number; readonly h: number }

/** Squarified treemap (Bruls, Huizing, van Wijk 2000) of values in a width x height box; values of 0 get none. */
export function squarify(values: readonly number[], width: number, height: number): Box[] {
  const order = values.map((_, at) => at).filter((at) => values[at] > 0).sort((a, b) => values[b] - values[a]);
  const scale = (width * height) / order.reduce((sum, at) => sum + values[at], 0);
  const boxes: Box[] = [];
  let [x, y, w, hgt] = [0, 0, width, height];
  for (let start = 0; start < order.length;) {
    const side = Math.min(w, hgt);
    let [end, area, worst] = [start, 0, Infinity];
    while (end < order.length) {
      const grown = area + values[order[end]] * scale;
      const thick = grown / side;
      const ratio = Math.max(...[order[start], order[end]].map((at) => {
        const long = (values[at] * scale) / thick;
        return Math.max(long / thick, thick / long);
      }));
      if (ratio > worst) break;
      [area, worst, end] = [grown, ratio, end + 1];
    }
    const thick = area / side;
    let along = 0;
    for (const at of order.slice(start, end)) {
      const long = (values[at] * scale) / thick;
      boxes.push(w >= hgt ? { at, x, y: y + along, w: thick, h: long } : { at, x: x + along, y, w: long, h: thick });
      along += long;
    }
    if (w >= hgt) [x, w] = [x + thick, w - thick];
    else [y, hgt] = [y + thick, hgt - thick];
    start = end;
  }
  return boxes;
}

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'treemap'>> {
  return {
    update(panel, columns: Columns) {
      const names = Array.from(columns.list(panel.names) as ArrayLike<unknown>, String);
      const values = Array.from(columns.list(panel.values) as ArrayLike<number>);
      const unit = panel.unit && panel.unit !== '1' ? ` ${panel.unit}` : '';
      const map = h('div.treemap-boxes', { role: 'img', 'aria-label': `${panel.title}: ${names.map((name, at) => `${name} ${formatValue(values[at])}${unit}`).join(', ')}` });
      for (const box of squarify(values, 100, 100 * ASPECT)) {
        const group = context.classes.indexOf(names[box.at]);
        const colour = classColour(group >= 0 ? group : box.at, Math.max(context.classes.length, names.length));
        const value = Number.isInteger(values[box.at]) ? formatCount(values[box.at]) : formatValue(values[box.at]);
        map.append(h(
          'div.treemap-box', {
            title: `${names[box.at]}: ${value}${unit}`,
            style: `left: ${box.x}%; top: ${box.y / ASPECT}%; width: ${box.w}%; height: ${box.h / ASPECT}%; --hue: ${colour}`,
          },
          box.w > 7 && box.h > 5 ? h('span', names[box.at]) : null, box.w > 12 && box.h > 10 ? h('span.numbers', `${value}${unit}`) : null,
        ));
      }
      host.replaceChildren(map);
    },
  };
}
