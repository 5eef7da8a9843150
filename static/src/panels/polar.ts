/**
 * A closed line around the classes, from zero in the middle; a class without a value leaves a gap. A click follows the link of
 * the class, as of the neuron whose classes they are; what is selected has a ring.
 */

import type { Columns } from '../net/arrow';
import { formatValue } from '../state/format';
import { classColour, lineColour } from '../state/palette';
import { token } from '../ui/dom';
import { FONT } from './axes';
import { Drawing } from './drawing';
import { follow, isSelected, leads, type Target, targetOf } from './links';
import type { PanelContext, PanelOf, PanelView } from './panel';
import type { Pen } from './pen';
import { heading, listed, type Sheet } from './sheet';

export const kind = 'polar';

const HEIGHT_PX = 200;

export function sheet(panel: PanelOf<'polar'>, columns: Columns): Sheet {
  return { headings: ['class', heading('value', panel.unit)], columns: listed(columns, panel.names, panel.values) };
}

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'polar'>> {
  let names: string[] = [];
  let values: number[] = [];
  let unit = '';
  let targets: Target[] = [];
  const draw = (pen: Pen, width: number, height: number): void => {
    const radius = Math.min(width, height) / 2 - 20;
    const top = Math.max(1e-12, ...values.filter(Number.isFinite));
    const angle = (at: number): number => (at / names.length) * 2 * Math.PI - Math.PI / 2;
    const point = (at: number, part: number): [number, number] => [width / 2 + Math.cos(angle(at)) * radius * part, height / 2 + Math.sin(angle(at)) * radius * part];
    pen.font = FONT;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.strokeStyle = token('--grid');
    for (const part of [0.5, 1]) {
      pen.beginPath();
      pen.arc(width / 2, height / 2, radius * part, 0, 2 * Math.PI);
      pen.stroke();
    }
    names.forEach((name, at) => {
      pen.beginPath();
      pen.moveTo(width / 2, height / 2);
      pen.lineTo(...point(at, 1));
      pen.stroke();
      const [x, y] = point(at, 1 + 11 / radius);
      pen.fillStyle = token('--muted');
      pen.fillText(name.slice(0, 8), x, y);
    });
    const line = lineColour(0, context.view.get('theme'));
    pen.strokeStyle = line;
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (let at = 0; at < names.length; at++) {
      const next = (at + 1) % names.length;
      if (!Number.isFinite(values[at]) || !Number.isFinite(values[next])) continue;
      pen.moveTo(...point(at, values[at] / top));
      pen.lineTo(...point(next, values[next] / top));
    }
    pen.stroke();
    pen.lineWidth = 1;
    if (names.length > 2 && values.every(Number.isFinite)) {
      pen.fillStyle = `${line}22`;
      pen.beginPath();
      values.forEach((value, at) => pen.lineTo(...point(at, value / top)));
      pen.fill();
    }
    names.forEach((name, at) => {
      if (!Number.isFinite(values[at])) return;
      const group = context.classes.indexOf(name);
      pen.fillStyle = group >= 0 ? classColour(group, context.classes.length) : line;
      pen.beginPath();
      pen.arc(...point(at, values[at] / top), 3, 0, 2 * Math.PI);
      pen.fill();
    });
    pen.fillStyle = token('--muted');
    pen.textAlign = 'left';
    pen.fillText(`rim ${formatValue(top)}${unit}`, 0, height - 8);
  };
  const classAt = (x: number, y: number): number => {
    const turn = Math.atan2(y - HEIGHT_PX / 2, x - drawing.canvas.clientWidth / 2) + Math.PI / 2;
    return Math.round(((turn + 2 * Math.PI) / (2 * Math.PI)) * names.length) % names.length;
  };
  const drawing: Drawing = new Drawing(host, {
    className: 'polar-chart',
    height: () => HEIGHT_PX,
    draw,
    tell: (x, y) => {
      if (names.length === 0) return '';
      const at = classAt(x, y);
      return `${names[at]}: ${formatValue(values[at])}${unit}`;
    },
  });
  drawing.canvas.addEventListener('click', (event) => {
    const place = drawing.canvas.getBoundingClientRect();
    const target = targets[classAt(event.clientX - place.left, event.clientY - place.top)];
    if (target && leads(target)) follow(context, target, event.shiftKey);
  });
  const mark = (): void => {
    drawing.canvas.classList.toggle('selected', targets.some((target) => isSelected(context, target)));
  };
  return {
    selection: mark,
    update(panel, columns: Columns) {
      targets = Array.from(columns.list(panel.names) as ArrayLike<unknown>, (_, at) => targetOf(context, panel.links, columns, at));
      drawing.canvas.style.cursor = targets.some(leads) ? 'pointer' : '';
      names = Array.from(columns.list(panel.names) as ArrayLike<unknown>, String);
      values = Array.from(columns.list(panel.values) as ArrayLike<number>);
      unit = panel.unit && panel.unit !== '1' ? ` ${panel.unit}` : '';
      drawing.label(`${panel.title}: ${names.map((name, at) => `${name} ${formatValue(values[at])}${unit}`).join(', ')}`);
      drawing.paint();
      mark();
    },
    resize: () => drawing.paint(),
    height: () => HEIGHT_PX,
    draw,
    dispose: () => drawing.dispose(),
  };
}
