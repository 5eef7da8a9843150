import { describe, expect, it } from 'vitest';

import { legendSvg } from './legend_svg';

describe('the legend as SVG', () => {
  const svg = legendSvg({
    scales: [
      { title: 'Rate < 5 & more', map: 'viridis', ticks: ['0', '5'], note: 'one\ntwo' },
      { title: 'Class', map: null, ticks: [], swatches: [['#e69f00', 'a', '12']] },
    ],
    notes: ['last'],
  });

  it('holds every word, escaped', () => {
    for (const word of ['Rate &lt; 5 &amp; more', '>0<', '>5<', '>one<', '>two<', '>Class<', '>a<', '>12<', '>last<']) expect(svg).toContain(word);
  });

  it('has the map as a gradient and the swatch in its colour', () => {
    expect(svg.match(/<stop /g)).toHaveLength(17);
    expect(svg).toContain('rgb(68,1,84)');
    expect(svg).toContain('fill="#e69f00"');
  });
});
