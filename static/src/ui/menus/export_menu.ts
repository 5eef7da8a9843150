/** The export menu: the scene as a picture of any size, the legend as SVG, the moment as glTF, a part of the run as a file that plays. */

import { offlineForm } from './offline_form';
import { append, h, setText } from '../dom';
import { Popover } from '../popover';
import { recordingUrl } from '../../net/rest';
import { indicesOf } from '../../state/data/recording';
import type { Network, SceneHandle } from '../../state/frames';
import type { View } from '../../state/view';

export interface ExportParts {
  readonly network: Network;
  readonly view: View;
  readonly t_us: () => number;
  readonly scene: () => SceneHandle | null;
  /** Opens the dialog of videos. */
  film(): void;
  readonly span: () => { t_start_us: number; t_stop_us: number };
  readonly link: () => string;
  /** True in a file that carries its recording: what the server makes is left out. */
  readonly saved: boolean;
}

export class ExportMenu {
  readonly element: HTMLElement;
  private readonly popover: Popover;

  constructor(private readonly parts: ExportParts, signal: AbortSignal) {
    this.popover = new Popover('image', 'Export', 'Save the scene: picture, legend, 3D model', (panel) => this.fill(panel), signal);
    this.element = this.popover.element;
  }

  private fill(panel: HTMLElement): void {
    const { view, network } = this.parts;
    panel.replaceChildren();
    const [wide, high] = (this.parts.scene()?.debug?.()['size'] as [number, number] | undefined) ?? [1280, 720];
    const number = (label: string, value: number): HTMLInputElement =>
      h('input', { type: 'number', min: '16', max: '16384', step: '1', value: String(value), 'aria-label': label, title: label });
    const width = number('Width, pixels', wide * 2);
    const height = number('Height, pixels', high * 2);
    const transparent = h('input', { type: 'checkbox', 'aria-label': 'Transparent' });
    const labels = h('input', { type: 'checkbox', checked: true, 'aria-label': 'Names of the layers' });
    const note = h('p.hint', { role: 'status' });
    const t_us = Math.max(0, Math.round(this.parts.t_us()));
    const stem = `${network.recording}-${(t_us / 1e6).toFixed(3)}s`;
    const run = async (what: () => Promise<Blob>, name: string): Promise<void> => {
      setText(note, 'Drawing');
      try {
        save(await what(), name);
        setText(note, `Saved ${name}.`);
      } catch (error) {
        setText(note, (error as Error).message);
      }
    };
    const names = network.layers.map(({ name }) => name);
    const hidden = view.get('hidden').map((name) => names.indexOf(name)).filter((index) => index >= 0);
    const percent = (share: number): string => String(Math.round(100 * share));
    const glb = (what: string): string => `${recordingUrl(network.recording)}/scene.glb?${new URLSearchParams({
      t_us: String(t_us), layout: view.get('layout'), order: indicesOf(view.get('order'), names), hidden: hidden.join(','),
      spread_percent: percent(view.get('spread')), fan_percent: percent(view.get('fan')),
      clip_permille: view.get('clip').map((part) => Math.round(1000 * part)).join(), synapses: String(view.get('synapses')), what,
    })}`;
    append(panel, [
      h('h3', 'Picture'),
      h('div.export-size', width, h('span', 'x'), height, h('span.muted', 'pixels')),
      h('label.check', transparent, 'Transparent: without the room'),
      h('label.check', labels, 'Names of the layers'),
      h('div.popover-foot', h('button', {
        type: 'button',
        onclick: () => void run(() => this.picture(width, height, transparent.checked, labels.checked), `${stem}.png`),
      }, 'Save PNG')),
      h('h3', 'Video'),
      h('div.popover-foot', h('button', {
        type: 'button', title: 'MP4, WebM or GIF of this view, a camera path or a session', onclick: () => {
          this.popover.close();
          this.parts.film();
        },
      }, 'Make a video or GIF')),
      h('h3', 'Legend'),
      h('div.popover-foot', h('button', {
        type: 'button', onclick: () => void run(async () => new Blob([this.parts.scene()?.legendSvg?.() ?? ''], { type: 'image/svg+xml' }), `${network.recording}-legend.svg`),
      }, 'Save SVG')),
      ...(this.parts.saved ? [] : [
        h('h3', '3D model of this moment'),
        h('p.hint', 'The layers that are shown, as laid out, spread and cut now, each neuron in the light of its last spike, whatever the colour mode; in the points the strongest synapses too.'),
        h(
          'div.popover-foot',
          h('a.button', { href: glb('points'), download: `${stem}.glb`, title: 'Points and lines, which every viewer opens' }, 'Points (GLB)'),
          h('a.button', { href: glb('glyphs'), download: `${stem}-glyphs.glb`, title: 'A glyph for each neuron by cell type, as GPU instances' }, 'Glyphs (GLB)'),
        ),
        ...offlineForm(this.parts, run),
      ]),
      note,
    ]);
  }

  private async picture(width: HTMLInputElement, height: HTMLInputElement, transparent: boolean, labels: boolean): Promise<Blob> {
    const scene = this.parts.scene();
    if (scene?.picture === undefined) throw new Error('There is no scene to draw.');
    return await scene.picture({ width: Number(width.value), height: Number(height.value), transparent, labels });
  }
}

export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
