/** Which panels a module's tab shows, in which order: those of one side; of both, A's before B's; or B minus A. Pure. */

import type { Columns } from '../../net/arrow';
import type { PanelAnswer } from '../../net/messages.gen';
import { difference } from './difference';
import type { AnyPanel, Span } from '../panel';

export interface Answer {
  readonly answer: PanelAnswer;
  readonly columns: Columns;
}

export interface Shown {
  /** Tells frames apart. */
  readonly key: string;
  readonly side: 'a' | 'b' | 'difference';
  readonly panel: AnyPanel;
  readonly columns: Columns;
  readonly window: Span;
}

const TOLD: ReadonlySet<AnyPanel['kind']> = new Set(['text', 'table', 'diagram']);

/** True where two panels say the same with the same numbers. */
function alike(a: AnyPanel, mine: Columns, b: AnyPanel, its: Columns): boolean {
  if (JSON.stringify(a) !== JSON.stringify(b)) return false;
  const names: string[] = [];
  JSON.stringify(a, (_, value: unknown) => {
    if (typeof value === 'string' && mine.has(value)) names.push(value);
    return value;
  });
  return names.every((name) => its.has(name) && JSON.stringify(Array.from(mine.list(name) as ArrayLike<unknown>)) === JSON.stringify(Array.from(its.list(name) as ArrayLike<unknown>)));
}

/** The panels of A alone (`b` null), or of both sides. */
export function arranged(a: Answer, b: Answer | null, mode: 'side' | 'difference'): Shown[] {
  const one = (from: Answer, panel: AnyPanel, side: Shown['side'], title: string, why = ''): Shown => ({
    key: `${side}/${panel.id}`, side, columns: from.columns, window: from.answer,
    panel: { ...panel, title, subtitle: why === '' ? panel.subtitle : `${panel.subtitle ? `${panel.subtitle}. ` : ''}No difference: ${why}` },
  });
  if (b === null) return a.answer.panels.map((panel) => one(a, panel, 'a', panel.title));
  const rest = new Map(b.answer.panels.map((panel) => [panel.id, panel]));
  const shown = a.answer.panels.flatMap((panel): Shown[] => {
    const twin = rest.get(panel.id);
    rest.delete(panel.id);
    if (twin === undefined) return [one(a, panel, 'a', `A · ${panel.title}`)];
    const both = (why = ''): Shown[] => [one(a, panel, 'a', `A · ${panel.title}`, why), one(b, twin, 'b', `B · ${twin.title}`)];
    if (mode === 'side') return both();
    // What is one and the same for both (layers, the network's diagram) is told once.
    if (TOLD.has(panel.kind) && alike(panel, a.columns, twin, b.columns)) return [one(a, panel, 'a', `A and B · ${panel.title}`)];
    const found = difference({ panel, columns: a.columns, window: a.answer }, { panel: twin, columns: b.columns, window: b.answer });
    if ('why' in found) return both(found.why);
    return [{ key: `difference/${panel.id}`, side: 'difference', panel: { ...found.panel, title: `B − A · ${panel.title}` }, columns: found.columns, window: a.answer }];
  });
  return [...shown, ...[...rest.values()].map((panel) => one(b, panel, 'b', `B · ${panel.title}`))];
}
