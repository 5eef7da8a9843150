/** The page's colours against WCAG 2.2 AA: 4.5 for text (1.4.3), 3 for what marks a control or the focus (1.4.11). */

import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

type Rgba = [number, number, number, number];
const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

function tokens(selector: string): Map<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split('}')[0];
  return new Map([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name, value.trim()]));
}

const dark = tokens(':root');
const themes = { dark, light: new Map([...dark, ...tokens(":root[data-theme='light']")]) };

function parsed(text: string): Rgba {
  if (text.startsWith('#')) return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)).concat(1) as Rgba;
  const [r, g, b, alpha] = [...text.matchAll(/[\d.]+/g)].map(Number);
  return [r, g, b, alpha / 100];
}

/** Relative luminance of a colour laid over another (WCAG 2.2, "relative luminance"). */
function luminance([r, g, b, alpha]: Rgba, below: Rgba): number {
  const [lr, lg, lb] = [r, g, b].map((value, i) => {
    const part = (value * alpha + below[i] * (1 - alpha)) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * lr + 0.7152 * lg + 0.0722 * lb;
}

function contrast(theme: Map<string, string>, ink: string, ground: string, under = 'surface'): number {
  const of = (name: string): Rgba => parsed(theme.get(name) ?? '');
  const [a, b] = [luminance(of(ink), of(ground)), luminance(of(ground), of(under))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

it('computes the contrast of the standard', () => {
  const known = new Map([['ink', '#000000'], ['ground', '#ffffff'], ['grey', '#767676'], ['surface', '#ffffff']]);
  expect(contrast(known, 'ink', 'ground')).toBeCloseTo(21, 6);
  expect(contrast(known, 'grey', 'ground')).toBeCloseTo(4.54, 2);
});

describe.each(Object.entries(themes))('in the %s theme', (_, theme) => {
  const GROUNDS = ['room', 'surface', 'raised'];
  const INKS = ['text', 'muted', 'accent', 'danger', 'live', 'ready'];

  it.each(INKS.flatMap((ink) => GROUNDS.map((ground) => [ink, ground])))('%s can be read on %s', (ink, ground) => {
    expect(contrast(theme, ink, ground)).toBeGreaterThanOrEqual(4.5);
  });

  it('the words of a primary button, and of soft grounds, can be read', () => {
    expect(contrast(theme, 'accent-text', 'accent')).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme, 'text', 'accent-soft')).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme, 'danger', 'danger-soft')).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme, 'live', 'danger-soft')).toBeGreaterThanOrEqual(4.5);
  });

  it('the focus and what is loaded can be seen', () => {
    for (const ground of GROUNDS) expect(contrast(theme, 'accent', ground)).toBeGreaterThanOrEqual(3);
  });
});
