/** The home page: the recordings, what they are, and precomputing them. */

import type { Job, ModuleInfo, RecordingSummary } from '../net/messages.gen';
import { ApiError, pictureUrl, rest } from '../net/rest';
import { formatBytes, formatCount, formatDuration, plural } from '../state/format';
import { confirmDialog } from './dialog';
import { append, h, setText } from './dom';
import { showHeadsetAddress } from './headset_dialog';
import { icon, iconButton, setIcon } from './icons';
import { ModuleChoice } from './module_choice';
import { storedTheme } from './theme';
import { Toasts } from './toasts';

const REFRESH_MS = 3000;
const REFRESH_BUSY_MS = 500;

export function showHome(root: HTMLElement, signal: AbortSignal, toggleTheme: () => void): void {
  document.title = 'Synaptarium';
  const list = h('ul.recordings', { 'aria-label': 'Recordings' });
  const note = h('div.home-note');
  const count = h('span.muted');
  const toasts = new Toasts();
  const cards = new Map<string, Card>();
  const modules = rest.modules(signal).catch((): ModuleInfo[] => []);
  const paintTheme = (): void => setIcon(theme, storedTheme() === 'dark' ? 'sun' : 'moon');
  const theme = iconButton('sun', 'Light or dark', '', () => {
    toggleTheme();
    paintTheme();
  });
  paintTheme();
  root.replaceChildren(
    h(
      'main.home',
      h(
        'header.home-head',
        h('div.brand', brandMark(), h('h1', 'Synaptarium')),
        h('p.tagline', 'A planetarium for spiking neural networks.'),
        h('div.spacer'),
        count,
        iconButton('headset', 'Open in a headset', '', () => void showHeadsetAddress()),
        theme,
      ),
      note,
      list,
    ),
    toasts.element,
  );

  let timer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });

  async function refresh(): Promise<void> {
    clearTimeout(timer);
    let busy = false;
    try {
      const recordings = await rest.recordings(signal);
      busy = recordings.some((recording) => isRunning(recording.job) || recording.status === 'importing');
      paint(recordings);
    } catch (error) {
      if (signal.aborted) return;
      paintTrouble(error);
    }
    if (!signal.aborted) timer = setTimeout(() => void refresh(), busy ? REFRESH_BUSY_MS : REFRESH_MS);
  }

  function paint(recordings: readonly RecordingSummary[]): void {
    note.replaceChildren(...(recordings.length === 0 ? [emptyState()] : []));
    setText(count, recordings.length === 0 ? '' : plural(recordings.length, 'recording'));
    const seen = new Set<string>();
    const newestFirst = [...recordings].sort((a, b) => b.created_us - a.created_us);
    newestFirst.forEach((recording, at) => {
      seen.add(recording.id);
      let card = cards.get(recording.id);
      if (card === undefined) {
        card = new Card(recording.id, modules, toasts, () => void refresh());
        cards.set(recording.id, card);
      }
      card.update(recording);
      if (list.children[at] !== card.element) list.insertBefore(card.element, list.children[at] ?? null);
    });
    for (const [id, card] of cards) {
      if (seen.has(id)) continue;
      card.element.remove();
      cards.delete(id);
    }
  }

  function paintTrouble(error: unknown): void {
    const { message, hint } = error instanceof ApiError ? error : { message: String(error), hint: '' };
    note.replaceChildren(
      h('div.notice', { role: 'alert', 'data-tone': 'error' }, icon('warning', 20), h('div', h('p', message), h('p.hint', hint || 'The page tries again by itself.'))),
    );
  }

  note.replaceChildren(h('p.muted.loading', icon('loading'), 'Looking for recordings'));
  void refresh();
}

/** One recording on the page; it is updated in place, so that a progress bar moves and a focus stays. */
class Card {
  readonly element = h('li.recording');
  private readonly picture = h('img.picture', { alt: '', loading: 'lazy', width: 320, height: 150, onerror: () => this.picture.classList.add('absent'), onload: () => this.picture.classList.remove('absent') });
  private readonly name = h('a.name');
  private readonly facts = h('p.facts');
  private readonly layers = h('p.layers');
  private readonly status = h('span.status');
  private readonly progress = h('div.progress', { hidden: true });
  private readonly actions = h('div.actions');
  private readonly choice = h('div');
  private modules: ModuleChoice | null = null;
  private last: RecordingSummary | null = null;
  private shown = '';

  constructor(id: string, modules: Promise<readonly ModuleInfo[]>, private readonly toasts: Toasts, private readonly refresh: () => void) {
    this.element.append(
      this.picture,
      h('div.body', h('div.title-row', this.name, this.status), this.facts, this.layers, this.progress, this.actions, this.choice),
    );
    void modules.then((found) => {
      if (found.length === 0) return;
      this.modules = new ModuleChoice(id, found, () => this.repaint());
      this.choice.append(this.modules.list);
      this.repaint();
    });
  }

  private repaint(): void {
    this.shown = '';
    if (this.last !== null) this.update(this.last);
  }

  update(recording: RecordingSummary): void {
    const state = JSON.stringify(recording);
    if (state === this.shown) return;
    this.shown = state;
    this.last = recording;
    const ready = recording.build !== null;
    const url = `/view/${encodeURIComponent(recording.id)}${this.modules?.hash ?? ''}`;
    this.element.dataset['recording'] = recording.id;
    setText(this.name, recording.name);
    if (ready) this.name.href = url;
    else this.name.removeAttribute('href');
    const source = pictureUrl(recording.id, recording.revision);
    if (this.picture.getAttribute('src') !== source) this.picture.src = source;
    const [label, tone] = statusOf(recording);
    setText(this.status, label);
    this.status.dataset['tone'] = tone;
    const neurons = recording.layers.reduce((sum, layer) => sum + layer.neurons, 0);
    setText(this.facts, [
      formatDuration(recording.t_stop_us - recording.t_start_us),
      plural(neurons, 'neuron'),
      plural(recording.spikes, 'spike'),
      formatBytes(recording.stored_bytes),
      recording.format,
    ].filter((fact) => fact !== '').join('  ·  '));
    setText(this.layers, recording.layers.map((layer) => `${layer.name} ${layer.shape.length > 1 ? layer.shape.join(' x ') : formatCount(layer.neurons)}`).join('   '));
    this.paintProgress(recording.job ?? null, recording.status);
    this.paintActions(recording, ready, url);
  }

