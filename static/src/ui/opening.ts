/** What is seen until a recording is there. */

import { h, setText } from './dom';
import { icon } from './icons';
import { ApiError } from '../net/rest';
import { type Loaded, loadRecording } from '../state/data/recording';
import type { LinkedView } from '../state/link/address_bar';

const RETRY_MS = 1500;

/** Loads the recording; where the database or the server is away it says so and tries again by itself. */
export async function loadPatiently(root: HTMLElement, link: LinkedView, signal: AbortSignal): Promise<Loaded> {
  const id = link.recording;
  const text = h('p', `Opening ${id}`);
  const hint = h('p.hint');
  root.replaceChildren(h('main.waiting', { role: 'status' }, icon('loading', 24), text, hint));
  for (;;) {
    try {
      return await loadRecording(id, link.layout ?? 'auto', link.order ?? [], signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError) || !error.passes) throw error;
      setText(text, error.message);
      setText(hint, error.hint);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
