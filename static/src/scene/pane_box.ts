/** What is drawn around a layer's neurons: a pane or frames stand out a little over their box, by the layer's spacing. Pure. */

import type * as THREE from 'three';

import type { TableRow } from './neurons/neuron_table';

const SHEET_MARGIN = 0.35;
const STACK_MARGIN = 0.1;

/** True for a sheet, which has no depth of its own. */
export function isFlat({ frame, spacing }: Pick<TableRow, 'frame' | 'spacing'>, { min, max }: THREE.Box3): boolean {
  const shaped = frame?.kind === 'ring' || frame?.kind === 'column' || frame?.kind === 'stack';
  return !shaped && max.x - min.x <= 0.5 * (frame?.spacing ?? spacing);
}

/** The box of a row's neurons, and of what is drawn around them. */
export function paneBox(row: Pick<TableRow, 'frame' | 'spacing'>, box: THREE.Box3): THREE.Box3 {
  const part = isFlat(row, box) ? SHEET_MARGIN : row.frame?.kind === 'stack' ? STACK_MARGIN : 0;
  const margin = part * (row.frame?.spacing ?? row.spacing);
  const drawn = box.clone();
  for (const axis of ['y', 'z'] as const) {
    drawn.min[axis] -= margin;
    drawn.max[axis] += margin;
  }
  return drawn;
}
