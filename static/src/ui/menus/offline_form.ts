/** The form for a part of the run as one HTML file that plays anywhere; its size is told before it is made. */

import { ApiError, rest } from '../../net/rest';
import { formatDuration } from '../../state/format';
import type { Network } from '../../state/frames';
import { h, setText } from '../dom';

export interface OfflineParts {
  readonly network: Network;
  readonly t_us: () => number;
  /** The run. */
  readonly span: () => { t_start_us: number; t_stop_us: number };
  /** The address of the view that the file opens with. */
  readonly link: () => string;
}

/** The part that is offered first is no longer than this: it opens quickly and can be mailed. */
const FIRST_PART_US = 10e6;
const ASK_AFTER_MS = 250;

export function offlineForm(parts: OfflineParts, run: (what: () => Promise<Blob>, name: string) => Promise<void>): HTMLElement[] {
  const { network, link, span, t_us } = parts;
  const { t_start_us, t_stop_us } = span();
  const from_us = Math.max(t_start_us, Math.min(t_us() - FIRST_PART_US / 10, t_stop_us - FIRST_PART_US));
  const seconds = (label: string, at_us: number): HTMLInputElement => h('input', {
    type: 'number', step: 'any', min: String(t_start_us / 1e6), max: String(t_stop_us / 1e6), value: String(Math.round(at_us / 1e3) / 1e3), 'aria-label': label, title: label,
  });
  const from = seconds('From, seconds', from_us);
  const to = seconds('To, seconds', Math.min(from_us + FIRST_PART_US, t_stop_us));
  const told = h('p.hint', { role: 'status', 'data-testid': 'offline-size' });
  const button = h('button', { type: 'button', disabled: true, title: 'One HTML file that plays without a server and without a network' }, 'Save HTML');
  const part = () => ({ t_start_us: Math.round(Number(from.value) * 1e6), t_stop_us: Math.round(Number(to.value) * 1e6) });
  const measure = async (): Promise<void> => {
    button.disabled = true;
    try {
      const size = await rest.offlineSize(network.recording, part().t_start_us, part().t_stop_us);
      const length = formatDuration(size.t_stop_us - size.t_start_us);
      button.disabled = size.bytes > size.most_bytes;
      setText(told, button.disabled
        ? `${length} would take up to ${megabytes(size.bytes)}; ${megabytes(size.most_bytes)} is the most. Choose a shorter part.`
        : `${length}, at most ${megabytes(size.bytes)}. Scene, layouts, colours and selection work in it; analyses need the server.`);
    } catch (error) {
      setText(told, error instanceof ApiError ? `${error.message} ${error.hint}` : (error as Error).message);
    }
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  for (const input of [from, to]) {
    input.addEventListener('input', () => {
      clearTimeout(timer);
      button.disabled = true;
      timer = setTimeout(() => void measure(), ASK_AFTER_MS);
    });
  }
  button.addEventListener('click', () => {
    const body = { ...part(), view: link().split('?', 2)[1] ?? '' };
    void run(async () => new Blob([await rest.offlinePage(network.recording, body)], { type: 'text/html' }), `${network.recording}.html`);
  });
  void measure();
  return [
    h('h3', 'A part of the run, to play anywhere'),
    h('div.export-part', from, h('span', 'to'), to, h('span.muted', 's')),
    told,
    h('div.popover-foot', button),
  ];
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
