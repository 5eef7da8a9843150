/** The panes beside the scene: which are open is kept; on a narrow screen there is room for one, over the scene. */

import { kept } from '../state/kept';

export type Pane = 'side' | 'dock';

export function restorePanes(shell: HTMLElement): void {
  for (const pane of ['side', 'dock'] as const) {
    if (kept.getItem(`synaptarium.${pane}`) === 'closed') shell.classList.add(`no-${pane}`);
  }
}

export function togglePane(shell: HTMLElement, pane: Pane): void {
  if (matchMedia('(max-width: 820px)').matches) {
    shell.classList.remove(pane === 'side' ? 'drawer-dock' : 'drawer-side');
    shell.classList.toggle(`drawer-${pane}`);
    return;
  }
  const closed = shell.classList.toggle(`no-${pane}`);
  kept.setItem(`synaptarium.${pane}`, closed ? 'closed' : 'open');
}
