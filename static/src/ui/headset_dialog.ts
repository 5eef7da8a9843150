/** How a headset in the network gets here: the address as a QR code, or what stands in the way. */

import '../styles/xr.css';

import { ApiError, rest } from '../net/rest';
import { openDialog } from './dialog';
import { h } from './dom';

export async function showHeadsetAddress(): Promise<void> {
  const body = h('div.headset-address');
  openDialog('Open in a headset', body);
  try {
    const { url, qr, why } = await rest.headset();
    if (why) {
      body.append(h('p', why), h('p.hint', 'A headset at this computer needs none of that: open a recording and press Headset.'));
      return;
    }
    body.append(
      h('img', { src: `data:image/svg+xml,${encodeURIComponent(qr ?? '')}`, alt: 'The address as a QR code', width: 240, height: 240 }),
      h('p', h('a', { href: url ?? '' }, url ?? '')),
      h('p.hint', 'Scan it, or type the address into the headset\'s browser. It asks once whether to trust the certificate, which this machine made for itself.'),
    );
  } catch (error) {
    body.append(h('p', error instanceof ApiError ? error.message : String(error)));
  }
}
