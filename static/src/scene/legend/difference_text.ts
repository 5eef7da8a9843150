/** The words of the legend where B minus A is shown. Pure. */

import { durationText, numberText, type ScaleText } from './legend';
import type { ColourMode } from '../../state/view';

export interface DifferenceFacts {
  readonly mode: ColourMode;
  /** |B - A| of full colour. */
  readonly end: number;
  readonly variable: string;
  readonly unit: string;
  /** Why the mode has no values; '' = it has. */
  readonly lack: string;
  readonly rateWindow_us: number;
  readonly halfLife_us: number;
}

export function differenceScale({ mode, end, variable, unit, lack, rateWindow_us, halfLife_us }: DifferenceFacts): ScaleText {
  const title = (what: string, of = ''): string => `${what}, B − A${of === '' || of === '1' ? '' : `, ${of}`}`;
  const around = (what: string, of: string, note?: string): ScaleText => ({
    title: title(what, of), map: 'berlin', ticks: [`≤ −${numberText(end)}`, '0', `≥ ${numberText(end)}`], note,
  });
  if (lack !== '') return { title: title('Colour'), map: null, ticks: [], note: `Not available: ${lack}` };
  switch (mode) {
    case 'spikes':
      return {
        title: title('Light of spikes'), map: 'berlin', ticks: ['in A only', 'alike', 'in B only'],
        note: `a spike's light halves in ${durationText(halfLife_us)}`,
      };
    case 'rate':
      return around('Firing rate', 'Hz', `fading average over ${durationText(rateWindow_us)}`);
    case 'persistence':
      return {
        title: title('Frames with a spike', '%'), map: 'berlin', ticks: [`−${numberText(100 * end)}`, '0', numberText(100 * end)],
        note: `fading over ${durationText(rateWindow_us)}`,
      };
    case 'potential':
      return around(variable === '' || variable === 'v' ? 'Membrane potential' : variable, unit, 'layer\'s hue: not recorded in both');
    case 'recruitment':
      return around('First spike since the jump', 's', 'layer\'s hue: none since then in A or in B');
    case 'count':
      return around('Spikes since the jump', '');
    case 'in_degree':
      return around('Sum of incoming weights', '', 'layer\'s hue: alike, or not known in both');
    case 'reconstruction':
      return around('Reconstructed input', '');
    case 'health':
      return { title: title('Dead, silent or saturated'), map: 'berlin', ticks: ['in A only', 'alike', 'in B only'] };
    case 'selectivity':
      return { title: 'Neurons whose class is another one in B', map: null, ticks: [], note: 'in the colour of their class in B; layer\'s hue: the same' };
  }
}
