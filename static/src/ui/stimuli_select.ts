/** A choice of stimuli: all, those of a class, those that were read right or wrong. */

import { h } from './dom';

export interface SubsetParts {
  readonly classes: readonly string[];
  /** Why there are no subsets; '' = there are. */
  lacksStimuli(): string;
  /** Why correct and wrong are not known; '' = they are. */
  lacksPredictions(): string;
}

/** "all stimuli", "stimuli of class 7", "stimuli that were read right". */
export function stimuliWords(stimuli: string): string {
  if (stimuli === '') return 'all stimuli';
  if (stimuli === 'correct') return 'stimuli that were read right';
  if (stimuli === 'wrong') return 'stimuli that were read wrong';
  return `stimuli of class ${stimuli.replace(/^class:/, '')}`;
}

export function stimuliSelect(parts: SubsetParts, chosen: string, label: string, changed: (stimuli: string) => void): HTMLSelectElement {
  const lacks = parts.lacksPredictions();
  const option = (value: string, text: string, why = ''): HTMLElement =>
    h('option', { value, selected: value === chosen, disabled: why !== '', title: why }, why === '' ? text : `${text}: ${why}`);
  const known = parts.classes.map((name) => `class:${name}`);
  const select = h(
    'select', { 'aria-label': label, title: 'Which stimuli are counted', onchange: () => changed(select.value) },
    option('', 'all'), option('correct', 'read right', lacks), option('wrong', 'read wrong', lacks),
    ...known.map((value) => option(value, `class ${value.slice(6)}`)),
    chosen.startsWith('class:') && !known.includes(chosen) ? option(chosen, `class ${chosen.slice(6)}`) : null,
  );
  select.value = chosen;
  return select;
}
