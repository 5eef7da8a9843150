/** The icons of the page, all from one set. An icon alone is always inside a button that has a name. */

import {
  Activity, ArrowLeft, ArrowLeftRight, ChevronDown, ChevronRight, CircleQuestionMark, Copy, createElement, Eye, EyeOff,
  FastForward, Headset, House, type IconNode, Keyboard, Link, LoaderCircle, Maximize, Moon, Palette, PanelLeft,
  PanelRight, Pause, Play, Radio, Repeat, Rewind, Scan, Search, SkipBack, SkipForward, StepBack, StepForward, Sun, Tag,
  Trash2, TriangleAlert, X, Zap,
} from 'lucide';

import { h } from './dom';

const ICONS = {
  activity: Activity, back: ArrowLeft, reverse: ArrowLeftRight, copy: Copy, down: ChevronDown, right: ChevronRight,
  help: CircleQuestionMark, eye: Eye, eyeOff: EyeOff, faster: FastForward, slower: Rewind, headset: Headset, home: House,
  keyboard: Keyboard, link: Link, loading: LoaderCircle, fullscreen: Maximize, moon: Moon, palette: Palette,
  panelLeft: PanelLeft, panelRight: PanelRight, pause: Pause, play: Play, live: Radio, loop: Repeat, fit: Scan,
  search: Search, start: SkipBack, end: SkipForward, stepBack: StepBack, stepForward: StepForward, sun: Sun, tag: Tag,
  trash: Trash2, warning: TriangleAlert, close: X, precompute: Zap,
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
