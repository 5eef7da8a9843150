/** A dot for each spike: time to the right, neurons upwards; a drag seeks. */

import type { Columns } from '../net/arrow';
import { layerColour } from '../state/palette';
import { fitCanvas, h } from '../ui/dom';
import type { PanelContext, PanelOf, PanelView } from './panel';

export const kind = 'raster';

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'raster'>> {
  const canvas = h('canvas.raster-dots', { role: 'img' });
  const head = h('div.playhead', { 'aria-hidden': 'true' });
  host.replaceChildren(canvas, head);
  let times: ArrayLike<number> = [];
  let neurons: ArrayLike<number> = [];
  let shown: PanelOf<'raster'> | null = null;
  let span: [number, number] = [0, 1];
  const paint = (): void => {
    const fit = fitCanvas(canvas);
    if (fit === null || shown === null) return;
    const { context: pen, width, height } = fit;
    pen.clearRect(0, 0, width, height);
    const layer = context.layers.find((candidate) => candidate.name === shown?.layer);
    pen.fillStyle = layerColour(layer?.index ?? 0, context.view.get('theme'));
    const size = Math.max(1, Math.min(3, height / shown.n_neurons));
    for (let i = 0; i < times.length; i++) {
      pen.fillRect(((times[i] - span[0]) / (span[1] - span[0])) * width, height - ((neurons[i] + 1) / shown.n_neurons) * height, 1.2, size);
    }
  };
  const observer = new ResizeObserver(paint);
  observer.observe(canvas);
  const seek = (event: PointerEvent): void => {
    const box = canvas.getBoundingClientRect();
    context.clock.seek(span[0] + ((event.clientX - box.left) / box.width) * (span[1] - span[0]));
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    context.clock.startScrub();
    seek(event);
  });
  canvas.addEventListener('pointermove', (event) => canvas.hasPointerCapture(event.pointerId) && seek(event));
  canvas.addEventListener('pointerup', () => context.clock.stopScrub());
  return {
    update(panel, columns: Columns) {
      shown = panel;
      times = columns.list(panel.time_us) as ArrayLike<number>;
      neurons = columns.list(panel.neuron) as ArrayLike<number>;
      if (times.length > 0) {
        let low = Infinity;
        let high = -Infinity;
        for (let i = 0; i < times.length; i++) {
          low = Math.min(low, times[i]);
          high = Math.max(high, times[i]);
        }
        span = [low, Math.max(high, low + 1)];
      }
      canvas.setAttribute('aria-label', `${panel.title}: ${times.length} spikes of ${panel.n_neurons} neurons`);
      paint();
    },
    playhead(t_us) {
      const part = (t_us - span[0]) / (span[1] - span[0]);
      head.style.display = part >= 0 && part <= 1 ? 'block' : 'none';
      head.style.transform = `translateX(${(part * canvas.clientWidth).toFixed(1)}px)`;
    },
    resize: paint,
    dispose: () => observer.disconnect(),
  };
}
