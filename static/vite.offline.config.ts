import { defineConfig } from 'vite';

/** The same page as one script and one style sheet, which `synaptarium export ID --html` puts into a single file. */
export default defineConfig({
  base: './',
  publicDir: false,
  resolve: {
    alias: [{ find: /^.*\/workers\/start$/, replacement: new URL('src/workers/start_inline.ts', import.meta.url).pathname }],
  },
  // Nobody wears a headset in a file: the models of its controllers stay out.
  plugins: [{ name: 'no-models', enforce: 'pre', load: (id) => (id.includes('.glb') ? "export default ''" : null) }],
  build: {
    outDir: 'synaptarium/static/offline',
    emptyOutDir: true,
    target: 'es2023',
    cssCodeSplit: false,
    assetsInlineLimit: () => true,
    chunkSizeWarningLimit: 4000,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: 'src/main.ts',
      output: { format: 'es', codeSplitting: false, entryFileNames: 'page.js', assetFileNames: 'page[extname]' },
    },
  },
  // A classic script: pages from the disk may not start workers of modules.
  worker: { format: 'iife' },
});
