/** Every key of the viewer: one table, from which the keys, their help and the tooltips come. */

import type { Pane } from './panes';
import type { PathPlayer } from './path_player';
import type { SessionDesk } from './sessions/session_desk';
import { type Shortcut, showShortcuts } from './shortcuts';
import type { TopBar } from './top_bar';
import { startTour } from './tour';
import type { Transport } from './transport/transport';
import { arrowStep_us } from '../state/arrow_step';
import type { FrameStore } from '../state/data/frame_store';
import type { LayerInfo, SceneHandle } from '../state/frames';
import type { History } from '../state/history';
import type { PlaybackClock } from '../state/playback';
import { closer, shifted, turned } from '../state/steering';
import type { Trail } from '../state/trail';
import { VIEW_DEFAULTS, type Camera, type View } from '../state/view';

/** A press turns the camera by this, radians, moves it by this part of its distance, brings it to this part of it. */
const [TURN, SHIFT, CLOSER] = [Math.PI / 24, 0.05, 0.87];

/** What the mouse does, for the help. */
const MOUSE: readonly [string, string][] = [
  ['Click', 'Select a neuron; Shift adds'], ['Shift drag', 'Select in a box; Ctrl adds'], ['Alt drag', 'Select inside a line'], ['Drag', 'Orbit'], ['Right drag', 'Pan'], ['Wheel', 'Zoom to the pointer'],
  ['Drag the curve', 'Scrub'], ['Shift drag the curve', 'Make a loop'], ['Wheel or two fingers on the curve', 'Zoom in time'], ['Alt drag or right drag the curve', 'Pan'], ['Double click the curve', 'The whole run'],
  ['Alt drag in a raster or matrix', 'Select the neurons inside; Shift adds'],
];

export interface PageKeysParts {
  readonly clock: PlaybackClock;
  readonly store: FrameStore;
  readonly view: View;
  readonly layers: readonly LayerInfo[];
  readonly transport: Transport;
  readonly top: TopBar;
  /** Null where nothing is recorded. */
  readonly sessions: SessionDesk | null;
  readonly history: History;
  readonly path: PathPlayer;
  /** Jumps of the panels; null where there are none. */
  readonly trail: Trail | null;
  scene(): SceneHandle | null;
  toggle(pane: Pane): void;
  toggleTheme(): void;
  toggleFullscreen(): void;
}

