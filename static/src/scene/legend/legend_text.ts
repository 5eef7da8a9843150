/** The words of the legend: from the state of the scene to titles, ticks and notes. Pure. */

import { AMOUNT } from './colour_maps';
import { differenceScale, type DifferenceFacts } from './difference_text';
import { countText, durationText, numberText, type LegendText, type ScaleText } from './legend';
import type { Scale } from '../neurons/neurons';
import type { Bundle } from '../synapses/bundles';
import type { GhostCounts } from '../synapses/ghost_synapses';
import type { SynapseCounts } from '../synapses/synapse_view';
import { classColour, HEALTH_COLOURS } from '../../state/palette';
import type { BundleWidth, ColourMode } from '../../state/view';

/** Projections whose range is said where they differ. */
const MOST_ROWS = 4;

/** Neurons to look after. */
export interface HealthCounts {
  readonly dead: number;
  readonly silent: number;
  readonly saturated: number;
  readonly of: number;
  readonly silence_us: number;
  readonly saturated_hz: number;
}

export interface LegendFacts {
  readonly mode: ColourMode;
  readonly bin_us: number;
  readonly halfLife_bins: number;
  readonly rateWindow_bins: number;
  readonly since_us: number;
  readonly coarse: boolean;
  readonly limited: boolean;
  readonly scale: Scale;
  readonly variable: string;
  readonly unit: string;
  readonly recorded: { readonly n: number; readonly of: number };
  readonly synapses: SynapseCounts;
  /** Which synapses of the selection, in words; "" = all. */
  readonly direction: string;
  readonly changing: boolean;
  readonly weights: readonly { readonly name: string; readonly scale: number; readonly unit: string }[];
  /** Set where bundles stand in for the lines of the whole network; `scale`: |mean weight| of full colour, 0 = no weights. */
  readonly bundles: { readonly drawn: number; readonly of: number; readonly scale: number; readonly unit: string; readonly by: BundleWidth } | null;
  /** Set where pruned synapses are drawn; `below`: a part of full colour, or a weight of the one projection that is named. */
  readonly ghosts: (GhostCounts & { readonly below: number; readonly name: string }) | null;
  readonly failed: readonly string[];
  /** Why the mode has nothing to show; "" = it has. */
  readonly lack: string;
  /** Classes and how many neurons prefer them, in mode "selectivity". */
  readonly classes: readonly { readonly name: string; readonly n: number }[];
  /** Those of B, where it is seen beside A in mode "selectivity"; `lack`: why it has none. */
  readonly classes_b: { readonly classes: LegendFacts['classes']; readonly lack: string } | null;
  readonly method: string;
  readonly health: HealthCounts | null;
  /** Whose input is shown in mode "reconstruction". */
  readonly rebuilt: { readonly layer: string; readonly neuron: number; readonly inputs: readonly string[] } | null;
  /** Where B minus A is shown; else null. */
  readonly difference: DifferenceFacts | null;
  /** What is left out of the picture; "" = nothing. */
  readonly detail: string;
  /** What is to be known about the layout; "" = nothing. */
  readonly layout: string;
  /** Set where a whole bin of the level is wider than one bin. */
  readonly frame_us: number;
}

export function legendText(facts: LegendFacts): LegendText {
  const scales: ScaleText[] = [facts.difference === null ? neuronScale(facts) : differenceScale(facts.difference)];
  if (facts.mode === 'selectivity' && facts.lack === '' && facts.classes_b !== null) scales.push(...classScaleOfB(facts.classes, facts.classes_b));
  const weights = weightScale(facts);
  if (weights !== null) scales.push(weights);
  const notes: string[] = [];
  if (facts.detail !== '') notes.push(facts.detail);
  if (facts.layout !== '') notes.push(`Layout: ${facts.layout}`);
  if (facts.coarse) notes.push('Groups of 64 neurons until the exact spikes arrive');
  if (facts.limited) notes.push('Dimmed: the network flashes too fast for safe viewing');
  for (const name of facts.failed) notes.push(`${name}: synapses could not be loaded`);
  return { scales, notes };
}

const LACKING: Partial<Record<ColourMode, string>> = {
  selectivity: 'Preferred class', in_degree: 'Sum of incoming weights', health: 'Neurons to look after', reconstruction: 'Reconstructed input',
};

function swatchesOf(classes: LegendFacts['classes']): [string, string, string][] {
  return classes.map(({ name, n }, i) => [classColour(i, classes.length), name, countText(n)]);
}

/** B's colours are of its own classes: where those are A's, one list is enough. */
function classScaleOfB(own: LegendFacts['classes'], { classes, lack }: NonNullable<LegendFacts['classes_b']>): ScaleText[] {
  const scale = { title: 'Preferred class, B', map: null, ticks: [] };
  if (lack !== '') return [{ ...scale, note: `Not available: ${lack}` }];
  if (classes.length === 0) return [{ ...scale, note: 'loading' }];
  const same = classes.length === own.length && classes.every(({ name }, i) => name === own[i].name);
  return [same ? { ...scale, note: 'classes and colours as in A' } : { ...scale, swatches: swatchesOf(classes) }];
}

