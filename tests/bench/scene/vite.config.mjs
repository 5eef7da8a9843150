// Builds the bench pages against the client's sources and its node_modules. Run from anywhere.
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const modules = fileURLToPath(new URL('../../../static/node_modules', import.meta.url));

export default {
  root: here,
  base: './',
  logLevel: 'warn',
  resolve: {
    alias: [
      { find: /^three\/addons\/(.*)$/, replacement: `${modules}/three/examples/jsm/$1` },
      { find: /^three$/, replacement: `${modules}/three/build/three.module.js` },
      { find: '@client', replacement: fileURLToPath(new URL('../../../static/src', import.meta.url)) },
    ],
  },
  build: { outDir: process.env.BENCH_OUT, emptyOutDir: false, rollupOptions: { input: [`${here}look.html`, `${here}bench.html`] } },
};
