/** The name under which one records, notes and takes part; kept in this browser. */

import { kept } from '../../state/kept';

const KEY = 'synaptarium.name';

/** "" = none was given yet. */
export function viewerName(): string {
  return kept.getItem(KEY) ?? '';
}

export function keepViewerName(name: string): void {
  kept.setItem(KEY, name);
}