function neuronScale(facts: LegendFacts): ScaleText {
  const { mode, scale } = facts;
  if (mode === 'spikes') {
    const end = 4 * facts.halfLife_bins * facts.bin_us;
    return {
      title: 'Time since the last spike', map: 'magma', from: 0.28, reversed: true,
      ticks: ['now', `${durationText(end)} ago`],
      note: facts.frame_us > facts.bin_us ? `in frames of ${durationText(facts.frame_us)}` : undefined,
    };
  }
  if (mode === 'rate') {
    return {
      title: 'Firing rate, Hz', ...AMOUNT, ticks: ['0', numberText(scale.max / 2), `≥ ${numberText(scale.max)}`],
      note: `fading average over ${durationText(facts.rateWindow_bins * facts.bin_us)}`,
    };
  }
  if (mode === 'potential') {
    const { n, of } = facts.recorded;
    const name = facts.variable === '' || facts.variable === 'v' ? 'Membrane potential' : facts.variable;
    return {
      title: facts.unit === '' || facts.unit === '1' ? name : `${name}, ${facts.unit}`, ...(n === 0 ? { map: null } : AMOUNT),
      ticks: n === 0 ? [] : [scale.min, (scale.min + scale.max) / 2, scale.max].map(numberText),
      note: n === 0 ? 'Not recorded for any neuron' : n < of ? `Recorded for ${countText(n)} of ${countText(of)} neurons; rings: not recorded` : undefined,
    };
  }
  if (facts.lack !== '') return { title: LACKING[mode] ?? 'Colour', map: null, ticks: [], note: `Not available: ${facts.lack}` };
  if (mode === 'persistence') {
    return {
      title: 'Frames with a spike, %', ...AMOUNT, ticks: ['0', '25', '100'],
      note: `fading over ${durationText(facts.rateWindow_bins * facts.bin_us)}, square root`,
    };
  }
  if (mode === 'selectivity') {
    return {
      title: `Preferred class${facts.classes_b === null ? '' : ', A'} (paler: less selective)`, map: null, ticks: [], swatches: swatchesOf(facts.classes),
      note: facts.method || 'loading',
    };
  }
  if (mode === 'in_degree') {
    const signed = scale.min < 0;
    return {
      title: 'Sum of incoming weights', ...(signed ? { map: 'berlin' as const } : AMOUNT),
      ticks: (signed ? [scale.min, 0, scale.max] : [0, scale.max / 2, scale.max]).map(numberText), note: 'layer\'s hue: no incoming weights known',
    };
  }
  if (mode === 'reconstruction') {
    const { rebuilt } = facts;
    const whose = rebuilt === null ? 'loading' : `what drives ${rebuilt.layer} ${rebuilt.neuron}, to first order, through\nthe weights from ${rebuilt.inputs.join(', ')} to it`;
    return { title: 'Reconstructed input', map: 'berlin', ticks: ['inhibits', '0', 'excites'], note: whose };
  }
  if (mode === 'health') {
    const { health } = facts;
    if (health === null) return { title: LACKING.health ?? '', map: null, ticks: [], note: 'loading' };
    return {
      title: `Neurons to look after, of ${countText(health.of)}`, map: null, ticks: [],
      swatches: [
        [HEALTH_COLOURS.dead, 'dead: no spike in the recording', countText(health.dead)],
        [HEALTH_COLOURS.silent, `silent: spikes, but none in the last ${durationText(health.silence_us)}`, countText(health.silent)],
        [HEALTH_COLOURS.saturated, `saturated: ≥ ${numberText(health.saturated_hz)} Hz on average`, countText(health.saturated)],
      ],
    };
  }
  if (mode === 'recruitment') {
    return {
      title: 'First spike', ...AMOUNT, ticks: [`at ${durationText(facts.since_us)}`, 'now'],
      note: 'layer\'s hue: none since then',
    };
  }
  return {
    title: 'Spikes', ...AMOUNT, ticks: ['1', numberText(Math.round(Math.sqrt(scale.max + 1) - 1)), `≥ ${numberText(scale.max)}`],
    note: `since ${durationText(facts.since_us)}, logarithmic`,
  };
}

