/** Five steps for who is here for the first time: a card beside what it speaks of. Skipped at any moment, shown once. */

import { kept } from '../state/kept';
import { h } from './dom';

const KEY = 'synaptarium.tour';
const GAP_PX = 12;
const EDGE_PX = 8;

interface Step {
  readonly title: string;
  readonly text: string;
  /** What it speaks of: the first of these that is seen; where none is, the card stands in the middle. */
  readonly about: readonly string[];
}

export const STEPS: readonly Step[] = [
  {
    title: 'The network', about: ['.scene-host'],
    text: 'Every dot is a neuron, every sheet a layer. A neuron lights up when it spikes. Drag to turn, wheel to come closer, drag with the right button to move. A click selects a neuron and shows its synapses.',
  },
  {
    title: 'Time', about: ['.transport'],
    text: 'Space plays and pauses. Drag the curve to any moment: it shows how active each layer is, and the coloured ticks what the network was shown. [ and ] set the speed; a tenth of real time is good for single spikes.',
  },
  {
    title: 'What you see', about: ['.top .popover-anchor'],
    text: 'Layout, Colour, Synapses and Look decide what the picture means: rates instead of spikes (C), another layout (Y), what is being learned now, a cut through the network. The legend at the lower right always says what a colour stands for.',
  },
  {
    title: 'Layers, selection, places', about: ['.side', '.top [aria-label="Layers panel"]'],
    text: 'Hide a layer with its eye, fly to it with its name (1 to 9). What you select, name it and keep it. Find neurons with /: "hidden:17", "class 7", "rate > 20".',
  },
  {
    title: 'The numbers', about: ['.dock', '.top [aria-label="Panels"]'],
    text: 'Panels compute what you see: rates, rasters, health, weights. They follow the playhead and your selection. The address holds all of it: copy it, and someone else sees the same. ? shows every key, and this tour again.',
  },
];

/** True for a person's first recording; a browser that a program steers needs no tour. */
export function isFirstVisit(): boolean {
  return kept.getItem(KEY) === null && !navigator.webdriver;
}

/** Starts at the first step; ends with the last, with Escape, "Skip", or the signal. */
export function startTour(signal: AbortSignal): void {
  document.querySelector('.tour')?.remove();
  kept.setItem(KEY, 'seen');
  const over = new AbortController();
  const ring = h('div.tour-ring');
  const card = h('section.tour-card', { role: 'dialog', 'aria-label': 'Tour' });
  const tour = h('div.tour', ring, card);
  const end = (): void => over.abort();
  const ended = AbortSignal.any([over.signal, signal]);
  ended.addEventListener('abort', () => tour.remove(), { once: true });
  let at = 0;
  const show = (step: number): void => {
    if (step >= STEPS.length) return end();
    at = Math.max(0, step);
    const last = at === STEPS.length - 1;
    const next = h('button.primary', { type: 'button', title: last ? 'End the tour (Enter)' : 'The next step (Enter or →)', onclick: () => show(at + 1) }, last ? 'Done' : 'Next');
    card.replaceChildren(
      h('h2', STEPS[at].title),
      h('p', STEPS[at].text),
      h(
        'footer', h('span.muted', `${at + 1} of ${STEPS.length}`), h('span.spacer'),
        ...(last ? [] : [h('button', { type: 'button', title: 'End the tour (Esc)', onclick: end }, 'Skip')]),
        ...(at > 0 ? [h('button', { type: 'button', title: 'The step before (←)', onclick: () => show(at - 1) }, 'Back')] : []),
        next,
      ),
    );
    place(ring, card, STEPS[at].about);
    next.focus({ preventScroll: true });
  };
  window.addEventListener('keydown', (event) => {
    const steps: Record<string, () => void> = { Escape: end, ArrowRight: () => show(at + 1), ArrowLeft: () => show(at - 1) };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    event.stopPropagation();
    step();
  }, { signal: ended, capture: true });
  window.addEventListener('resize', () => place(ring, card, STEPS[at].about), { signal: ended });
  document.body.append(tour);
  show(0);
}

/** Rings what the step is about, and puts the card beside it: where there is room, never outside the window. */
function place(ring: HTMLElement, card: HTMLElement, about: readonly string[]): void {
  const seen = (selector: string): DOMRect[] =>
    [...document.querySelectorAll(selector)].map((element) => element.getBoundingClientRect()).filter(({ width, height }) => width > 0 && height > 0);
  const boxes = about.map(seen).find((found) => found.length > 0) ?? [];
  ring.hidden = boxes.length === 0;
  const { innerWidth: width, innerHeight: height } = window;
  const { offsetWidth: w, offsetHeight: tall } = card;
  if (boxes.length === 0) return moveTo(card, (width - w) / 2, (height - tall) / 2);
  const left = Math.min(...boxes.map((box) => box.left));
  const right = Math.max(...boxes.map((box) => box.right));
  const top = Math.min(...boxes.map((box) => box.top));
  const bottom = Math.max(...boxes.map((box) => box.bottom));
  ring.style.cssText = `left: ${left}px; top: ${top}px; width: ${right - left}px; height: ${bottom - top}px`;
  const middle = (left + right - w) / 2;
  if (right + GAP_PX + w <= width) return moveTo(card, right + GAP_PX, top + GAP_PX);
  if (left - GAP_PX - w >= 0) return moveTo(card, left - GAP_PX - w, top + GAP_PX);
  if (top - GAP_PX - tall >= 0) return moveTo(card, middle, top - GAP_PX - tall);
  if (bottom + GAP_PX + tall <= height) return moveTo(card, middle, bottom + GAP_PX);
  moveTo(card, left + GAP_PX, bottom - GAP_PX - tall); // inside: the scene, beside its legend
}

function moveTo(card: HTMLElement, x: number, y: number): void {
  const inside = (value: number, most: number): number => Math.round(Math.max(EDGE_PX, Math.min(most - EDGE_PX, value)));
  card.style.left = `${inside(x, window.innerWidth - card.offsetWidth)}px`;
  card.style.top = `${inside(y, window.innerHeight - card.offsetHeight)}px`;
}
