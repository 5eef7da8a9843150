/**
 * Areas by value, squarified so that they can be compared; text is put only where it fits, the rest is told by hover. The class
 * that is on at the playhead is marked.
 */

import type { Columns } from '../net/arrow';
import { formatCount, formatTime, formatValue } from '../state/format';
import { classColour } from '../state/palette';
import { h, token } from '../ui/dom';
import { fitted, FONT } from './axes';
import { follow, isSelected, leads, type Target, targetOf } from './links';
import type { PanelContext, PanelOf, PanelView } from './panel';
import { heading, listed, type Sheet } from './sheet';

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

export function sheet(panel: PanelOf<'treemap'>, columns: Columns): Sheet {
  return { headings: ['name', heading('value', panel.unit)], columns: listed(columns, panel.names, panel.values) };
}

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'treemap'>> {
  let names: string[] = [];
  let values: number[] = [];
  let texts: string[] = [];
  let targets: Target[] = [];
  let boxes: { readonly at: number; readonly element: HTMLElement }[] = [];
  const mark = (): void => boxes.forEach(({ at, element }) => element.classList.toggle('selected', isSelected(context, targets[at])));
  let now = '';
  const markNow = (t_us: number): void => {
    now = context.classAt(t_us);
    for (const { at, element } of boxes) {
      if (now !== '' && names[at] === now) element.setAttribute('aria-current', 'true');
      else element.removeAttribute('aria-current');
    }
  };
  const hue = (at: number): string => {
    const group = context.classes.indexOf(names[at]);
    return classColour(group >= 0 ? group : at, Math.max(context.classes.length, names.length));
  };
  return {
    update(panel, columns: Columns) {
      names = Array.from(columns.list(panel.names) as ArrayLike<unknown>, String);
      values = Array.from(columns.list(panel.values) as ArrayLike<number>);
      const unit = panel.unit && panel.unit !== '1' ? ` ${panel.unit}` : '';
      texts = values.map((value) => (Number.isInteger(value) ? formatCount(value) : formatValue(value)));
      const map = h('div.treemap-boxes', { role: 'group', 'aria-label': `${panel.title}: ${names.map((name, at) => `${name} ${texts[at]}${unit}`).join(', ')}` });
      boxes = [];
      targets = names.map((_, at) => targetOf(context, panel.links, columns, at));
      for (const box of squarify(values, 100, 100 * ASPECT)) {
        const target = targets[box.at];
        const goes = target.t_us === null ? '' : `; go to ${formatTime(target.t_us)}`;
        const element = h(
          leads(target) ? 'button.treemap-box' : 'div.treemap-box', {
            title: `${names[box.at]}: ${texts[box.at]}${unit}${goes}`,
            onclick: (event: MouseEvent) => follow(context, target, event.shiftKey),
            style: `left: ${box.x}%; top: ${box.y / ASPECT}%; width: ${box.w}%; height: ${box.h / ASPECT}%; --hue: ${hue(box.at)}`,
          },
          box.w > 7 && box.h > 5 ? h('span', names[box.at]) : null, box.w > 9 && box.h > 10 ? h('span.numbers', texts[box.at]) : null,
        );
        boxes.push({ at: box.at, element });
        map.append(element);
      }
      host.replaceChildren(map);
      mark();
      markNow(context.clock.t_us);
    },
    selection: mark,
    playhead(t_us) {
      if (context.classAt(t_us) !== now) markNow(t_us);
    },
    height: (width) => width * ASPECT,
    draw(pen, width, height) {
      for (const box of squarify(values, width, height)) {
        pen.globalAlpha = 0.45;
        pen.fillStyle = hue(box.at);
        pen.fillRect(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1);
        pen.globalAlpha = 1;
        if (box.h < 14) continue;
        pen.font = FONT;
        pen.textAlign = 'left';
        pen.textBaseline = 'top';
        pen.fillStyle = token('--text');
        pen.fillText(fitted(`${names[box.at]}: ${texts[box.at]}`, box.w - 8), box.x + 4, box.y + 4);
      }
    },
  };
}
