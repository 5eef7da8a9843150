/** What the colours mean, in which unit, and how much of the whole is drawn; scale bar and hover label beside it. */

import { cssGradient, type ColourMapName } from './colour_maps';

export interface ScaleText {
  readonly title: string;
  /** null: no bar, but swatches. */
  readonly map: ColourMapName | null;
  /** A colour, what it stands for, and how many. */
  readonly swatches?: readonly (readonly [colour: string, name: string, count: string])[];
  /** Part of the map that is left out at its start. */
  readonly from?: number;
  /** The map runs the other way: high values at the left. */
  readonly reversed?: boolean;
  /** Under the bar, left to right. */
  readonly ticks: readonly string[];
  /** Under the ticks, one line each: what, and its range. */
  readonly rows?: readonly (readonly [name: string, range: string])[];
  /** Lines end with \n. */
  readonly note?: string;
}

export interface LegendText {
  readonly scales: readonly ScaleText[];
  readonly notes: readonly string[];
}

/** So many rows stand one below the other. */
const FEW = 4;

export class Legend {
  private readonly root = document.createElement('div');
  private readonly hover = document.createElement('div');
  private readonly bar = document.createElement('div');
  private last = '';
  /** What is said now. */
  text: LegendText = { scales: [], notes: [] };

  constructor(host: HTMLElement) {
    this.root.className = 'scene-legend';
    this.root.setAttribute('role', 'group');
    this.root.setAttribute('aria-label', 'Legend');
    this.hover.className = 'scene-hover';
    this.bar.className = 'scene-scale-bar';
    this.bar.hidden = true;
    host.append(this.root, this.hover, this.bar);
  }

  get element(): HTMLElement {
    return this.root;
  }

  /** Low and wide, its scales beside each other: under two pictures it covers neither. */
  set low(on: boolean) {
    this.root.classList.toggle('is-low', on);
  }

  set(text: LegendText, visible: boolean): void {
    this.root.hidden = !visible;
    const key = JSON.stringify(text);
    if (key === this.last) return; // writing the same text would cost a layout
    this.last = key;
    this.text = text;
    const notes = element('div', 'scene-notes');
    notes.append(...text.notes.map((note) => element('div', 'scene-note', note)));
    this.root.replaceChildren(...text.scales.map(scaleElement), ...(text.notes.length > 0 ? [notes] : []));
  }

  /** The text as lines, for screenshots and tests. */
  lines(): string[] {
    return [...this.root.querySelectorAll<HTMLElement>('.scene-scale-title, .scene-ticks, .scene-row, .scene-note')].map(
      (part) => [...part.children].map((child) => child.textContent).join(' · ') || (part.textContent ?? ''),
    );
  }

  setHover(text: string, x: number, y: number): void {
    if (this.hover.textContent !== text) this.hover.textContent = text;
    this.hover.classList.toggle('is-shown', text !== '');
    if (text === '') return;
    // On the pointer's other side where it would leave the picture.
    const { offsetWidth: wide, offsetHeight: high } = this.hover;
    const { clientWidth = Infinity, clientHeight = Infinity } = this.hover.parentElement ?? {};
    const left = x + 14 + wide > clientWidth ? Math.max(0, x - 10 - wide) : x + 14;
    const top = y + 12 + high > clientHeight ? Math.max(0, y - 8 - high) : y + 12;
    this.hover.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  setScaleBar(width_px: number, text: string): void {
    this.bar.hidden = text === '';
    this.bar.style.width = `${Math.round(width_px)}px`;
    if (this.bar.textContent !== text) this.bar.textContent = text;
  }

  dispose(): void {
    this.root.remove();
    this.hover.remove();
    this.bar.remove();
  }
}

function scaleElement(scale: ScaleText): HTMLElement {
  const root = element('div', 'scene-scale');
  root.append(element('div', 'scene-scale-title', scale.title));
  if (scale.map !== null) {
    const bar = element('div', 'scene-bar');
    bar.style.background = cssGradient(scale.map, scale.from);
    if (scale.reversed === true) bar.style.transform = 'scaleX(-1)';
    const ticks = element('div', 'scene-ticks');
    ticks.append(...scale.ticks.map((tick) => element('span', '', tick)));
    root.append(bar, ticks);
  }
  if (scale.swatches !== undefined) {
    root.append(list('scene-swatches', scale.swatches.map(([, name, count]) => [name, count]), scale.swatches.map(([colour]) => colour)));
  }
  if (scale.rows !== undefined) root.append(list('scene-rows', scale.rows));
  if (scale.note !== undefined) root.append(element('div', 'scene-note', scale.note));
  return root;
}

/** Names and what is said of each: where they are many, in as many columns as the longest leaves room for. */
function list(className: string, rows: readonly (readonly [name: string, said: string])[], swatches: readonly string[] = []): HTMLElement {
  const root = element('div', rows.length > FEW ? `${className} is-dense` : className);
  root.style.setProperty('--letters', String(Math.max(...rows.map(([name, said]) => name.length + said.length))));
  rows.forEach(([name, said], i) => {
    const row = element('div', 'scene-row');
    if (swatches[i] !== undefined) {
      row.classList.add('scene-swatch');
      row.style.setProperty('--swatch', swatches[i]);
    }
    row.append(element('span', '', name), element('span', '', said));
    root.append(row);
  });
  return root;
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  if (text !== '') made.textContent = text;
  return made;
}

/** Three significant digits, no needless zeros, a real minus sign. */
export function numberText(x: number): string {
  if (!Number.isFinite(x)) return '–';
  const size = Math.abs(x);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e5) ? x.toExponential(1)
    : size >= 1e4 ? countText(Number(x.toPrecision(3)))
    : String(Number(x.toPrecision(3)));
  return text.replace('-', '−');
}

/** A duration in the unit that reads best. */
export function durationText(us: number): string {
  if (us < 1000) return `${numberText(us)} µs`;
  if (us < 1e6) return `${numberText(us / 1000)} ms`;
  return `${numberText(us / 1e6)} s`;
}

const COUNTS = new Intl.NumberFormat('en-GB');

export function countText(n: number): string {
  return COUNTS.format(n);
}
