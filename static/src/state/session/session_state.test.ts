/** The page and Python say the same of a session, moment by moment; every part of the view is recorded or named. */

import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { batchOf } from './session_recorder';
import { momentAt, type Operation, playheadAt, reduce } from './session_state';
import { fromChanges, NOT_RECORDED, RECORDED, toChanges } from './session_view';
import type { LayerInfo } from '../frames';
import { VIEW_DEFAULTS, type ViewKey, type ViewValues } from '../view';
import type { NoteOp, Segment, ViewChanges } from '../../net/messages.gen';

interface Golden {
  segment: Segment;
  notes: NoteOp[];
  moments: (Record<string, unknown> & { at_ms: number; notes: string[] })[];
}

const golden = JSON.parse(readFileSync(new URL('../../../../tests/data/session_moments.json', import.meta.url), 'utf8')) as Golden;
const layers = [
  { name: 'in', offset: 0, n_neurons: 10, index: 0 }, { name: 'out', offset: 10, n_neurons: 5, index: 1 },
] as unknown as LayerInfo[];

describe('a session', () => {
  it('shows at every moment what Python says', () => {
    expect(golden.moments.length).toBeGreaterThan(40);
    for (const moment of golden.moments) {
      const found = momentAt(golden.segment, golden.notes, moment.at_ms);
      expect({
        at_ms: moment.at_ms, t_us: found.t_us, speed: found.clock?.speed ?? 1, loop: found.clock?.loop ?? null, playing: found.playing,
        camera: found.camera, colour: found.view.colour ?? 'spikes', hidden: found.view.hidden ?? [], selection: found.view.selection ?? [],
        pointer: found.pointer, notes: found.notes.map((note) => note.id),
      }).toEqual(moment);
    }
  });

  it('is the same from a snapshot as from the start', () => {
    const { operations } = golden.segment;
    let { state } = golden.segment;
    operations.forEach((op, at) => {
      state = reduce(state, op);
      const rest: Segment = { ...golden.segment, t_start_ms: op.at_ms, state, operations: operations.slice(at + 1) };
      for (const at_ms of [op.at_ms, op.at_ms + 40, 4990]) {
        if (operations[at + 1]?.at_ms === op.at_ms) continue;
        expect(momentAt(rest, golden.notes, at_ms)).toEqual(momentAt(golden.segment, golden.notes, at_ms));
      }
    });
  });

  it('keeps the playhead inside its loop', () => {
    for (const speed of [3, -3]) {
      const clock = { at_ms: 0, t_us: 1500, speed, playing: true, loop: [1000, 2000] as [number, number] };
      for (let at = 0; at < 5; at += 0.01) {
        const t = playheadAt(clock, at);
        expect(t).toBeGreaterThanOrEqual(1000);
        expect(t).toBeLessThan(2000);
      }
    }
  });
});

describe('the view of a session', () => {
  it('has every part of the page\'s view, or says why not', () => {
    expect([...RECORDED, ...NOT_RECORDED].sort()).toEqual(Object.keys(VIEW_DEFAULTS).sort());
  });

  it('comes back as it was', () => {
    const values: ViewValues = {
      ...VIEW_DEFAULTS, colour: 'rate', hidden: ['out'], selection: [3, 12], synapses: 0, synapse_choice: 'top', synapse_threshold: 0.25,
      spread: 2, legend: false, decay_frames: 9, sets: [{ name: 'a', colour: '#ffffff', neurons: [1, 11] }],
    };
    const changes = toChanges(values, RECORDED, layers);
    const back = fromChanges(JSON.parse(JSON.stringify(changes)) as ViewChanges, layers);
    for (const key of RECORDED) expect([key, back[key]]).toEqual([key, values[key]]);
    expect(changes.selection).toEqual([{ layer: 'in', neuron: 3 }, { layer: 'out', neuron: 2 }]);
  });

  it('leaves what did not change alone', () => {
    const keys: ViewKey[] = ['colour'];
    expect(toChanges(VIEW_DEFAULTS, keys, layers)).toEqual({ colour: 'spikes' });
    expect(fromChanges({ colour: 'rate' }, layers)).toEqual({ colour: 'rate' });
  });
});

describe('a batch', () => {
  it('stays below what a request may hold, and always goes on', () => {
    const small: Operation = { op: 'pointer', at_ms: 1, position: null };
    const neurons = Array.from({ length: 5000 }, (_, neuron) => ({ layer: 'a layer with a long name', neuron }));
    const large: Operation = { op: 'view', at_ms: 1, changes: { selection: neurons } };
    expect(batchOf([small, large, small, large, small])).toHaveLength(3);
    expect(batchOf([large])).toHaveLength(1);
    expect(batchOf([])).toHaveLength(0);
    expect(batchOf(new Array<Operation>(4000).fill(small)).length).toBeLessThan(4000);
    expect(JSON.stringify(batchOf([large, large, large, large])).length).toBeLessThan(1024 * 1024);
  });
});
