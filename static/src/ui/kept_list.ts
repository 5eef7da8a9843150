/** Selection sets and camera bookmarks in the side panel: kept under a name, come back at a click, kept in the address. */

import { formatCount } from '../state/format';
import { classColour } from '../state/palette';
import type { Camera, NeuronSet, View } from '../state/view';
import { h } from './dom';
import { iconButton } from './icons';

/** The selection sets; hidden while there are none. */
export function setsSection(view: View, fly: () => void, signal: AbortSignal): HTMLElement {
  const section = h('section.kept', { 'aria-label': 'Selection sets' });
  const paint = (): void => {
    const sets = view.get('sets');
    section.hidden = sets.length === 0;
    const change = (at: number, to: Partial<NeuronSet> | null): void =>
      view.set({ sets: sets.flatMap((set, i) => (i !== at ? [set] : to === null ? [] : [{ ...set, ...to }])) });
    section.replaceChildren(h('h2', 'Sets'), ...sets.map((set, at) => h(
      'div.kept-row',
      h('input.kept-colour', { type: 'color', value: set.colour, 'aria-label': `Colour of ${set.name}`, title: 'Its colour', onchange: (event: Event) => change(at, { colour: (event.target as HTMLInputElement).value }) }),
      h('input.kept-name', { value: set.name, 'aria-label': 'Name of the set', title: 'Its name: type another', onchange: (event: Event) => change(at, { name: (event.target as HTMLInputElement).value.trim() || set.name }) }),
      h('button.kept-count', { type: 'button', title: `Select its ${formatCount(set.neurons.length)} neurons and fly there`, onclick: () => {
        view.set({ selection: set.neurons });
        fly();
      } }, formatCount(set.neurons.length)),
      iconButton('close', `Forget ${set.name}`, '', () => change(at, null)),
    )));
  };
  view.subscribe(['sets'], paint, signal);
  paint();
  return section;
}

/** Keeps the selection as a set with the next colour. */
export function keepSelection(view: View): void {
  const sets = view.get('sets');
  const neurons = [...view.get('selection')].sort((a, b) => a - b);
  if (neurons.length === 0) return;
  const names = new Set(sets.map(({ name }) => name));
  let n = sets.length + 1;
  while (names.has(`Set ${n}`)) n++;
  view.set({ sets: [...sets, { name: `Set ${n}`, colour: classColour(sets.length, 8), neurons }] });
}

/** The camera bookmarks, in the order in which the camera's path passes them. */
export function bookmarksSection(view: View, pose: () => Camera | null, player: HTMLElement, signal: AbortSignal): HTMLElement {
  const section = h('section.kept', { 'aria-label': 'Camera bookmarks' });
  const paint = (): void => {
    const bookmarks = view.get('bookmarks');
    const earlier = (at: number): void => {
      const order = [...bookmarks];
      order.splice(at - 1, 0, ...order.splice(at, 1));
      view.set({ bookmarks: order });
    };
    section.replaceChildren(
      h('div.section-head', h('h2', 'Places'), iconButton('bookmark', 'Keep this place of the camera', '', () => {
        const camera = view.get('camera') ?? pose();
        if (camera !== null) view.set({ bookmarks: [...bookmarks, { name: `Place ${bookmarks.length + 1}`, camera }] });
      })),
      ...bookmarks.map((bookmark, at) => h(
        'div.kept-row.is-place',
        h('input.kept-name', { value: bookmark.name, 'aria-label': 'Name of the place', title: 'Its name: type another', onchange: (event: Event) => {
          const name = (event.target as HTMLInputElement).value.trim() || bookmark.name;
          view.set({ bookmarks: bookmarks.map((other, i) => (i === at ? { ...other, name } : other)) });
        } }),
        h('button.kept-count', { type: 'button', title: `Fly to ${bookmark.name}`, onclick: () => view.set({ camera: bookmark.camera }) }, 'fly'),
        at === 0 ? h('span') : iconButton('up', `${bookmark.name} earlier on the path`, '', () => earlier(at)),
        iconButton('close', `Forget ${bookmark.name}`, '', () => view.set({ bookmarks: bookmarks.filter((_, i) => i !== at) })),
      )),
      player,
    );
  };
  view.subscribe(['bookmarks'], paint, signal);
  paint();
  return section;
}