/** Projections as bundles: what their colour and their width say. */
function bundleScale(bundles: NonNullable<LegendFacts['bundles']>, before: readonly string[]): ScaleText {
  const { drawn, of, scale, by } = bundles;
  const unit = bundles.unit === '' || bundles.unit === '1' ? '' : `, ${bundles.unit}`;
  const note = [
    ...before,
    `From far: ${drawn < of ? `${countText(drawn)} of ` : ''}${countText(of)} projection${of === 1 ? '' : 's'} as bundles,\nthin at their target; width: ${by === 'weight' ? 'sum of |weight|' : 'number of synapses'}`,
    ...(scale === 0 ? ['grey: weights not known'] : []),
  ].join('\n');
  if (scale === 0) return { title: 'Projections', map: null, ticks: [], note };
  const end = numberText(scale);
  return { title: `Mean weight of a projection${unit}`, map: 'berlin', ticks: [`−${end}`, '0', end], note };
}

/** What the pointer says of a projection that is drawn as a bundle. */
export function bundleText({ name, source, target, n_synapses, mean, unit }: Bundle, n_lines: number): string {
  const said = name.includes(source) && name.includes(target) ? name : `${name}: ${source} to ${target}`;
  const weight = mean === null ? 'weights not recorded' : `mean weight ${numberText(mean)}${unit === '' || unit === '1' ? '' : ` ${unit}`}`;
  const lines = n_lines === 0 ? 'none' : countText(n_lines);
  return `${said}\n${countText(n_synapses)} synapse${n_synapses === 1 ? '' : 's'}, ${weight}\ndrawn as one bundle, ${lines} of them as lines`;
}

function ghostText({ drawn, pruned, known, below, name }: NonNullable<LegendFacts['ghosts']>): string {
  const rule = name !== '' ? `${name}: |weight| below ${numberText(below)}` : below > 0 ? `|weight| below ${numberText(100 * below)} % of full colour` : 'weight 0';
  const seen = drawn < pruned ? `${countText(drawn)} of ${countText(pruned)}` : pruned === 0 ? 'no' : countText(pruned);
  return `Dashed: ${seen} pruned synapses of ${countText(known)},\n${rule}`;
}

function weightScale({ weights, synapses, direction, changing, bundles, ghosts, difference }: LegendFacts): ScaleText | null {
  if (synapses.total === 0) return null;
  const notes: string[] = [];
  if (synapses.selected > 0) {
    notes.push(
      synapses.selected === synapses.selectedTotal
        ? `All ${countText(synapses.selected)} ${direction}synapses of the selection`
        : `You see ${countText(synapses.selected)} of ${countText(synapses.selectedTotal)} ${direction}synapses of the selection`,
    );
  }
  if (ghosts !== null) notes.push(ghostText(ghosts));
  if (bundles !== null) return bundleScale(bundles, notes);
  let seen = `You see ${countText(synapses.drawn)} of ${countText(synapses.total)} synapses`;
  if (changing && difference === null) {
    const over = synapses.interval_us > 0 ? ` in the last ${durationText(synapses.interval_us)}` : '';
    seen += synapses.interval_us > 0 ? `:\nthe most changed of ${countText(synapses.changed)} that changed${over}` : ':\nearlier weights are not here yet, or there are none';
  } else if (synapses.drawn < synapses.total) {
    if (synapses.n_top > 0 && synapses.n_sample > 0) seen += ':\nthe strongest and a random sample';
    else if (synapses.n_top > 0) seen += ':\nthe strongest';
    else if (synapses.n_sample > 0) seen += ':\na random sample';
  }
  if (difference !== null) {
    seen += `\n${countText(synapses.changed)} have another weight in B`;
    if (synapses.unlike.length > 0) seen += `\nother synapses in B, not compared: ${synapses.unlike.join(', ')}`;
  }
  if (synapses.threshold > 0) seen += `\nfrom ${numberText(100 * synapses.threshold)} % of full colour on`;
  notes.push(seen);
  const note = notes.join('\n');
  if (weights.length === 0 && synapses.drawn + synapses.selected === 0) return { title: 'Synapses', map: null, ticks: [], note };
  if (weights.length === 0 && difference !== null) return { title: 'Synapse weight, B − A', map: null, ticks: [], note };
  if (weights.length === 0) return { title: 'Synapses (weights not recorded)', map: 'berlin', ticks: [], note };
  const [first] = weights;
  const quantity = difference !== null ? 'Synapse weight, B − A' : changing ? 'Weight change' : 'Synapse weight';
  const unit = first.unit === '' || first.unit === '1' ? '' : `, ${first.unit}`;
  if (weights.every(({ scale }) => scale === first.scale)) {
    const end = numberText(first.scale);
    return { title: `${quantity}${unit}`, map: 'berlin', ticks: [`≤ −${end}`, '0', `≥ ${end}`], note };
  }
  const rows = weights.slice(0, MOST_ROWS).map(({ name, scale }): [string, string] => [name, `±${numberText(scale)}`]);
  if (weights.length > MOST_ROWS) rows.push([`and ${weights.length - MOST_ROWS} more`, '']);
  return { title: `${quantity}${unit}`, map: 'berlin', ticks: ['negative', '0', 'positive'], rows, note };
}
