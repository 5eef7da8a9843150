/** A bar between two panes: drag or arrow keys resize, the size is remembered. */

import { kept } from '../state/kept';
import { h } from './dom';

export function splitter(
  label: string, side: 'left' | 'right', property: string, [low, high]: [number, number], root: HTMLElement,
): HTMLElement {
  const stored = Number(kept.getItem(`synaptarium${property}`));
  if (stored >= low && stored <= high) root.style.setProperty(property, `${stored}px`);
  const bar = h(`div.splitter`, { role: 'separator', tabIndex: 0, 'aria-orientation': 'vertical', 'aria-label': label, 'data-side': side });
  const pane = (): HTMLElement | null => (side === 'left' ? bar.previousElementSibling : bar.nextElementSibling) as HTMLElement | null;
  const set = (width: number): void => {
    const size = Math.round(Math.min(high, Math.max(low, width)));
    root.style.setProperty(property, `${size}px`);
    kept.setItem(`synaptarium${property}`, String(size));
  };
  bar.addEventListener('pointerdown', (event) => {
    bar.setPointerCapture(event.pointerId);
    const begin = event.clientX;
    const width = pane()?.clientWidth ?? low;
    const move = (moved: PointerEvent): void => set(width + (moved.clientX - begin) * (side === 'left' ? 1 : -1));
    bar.addEventListener('pointermove', move);
    bar.addEventListener('pointerup', () => bar.removeEventListener('pointermove', move), { once: true });
  });
  bar.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    event.stopPropagation();
    const grow = (event.key === 'ArrowRight') === (side === 'left') ? 16 : -16;
    set((pane()?.clientWidth ?? low) + grow);
  });
  return bar;
}
