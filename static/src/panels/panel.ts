/**
 * What a panel kind is. One file per kind lies in this folder and exports `kind` and `create`; it is found by being
 * here. A panel draws into the element that it is given, and nothing else; its frame (title, subtitle, "x of y",
 * empty and error states, exports) is drawn around it by `frame.ts`.
 */

import type { Columns } from '../net/arrow';
import type { PanelAnswer } from '../net/messages.gen';
import type { LayerInfo } from '../state/frames';
import type { PlaybackClock } from '../state/playback';
import type { Trail } from '../state/trail';
import type { View } from '../state/view';
import type { Pen } from './pen';
import type { Sheet } from './sheet';
import type { TimeCursor } from './time_cursor';

export type AnyPanel = PanelAnswer['panels'][number];
export type PanelOf<K extends AnyPanel['kind']> = Extract<AnyPanel, { kind: K }>;

/** A half-open span of time. */
export interface Span {
  readonly t_start_us: number;
  readonly t_stop_us: number;
}

export interface PanelContext {
  readonly clock: PlaybackClock;
  readonly view: View;
  readonly layers: readonly LayerInfo[];
  readonly classes: readonly string[];
  /** Class of the stimulus that is on at a time; '' where there is none. */
  classAt(t_us: number): string;
  /** Where the user was before each jump. */
  readonly trail: Trail;
  /** The time under the pointer, shown in every panel over time. */
  readonly cursor: TimeCursor;
  /** Narrows the window of all panels; null = the whole run. */
  zoom(window: Span | null): void;
  /** Moves the camera to the selection. */
  fly(): void;
}

export interface PanelView<P extends AnyPanel = AnyPanel> {
  /** Draws the panel with new numbers; called again with every answer. `window` is what was asked about. */
  update(panel: P, columns: Columns, window: Span): void;
  /** The playhead moved. */
  playhead?(t_us: number): void;
  /** Other neurons are selected now. */
  selection?(): void;
  /** Its size, or the theme, changed. */
  resize?(): void;
  /** How high the drawing is at a width; with `draw` it makes the exports as PNG and SVG. */
  height?(width: number): number;
  draw?(pen: Pen, width: number, height: number): void;
  dispose?(): void;
}

export interface PanelKind<P extends AnyPanel = AnyPanel> {
  readonly kind: P['kind'];
  create(host: HTMLElement, context: PanelContext): PanelView<P>;
  /** Its numbers as a table, for the export as CSV. */
  sheet?(panel: P, columns: Columns): Sheet;
}
