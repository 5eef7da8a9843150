/** The name under which one records, notes and takes part; kept in this browser. */

const KEY = 'synaptarium.name';

/** "" = none was given yet. */
export function viewerName(): string {
  return localStorage.getItem(KEY) ?? '';
}

export function keepViewerName(name: string): void {
  localStorage.setItem(KEY, name);
}
