/** The stimulus that is shown now: its image, its label, what the network made of it. */

import { imageUrl } from '../net/rest';
import { classColour } from '../state/palette';
import type { PlaybackClock } from '../state/playback';
import type { Stimuli } from '../state/recording';
import { h, perFrame, setText } from './dom';

export function stimulusCard(recording: string, clock: PlaybackClock, stimuli: () => Stimuli, signal: AbortSignal): HTMLElement {
  const image = h('img.stimulus-image', { alt: '', width: 64, height: 64, hidden: true });
  const label = h('strong');
  const detail = h('span.muted');
  const element = h('div.stimulus', { hidden: true, 'data-testid': 'stimulus' }, image, h('div.stimulus-text', h('span.muted', 'stimulus'), label, detail));
  // Never the image of one stimulus beside the label of another: it shows when it is there.
  image.addEventListener('load', () => { image.style.visibility = 'visible'; });
  let shown = -2;
  const paint = perFrame(() => {
    const all = stimuli();
    const at = all.at(clock.t_us);
    if (at === shown) return;
    shown = at;
    element.hidden = all.length === 0;
    if (at < 0) {
      setText(label, 'none');
      setText(detail, '');
      element.style.setProperty('--class', 'transparent');
      image.hidden = true;
      return;
    }
    const name = all.labels[at];
    const prediction = all.predictions[at];
    setText(label, name ?? 'unlabelled');
    setText(detail, prediction === null || prediction === undefined ? `${at + 1} of ${all.length}` : prediction === name ? 'recognised' : `read as ${prediction}`);
    element.style.setProperty('--class', name === null ? 'transparent' : classColour(all.classOf(name), all.classes.length));
    const picture = all.images[at];
    image.hidden = picture === null || picture === undefined;
    if (!image.hidden) {
      image.style.visibility = 'hidden';
      image.src = imageUrl(recording, picture as number);
      const next = all.images[at + clock.direction];
      if (next !== null && next !== undefined) new Image().src = imageUrl(recording, next);
      image.alt = name === null ? 'The stimulus' : `The stimulus, labelled ${name}`;
    }
  });
  clock.onTick(paint, signal);
  clock.onChange(paint, signal);
  paint();
  return element;
}
