/** The legend as SVG: the same words and colours as beside the scene, for figures. Pure. */

import { sample } from './colour_maps';
import type { LegendText, ScaleText } from './legend';

const WIDTH = 264;
const LINE = 16;

/** @param ink colour of the titles; notes are a little fainter. */
export function legendSvg({ scales, notes }: LegendText, ink = '#182033'): string {
  const parts: string[] = [];
  const defs: string[] = [];
  let y = 0;
  const text = (x: number, content: string, anchor: string, faint: boolean): void => {
    parts.push(`<text x="${x}" y="${y + 12}" text-anchor="${anchor}"${faint ? ' opacity="0.75"' : ''}>${escape(content)}</text>`);
  };
  const lines = (note: string): void => note.split('\n').forEach((line) => {
    text(0, line, 'start', true);
    y += LINE;
  });
  scales.forEach((scale, index) => {
    text(0, scale.title, 'start', false);
    y += LINE + 4;
    if (scale.map !== null) {
      defs.push(gradient(`scale${index}`, scale));
      parts.push(`<rect x="0" y="${y}" width="${WIDTH}" height="8" rx="2" fill="url(#scale${index})"/>`);
      y += 12;
      scale.ticks.forEach((tick, i) => {
        const at = scale.ticks.length < 2 ? 0 : i / (scale.ticks.length - 1);
        text(at * WIDTH, tick, at === 0 ? 'start' : at === 1 ? 'end' : 'middle', true);
      });
      if (scale.ticks.length > 0) y += LINE + 2;
    }
    for (const [colour, name, count] of scale.swatches ?? []) {
      parts.push(`<circle cx="4" cy="${y + 8}" r="4" fill="${colour}"/>`);
      text(14, name, 'start', true);
      text(WIDTH, count, 'end', true);
      y += LINE;
    }
    for (const [name, range] of scale.rows ?? []) {
      text(0, name, 'start', true);
      text(WIDTH, range, 'end', true);
      y += LINE;
    }
    if (scale.note !== undefined) lines(scale.note);
    y += 12;
  });
  notes.forEach(lines);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="12" fill="${ink}"><defs>${defs.join('')}</defs>${parts.join('')}</svg>`;
}

function gradient(id: string, { map, from = 0, reversed }: ScaleText): string {
  if (map === null) return '';
  const stops = Array.from({ length: 17 }, (_, i) => {
    const x = from + ((reversed === true ? 16 - i : i) / 16) * (1 - from);
    return `<stop offset="${((i / 16) * 100).toFixed(2)}%" stop-color="rgb(${sample(map, x).join(',')})"/>`;
  });
  return `<linearGradient id="${id}">${stops.join('')}</linearGradient>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
