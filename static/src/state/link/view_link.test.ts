import { describe, expect, it } from 'vitest';

import { linkedValues, linkOf, readLink } from './address_bar';
import type { LayerInfo } from '../frames';
import { fromChanges, toChanges, RECORDED } from '../session/session_view';
import { VIEW_DEFAULTS, type ViewValues } from '../view';

const layers = [{ name: 'eye, left;', n_neurons: 10, offset: 0 }, { name: '@hidden', n_neurons: 5, offset: 10 }] as unknown as LayerInfo[];
const values: ViewValues = {
  ...VIEW_DEFAULTS, clip: [0.25, 1, 0, 0.5, 0, 1], rule: [{ neuron: 12 }, { place: [1.5, -2, 3] }], minimap: 'side', path_s: 4.5, bundles: 'always',
  bundle_width: 'number', ghosts: true, ghosts_below: 0.05,
};
const KEYS = ['clip', 'rule', 'minimap', 'path_s', 'bundles', 'bundle_width', 'ghosts', 'ghosts_below', 'ghosts_of'] as const;
const shown = (view: Partial<ViewValues>): Partial<ViewValues> => Object.fromEntries(KEYS.map((key) => [key, view[key] ?? VIEW_DEFAULTS[key]]));

function reopened(view: ViewValues): Partial<ViewValues> {
  const link = readLink(new URL(linkOf('r', 0, 1, null, view, layers), 'http://here'));
  return shown(linkedValues(link ?? { recording: '' }, layers));
}

describe('the address', () => {
  it('holds clipping planes, rule, minimap, path, bundles and ghosts', () => {
    expect(reopened(values)).toEqual(shown(values));
  });

  it('holds the pruning of one projection', () => {
    const one = { ...values, ghosts_below: 3.25, ghosts_of: 'eye~brain & co' };
    expect(reopened(one)).toEqual(shown(one));
  });

  it('leaves defaults out', () => {
    expect(linkOf('r', 0, 1, null, VIEW_DEFAULTS, layers)).toBe('/view/r?t=0');
  });

  it('passes over what is no cut and no rule', () => {
    const link = readLink(new URL('http://here/view/r?clip=0.5,0.5,0,1,0,1&rule=nowhere:3;@1,2,3&path=-1&minimap=below'));
    expect(shown(linkedValues(link ?? { recording: '' }, layers))).toEqual(shown(VIEW_DEFAULTS));
  });
});

it('a session keeps and gives back the same view', () => {
  const back = fromChanges(toChanges(values, RECORDED, layers), layers);
  expect(shown({ ...back, path_s: values.path_s })).toEqual(shown(values));
});
