/** The icons of the page, all from one set. An icon alone is always inside a button that has a name. */

import {
  ArrowDown, ArrowLeft, ArrowLeftRight, ArrowRight, ArrowUp, Bookmark, BookmarkPlus, Boxes, CircleQuestionMark, Copy, createElement, Eye, EyeOff, FastForward, House, type IconNode, ImageDown, Lasso, Link,
  LoaderCircle, Maximize, Moon, PanelLeft, PanelRight, Palette, Pause, Play, Repeat, Rewind, SkipBack, SkipForward, SquareDashed, StepBack,
  StepForward, Sun, Trash2, TriangleAlert, Waypoints, X, Zap, Clapperboard, Columns2, Download,
  GitFork, MessageSquarePlus, Pencil, Plus, RectangleGoggles, Users, Telescope, Rocket, Ruler, Map as MapIcon, GraduationCap,
} from 'lucide';

import { h } from './dom';

const ICONS = {
  layout: Boxes, colour: Palette, synapses: Waypoints, bookmark: Bookmark, box: SquareDashed, lasso: Lasso, keep: BookmarkPlus, image: ImageDown, up: ArrowUp, down: ArrowDown, add: Plus, back: ArrowLeft, forward: ArrowRight,
  reverse: ArrowLeftRight, copy: Copy, help: CircleQuestionMark, eye: Eye, eyeOff: EyeOff, faster: FastForward,
  slower: Rewind, home: House, link: Link, loading: LoaderCircle, fullscreen: Maximize, moon: Moon, panelLeft: PanelLeft,
  panelRight: PanelRight, pause: Pause, play: Play, loop: Repeat, start: SkipBack, end: SkipForward, stepBack: StepBack,
  stepForward: StepForward, sun: Sun, trash: Trash2, warning: TriangleAlert, close: X, precompute: Zap,
  sessions: Clapperboard, download: Download, fork: GitFork, note: MessageSquarePlus, rename: Pencil, people: Users, compare: Columns2, headset: RectangleGoggles,
  looking: Telescope, fly: Rocket, rule: Ruler, map: MapIcon, tour: GraduationCap,
} satisfies Record<string, IconNode>;

export type IconName = keyof typeof ICONS;

export function icon(name: IconName, size = 16): SVGElement {
  const svg = createElement(ICONS[name]);
  svg.setAttribute('width', String(size));
  svg.setAttribute('height', String(size));
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon');
  return svg;
}

/** A button that is an icon; its tooltip gives its name and its key. */
export function iconButton(name: IconName, label: string, key: string, onclick: () => void): HTMLButtonElement {
  return h(
    'button.icon-button',
    { type: 'button', title: key ? `${label} (${key})` : label, 'aria-label': label, onclick },
    icon(name),
  );
}

export function setIcon(button: HTMLElement, name: IconName): void {
  if (button.dataset['icon'] === name) return;
  button.dataset['icon'] = name;
  button.querySelector('svg')?.replaceWith(icon(name));
}