export function pageKeys(parts: PageKeysParts, signal: AbortSignal): Shortcut[] {
  const { clock, store, view, transport, top, sessions, history, path, scene, toggle, toggleTheme, toggleFullscreen } = parts;
  const layers = parts.layers.slice(0, 9);
  const move = (intervals: number): void => clock.seek(clock.t_us + intervals * arrowStep_us(store));
  const signed = (sign: 1 | -1): void => {
    clock.setSpeed(sign * Math.abs(clock.speed));
    clock.play();
  };
  let synapsesBefore = VIEW_DEFAULTS.synapses;
  const toggleSynapses = (): void => {
    const shown = view.get('synapses');
    if (shown > 0) synapsesBefore = shown;
    view.set({ synapses: shown > 0 ? 0 : synapsesBefore });
  };
  const steer = (to: (camera: Camera) => Camera): void => {
    const camera = view.get('camera') ?? scene()?.pose();
    if (camera) view.set({ camera: to(camera) });
  };
  const shortcuts: Shortcut[] = [
    { keys: [' '], label: 'Play or pause', group: 'Time', run: () => clock.toggle() },
    { keys: ['j'], label: 'Play in reverse', group: 'Time', run: () => signed(-1) },
    { keys: ['k'], label: 'Pause', group: 'Time', run: () => clock.pause() },
    { keys: ['l'], label: 'Play forward', group: 'Time', run: () => signed(1) },
    { keys: ['ArrowLeft'], label: 'One interval back', group: 'Time', run: () => move(-1) },
    { keys: ['ArrowRight'], label: 'One interval on', group: 'Time', run: () => move(1) },
    { keys: ['Shift+ArrowLeft'], label: 'Ten intervals back', group: 'Time', run: () => move(-10) },
    { keys: ['Shift+ArrowRight'], label: 'Ten intervals on', group: 'Time', run: () => move(10) },
    { keys: [','], label: 'One frame back', group: 'Time', run: () => clock.step(-1) },
    { keys: ['.'], label: 'One frame on', group: 'Time', run: () => clock.step(1) },
    { keys: ['['], label: 'Slower', group: 'Time', run: () => transport.nextSpeed(-1) },
    { keys: [']'], label: 'Faster', group: 'Time', run: () => transport.nextSpeed(1) },
    ...transport.scrub.shortcuts,
    { keys: ['r'], label: 'Loop on or off', group: 'Time', run: () => transport.toggleLoop() },
    { keys: ['Home'], label: 'To the start', group: 'Time', run: () => clock.seek(store.t_start_us) },
    { keys: ['End'], label: 'To the end', group: 'Time', run: () => clock.seek(store.t_stop_us) },
    { keys: ['h'], label: 'The whole network', group: 'View', run: () => scene()?.home() },
    arrows('Control', 'Ctrl and arrows', 'Turn the camera', (right, up) => steer((camera) => turned(camera, right * TURN, up * TURN))),
    arrows('Control+Shift', 'Ctrl Shift and arrows', 'Move the camera', (right, up) => steer((camera) => shifted(camera, right * SHIFT, up * SHIFT))),
    { keys: ['Shift+ArrowUp'], label: 'Closer', group: 'View', run: () => steer((camera) => closer(camera, CLOSER)) },
    { keys: ['Shift+ArrowDown'], label: 'Farther away', group: 'View', run: () => steer((camera) => closer(camera, 1 / CLOSER)) },
    { keys: ['f'], label: 'Fly to the selection', group: 'View', run: () => scene()?.fitSelection() },
    { keys: ['y'], label: 'Next layout', group: 'View', run: () => top.nextLayout() },
    { keys: ['c'], label: 'Next colour mode', group: 'View', run: () => top.nextColour() },
    { keys: ['d'], label: 'Compare: off, or as before', group: 'View', run: () => top.toggleCompare() },
    { keys: ['w'], label: 'Synapses on or off', group: 'View', run: () => toggleSynapses() },
    { keys: ['g'], label: 'Legend on or off', group: 'View', run: () => view.set({ legend: !view.get('legend') }) },
    { keys: layers.map((layer) => String(layer.index + 1)), label: 'Fly to a layer', group: 'View', run: (event) => scene()?.fitLayer(Number(event.key) - 1) },
    { keys: ['z'], label: 'Fly through the network: W A S D, Esc leaves', group: 'View', run: () => scene()?.toggleFlight?.() },
    { keys: ['x'], label: 'Measure: the two neurons selected last, or two clicks', group: 'View', run: () => scene()?.toggleRule?.() },
    { keys: ['m'], label: 'Minimap: off, from above, from the side', group: 'View', run: () => top.nextMinimap() },
    { keys: ['a'], label: 'Play the camera\'s path through the places', group: 'View', run: () => path.toggle() },
    { keys: ['Control+z'], label: 'Undo', group: 'View', run: () => history.undo() },
    { keys: ['Control+Shift+z', 'Control+y'], label: 'Redo', group: 'View', run: () => history.redo() },
    { keys: ['Backspace'], label: 'Back to before a jump of a panel', group: 'Time', run: () => parts.trail?.back() },
    { keys: ['Shift+Backspace'], label: 'Forward again', group: 'Time', run: () => parts.trail?.forward() },
    { keys: ['Escape'], label: 'Clear the selection', group: 'Selection', run: () => view.set({ selection: [] }) },
    { keys: ['/'], label: 'Find layers and neurons', group: 'Selection', run: () => top.searchField.focus() },
    ...(sessions?.shortcuts ?? []),
    { keys: ['b'], label: 'Layers panel', group: 'Page', run: () => toggle('side') },
    { keys: ['p'], label: 'Panels', group: 'Page', run: () => toggle('dock') },
    { keys: ['t'], label: 'Light or dark', group: 'Page', run: () => toggleTheme() },
    { keys: ['Enter'], label: 'Full screen', group: 'Page', run: () => toggleFullscreen() },
    { keys: ['?'], label: 'All keys', group: 'Page', run: () => showPageKeys(shortcuts, signal) },
  ];
  return shortcuts;
}

/** One row of the help for the four arrows. */
function arrows(held: string, shown: string, label: string, run: (right: number, up: number) => void): Shortcut {
  const ways: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  return { keys: Object.keys(ways).map((key) => `${held}+${key}`), shown, label, group: 'View', run: ({ key }) => run(...ways[key]) };
}

/** Shows the help for all of them. */
export function showPageKeys(shortcuts: readonly Shortcut[], signal: AbortSignal): void {
  showShortcuts(shortcuts, MOUSE, () => startTour(signal));
}
