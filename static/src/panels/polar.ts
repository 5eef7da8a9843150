/** A closed line around the classes, from zero in the middle; a class without a value leaves a gap. */

import type { Columns } from '../net/arrow';
import { formatValue } from '../state/format';
import { classColour } from '../state/palette';
import { fitCanvas, h, setText, token } from '../ui/dom';
import type { PanelContext, PanelOf, PanelView } from './panel';

export const kind = 'polar';

const LINE = '#8fb8de';

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'polar'>> {
  const canvas = h('canvas.polar-chart', { role: 'img' });
  const hover = h('p.hint.numbers', ' ');
  host.replaceChildren(canvas, hover);
  let names: string[] = [];
  let values: number[] = [];
  let unit = '';
  const paint = (): void => {
    const fit = fitCanvas(canvas);
    if (fit === null) return;
    const { context: pen, width, height } = fit;
    pen.clearRect(0, 0, width, height);
    const radius = Math.min(width, height) / 2 - 20;
    const top = Math.max(1e-12, ...values.filter(Number.isFinite));
    const angle = (at: number): number => (at / names.length) * 2 * Math.PI - Math.PI / 2;
    const point = (at: number, part: number): [number, number] => [width / 2 + Math.cos(angle(at)) * radius * part, height / 2 + Math.sin(angle(at)) * radius * part];
    pen.font = '11px system-ui';
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
    pen.strokeStyle = LINE;
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
      pen.fillStyle = `${LINE}22`;
      pen.beginPath();
      values.forEach((value, at) => pen.lineTo(...point(at, value / top)));
      pen.fill();
    }
    names.forEach((name, at) => {
      if (!Number.isFinite(values[at])) return;
      const group = context.classes.indexOf(name);
      pen.fillStyle = group >= 0 ? classColour(group, context.classes.length) : LINE;
      pen.beginPath();
      pen.arc(...point(at, values[at] / top), 3, 0, 2 * Math.PI);
      pen.fill();
    });
    pen.fillStyle = token('--muted');
    pen.textAlign = 'left';
    pen.fillText(`rim ${formatValue(top)}${unit}`, 0, height - 8);
  };
  canvas.addEventListener('pointermove', (event) => {
    if (names.length === 0) return;
    const box = canvas.getBoundingClientRect();
    const turn = Math.atan2(event.clientY - box.top - box.height / 2, event.clientX - box.left - box.width / 2) + Math.PI / 2;
    const at = Math.round(((turn + 2 * Math.PI) / (2 * Math.PI)) * names.length) % names.length;
    setText(hover, `${names[at]}: ${formatValue(values[at])}${unit}`);
  });
  const observer = new ResizeObserver(paint);
  observer.observe(canvas);
  return {
    update(panel, columns: Columns) {
      names = Array.from(columns.list(panel.names) as ArrayLike<unknown>, String);
      values = Array.from(columns.list(panel.values) as ArrayLike<number>);
      unit = panel.unit && panel.unit !== '1' ? ` ${panel.unit}` : '';
      canvas.setAttribute('aria-label', `${panel.title}: ${names.map((name, at) => `${name} ${formatValue(values[at])}${unit}`).join(', ')}`);
      paint();
    },
    resize: paint,
    dispose: () => observer.disconnect(),
  };
}
