import { describe, expect, it } from 'vitest';

import { linkedValues, linkOf, readLink, type LinkedView } from './address_bar';
import { faultText, linkFaults, type LinkWorld } from './link_faults';
import type { LayerInfo } from '../frames';
import { VIEW_DEFAULTS } from '../view';

const LAYERS = [['in', 0], ['out', 4]].map(([name, offset], index) => ({ index, name, n_neurons: 4, offset }) as LayerInfo);
const WORLD: LinkWorld = {
  network: {
    layers: LAYERS, layout: 'sheets', projections: [{ name: 'in -> out' } as LinkWorld['network']['projections'][number]],
    potentials: [{ variable: 'v', unit: 'mV', layer: 'in', n_recorded: 4 }],
  },
  classes: ['7'], t_start_us: 0, t_stop_us: 2e6, layout_refused: '',
};
const read = (query: string): LinkedView => readLink(new URL(`http://here/view/run?${query}`)) as LinkedView;
const faults = (query: string, world = WORLD): string[] => linkFaults(read(query), world).faults;

describe('a link', () => {
  it('of the page itself has no faults', () => {
    const view = {
      ...VIEW_DEFAULTS, colour: 'potential', variable: 'v', hidden: ['in'], order: ['out', 'in'], layout: 'rings', stimuli: 'class:7', selection: [1, 6],
      camera: { position: [1, 2, 3], target: [0, 0, 0] }, clip: [0, 0.5, 0, 1, 0, 1], rule: [{ neuron: 1 }, { place: [1, 2, 3] }], ghosts: true, ghosts_of: 'in -> out',
      sets: [{ name: 'a', colour: '#ffffff', neurons: [1] }], bookmarks: [{ name: 'near', camera: { position: [1, 0, 0], target: [0, 0, 0] } }],
      comparison: { recording: 'other', offset_us: 5e5, stimuli: '', mode: 'difference' }, zoom: { t_start_us: 0, t_stop_us: 1e6 }, fan: 0.5, theme: 'light', minimap: 'side',
    } as const;
    const link = linkOf('run', 1e6, 0.5, { t_start_us: 0, t_stop_us: 1e6 }, view, LAYERS);
    const asked = readLink(new URL(link, 'http://here')) as LinkedView;
    expect(linkFaults(asked, WORLD)).toEqual({ link: asked, faults: [] });
    expect(linkedValues(asked, LAYERS)).toMatchObject({ colour: 'potential', clip: view.clip, comparison: view.comparison, rule: view.rule, ghosts_of: 'in -> out' });
  });

  it.each([
    ['colour=sparkle', 'colour "sparkle": spikes are shown'],
    ['camera=1,2,3', 'camera "1,2,3": the whole network is shown'],
    ['camera=1,2,3,a,5,6', 'camera "1,2,3,a,5,6": the whole network is shown'],
    ['camera=1,2,3,1,2,3', 'camera "1,2,3,1,2,3": the whole network is shown'],
    ['camera=1e99,2,3,1,2,3', 'camera "1e99,2,3,1,2,3": the whole network is shown'],
    ['clip=0.5,0.2,0,1,0,1', 'clip "0.5,0.2,0,1,0,1": nothing is cut'],
    ['spread=0', 'spread "0": left out'],
    ['t=soon', 't "soon": the start is shown'],
    ['t=9', 't "9": the end of the run is shown, 00:02'],
    ['loop=2,1', 'loop "2,1": nothing is repeated'],
    ['colour=potential&variable=u', 'variable "u": v is shown'],
    ['hidden=in,mid', 'hidden "mid": no such layer'],
    ['order=out', 'order "out": the layers stand as recorded'],
    ['select=mid:3,in:1', 'select "mid:3": no such neurons'],
    ['sets=a~ffffff~mid:3', 'sets "a~ffffff~mid:3": 1 without neurons of this network'],
    ['rule=mid:1;in:2', 'rule "mid:1;in:2": nothing is measured'],
    ['stimuli=class:8', 'stimuli "class:8": all are counted'],
    ['ghosts=0.1~mid', 'ghosts "mid": no such projection'],
    ['compare=~x~side~', 'compare "~x~side~": left out'],
  ])('with %s says so', (query, fault) => {
    expect(faults(query)).toEqual([fault]);
  });

  it('goes on without what is not here', () => {
    const { link, faults: told } = linkFaults(read('layout=foo&hidden=in,mid&variable=u&stimuli=class:8&colour=rate'), { ...WORLD, layout_refused: 'no' });
    expect(link).toEqual({ recording: 'run', hidden: ['in'], colour: 'rate' });
    expect(told[0]).toBe('layout "foo": sheets is shown');
    expect(faultText([...told, 'five', 'six']).split('\n')).toEqual([...told, 'and 2 more']);
  });
});