  private paintProgress(job: Job | null, status: RecordingSummary['status']): void {
    if (status === 'failed') {
      this.tell('Its import did not end. Import it again under the same name, or delete it.');
      return;
    }
    if (status === 'interrupted') {
      this.tell('Its import was interrupted. Run the same `synaptarium import` again: it goes on from what is stored. Or delete it.');
      return;
    }
    const failed = job?.state === 'failed';
    this.progress.hidden = !isRunning(job) && !failed;
    if (job === null || this.progress.hidden) {
      this.progress.replaceChildren();
      return;
    }
    if (failed) {
      this.progress.replaceChildren(h('p.failed', { role: 'alert' }, icon('warning', 14), job.message ?? 'Precomputing failed.'));
      return;
    }
    const percent = job.total > 0 ? Math.round((100 * job.done) / job.total) : 0;
    const bar = h('div.bar', {
      role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': percent, 'aria-label': 'Precomputing',
    }, h('div.fill', { style: `width: ${percent}%` }));
    const rate = job.rate_hz ? `${formatCount(job.rate_hz)} events/s` : '';
    const eta = job.eta_s === null || job.eta_s === undefined ? '' : `${formatDuration(job.eta_s * 1e6)} to go`;
    this.progress.replaceChildren(
      bar,
      h('p.progress-text', h('span', job.state === 'queued' ? 'Waiting to start' : job.message || 'Precomputing'), h('span.numbers', [`${percent} %`, rate, eta].filter(Boolean).join('  ·  '))),
    );
  }

  private tell(what: string): void {
    this.progress.hidden = false;
    this.progress.replaceChildren(h('p.hint', what));
  }

  private paintActions(recording: RecordingSummary, ready: boolean, url: string): void {
    const { id } = recording;
    this.actions.replaceChildren();
    const running = isRunning(recording.job ?? null);
    append(this.actions, [
      ready && h('a.button.primary', { href: url }, icon('play', 14), recording.status === 'open' ? 'Watch live' : 'Open'),
      running && h('button', { type: 'button', onclick: () => this.act(() => rest.cancelJob(id)) }, 'Cancel'),
      // An open recording is brought up to date by itself.
      !running && recording.status === 'ready' && h(
        ready ? 'button.quiet' : 'button.primary',
        {
          type: 'button',
          title: ready ? 'Make the frames of this recording anew' : 'Make the frames that the viewer plays',
          onclick: () => this.act(() => rest.startJob(id)),
        },
        icon('precompute', 14), ready ? 'Precompute again' : 'Precompute',
      ),
      ready && this.modules?.button,
      h('div.spacer'),
      iconButton('trash', `Delete ${recording.name}`, '', () => void this.remove(recording)),
    ]);
  }

  private act(action: () => Promise<unknown>): void {
    action().then(this.refresh, (error: unknown) => {
      if (error instanceof ApiError) this.toasts.show(error.code, error.message, { hint: error.hint, tone: 'error' });
      this.refresh();
    });
  }

  private async remove(recording: RecordingSummary): Promise<void> {
    const sure = await confirmDialog(
      `Delete ${recording.name}?`,
      `Its ${plural(recording.spikes, 'spike')} and all that was computed from them (${formatBytes(recording.stored_bytes)}) will be gone. This cannot be undone.`,
      'Delete',
    );
    if (sure) this.act(() => rest.deleteRecording(recording.id));
  }
}

function isRunning(job: Job | null | undefined): boolean {
  return job?.state === 'queued' || job?.state === 'running';
}

function statusOf(recording: RecordingSummary): [label: string, tone: string] {
  if (isRunning(recording.job)) return ['precomputing', 'busy'];
  if (recording.status === 'importing') return ['importing', 'busy'];
  if (recording.status === 'interrupted') return ['import interrupted', 'error'];
  if (recording.status === 'failed') return ['import failed', 'error'];
  if (recording.status === 'open') return ['live', 'live'];
  if (recording.build === null) return ['not precomputed', 'idle'];
  return ['ready', 'ready'];
}

function emptyState(): HTMLElement {
  return h(
    'section.empty',
    h('h2', 'No recordings yet'),
    h('p', 'Make the demo, a small network that learns handwritten digits (about two minutes), or import a recording of your own:'),
    command('synaptarium demo'),
    command('synaptarium import PATH --name "My run"'),
    h('p.hint', 'They appear here by themselves.'),
  );
}

function command(text: string): HTMLElement {
  const copy = iconButton('copy', `Copy "${text}"`, '', () => void navigator.clipboard?.writeText(text));
  return h('div.command', h('code', text), copy);
}

export function brandMark(): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'brand-mark');
  svg.setAttribute('aria-hidden', 'true');
  svg.innerHTML =
    '<g fill="none" stroke="currentColor" stroke-opacity=".45"><path d="M5 17 12 6.5M5 17l14-4M12 6.5 19 13"/></g>' +
    '<g fill="currentColor"><circle cx="5" cy="17" r="2.1"/><circle cx="19" cy="13" r="1.6" opacity=".8"/><circle cx="12" cy="6.5" r="2.6"/></g>';
  return svg;
}
