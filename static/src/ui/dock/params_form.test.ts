import { describe, expect, it } from 'vitest';

import { labelOf } from './params_form';

describe('labelOf', () => {
  it('tells the unit apart from the name', () => {
    expect(labelOf('interval_ms')).toEqual({ label: 'interval', unit: 'ms' });
    expect(labelOf('least_hz')).toEqual({ label: 'least', unit: 'Hz' });
    expect(labelOf('stimulus_class')).toEqual({ label: 'stimulus class', unit: '' });
    expect(labelOf('s')).toEqual({ label: 's', unit: '' });
  });
});
