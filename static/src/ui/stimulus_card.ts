/** The stimulus that is shown now: its image, its label, what the network made of it. */

import { h, perFrame, setText } from './dom';
import { imageUrl } from '../net/rest';
import type { Stimuli } from '../state/data/recording';
import { classColour } from '../state/palette';
import type { PlaybackClock } from '../state/playback';

/** Images kept, and how many stimuli ahead they are fetched: stimuli may change many times a second. */
const KEPT = 256;
const AHEAD = 12;

export function stimulusCard(recording: string, clock: PlaybackClock, stimuli: () => Stimuli, signal: AbortSignal): HTMLElement {
  const frame = h('span.stimulus-image', { hidden: true });
  const label = h('strong');
  const detail = h('span.muted');
  const element = h('div.stimulus', { hidden: true, 'data-testid': 'stimulus' }, frame, h('div.stimulus-text', h('span.muted', 'stimulus'), label, detail));
  const images = new Map<number, HTMLImageElement>();
  let shown = -2;

  function imageOf(number: number): HTMLImageElement {
    let image = images.get(number);
    if (image === undefined) {
      image = h('img', { alt: '', width: 56, height: 56, decoding: 'sync', src: imageUrl(recording, number) });
      images.set(number, image);
      if (images.size > KEPT) images.delete(images.keys().next().value as number);
    }
    return image;
  }

  const paint = perFrame(() => {
    const all = stimuli();
    const at = all.at(clock.t_us);
    if (at === shown) return;
    shown = at;
    element.hidden = all.length === 0;
    const name = at < 0 ? null : all.labels[at];
    const prediction = at < 0 ? null : all.predictions[at];
    setText(label, at < 0 ? 'none' : (name ?? 'unlabelled'));
    setText(detail, at < 0 ? '' : prediction === null ? `${at + 1} of ${all.length}` : prediction === name ? 'recognised' : `read as ${prediction}`);
    element.style.setProperty('--class', name === null ? 'transparent' : classColour(all.classOf(name), all.classes.length));
    const number = at < 0 ? null : all.images[at];
    frame.hidden = number === null;
    if (number === null) return;
    // An element of its own for each image: never the image of one stimulus beside the label of another.
    const image = imageOf(number);
    image.alt = name === null ? 'The stimulus' : `The stimulus, labelled ${name}`;
    frame.replaceChildren(image);
    for (let ahead = 1; ahead <= AHEAD; ahead++) {
      const next = all.images[at + ahead * clock.direction];
      if (next !== null && next !== undefined) imageOf(next);
    }
  });
  clock.onTick(paint, signal);
  clock.onChange(paint, signal);
  paint();
  return element;
}
