/**
 * What a panel kind is. One file per kind lies in this folder and exports `kind` and `create`; it is found by being
 * here. A panel draws into the element that it is given, and nothing else; its frame (title, subtitle, "x of y",
 * empty and error states) is drawn around it by `frame.ts`.
 */

import type { Columns } from '../net/arrow';
import type { PanelAnswer } from '../net/messages.gen';
import type { LayerInfo } from '../state/frames';
import type { PlaybackClock } from '../state/playback';
import type { View } from '../state/view';

export type AnyPanel = PanelAnswer['panels'][number];
export type PanelOf<K extends AnyPanel['kind']> = Extract<AnyPanel, { kind: K }>;

export interface PanelContext {
  readonly clock: PlaybackClock;
  readonly view: View;
  readonly layers: readonly LayerInfo[];
  readonly classes: readonly string[];
}

export interface PanelView<P extends AnyPanel = AnyPanel> {
  /** Draws the panel with new numbers; called again with every answer. */
  update(panel: P, columns: Columns): void;
  /** The playhead moved. */
  playhead?(t_us: number): void;
  /** Its size, or the theme, changed. */
  resize?(): void;
  dispose?(): void;
}

export interface PanelKind<P extends AnyPanel = AnyPanel> {
  readonly kind: P['kind'];
  create(host: HTMLElement, context: PanelContext): PanelView<P>;
}
