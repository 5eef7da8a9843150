/// <reference types="vitest/config" />
import { defineConfig } from 'vite';

/** `npm run dev` shows the page with hot reload and hands everything else to a running server. */
const server = process.env['SYNAPTARIUM_SERVER'] ?? 'http://127.0.0.1:8765';

export default defineConfig({
  base: '/',
  build: {
    outDir: 'synaptarium/static',
    emptyOutDir: true,
    target: 'es2023',
    assetsDir: 'assets',
    // Everything the page needs is served by us; the bundle is for one page, so its size is known and stated.
    chunkSizeWarningLimit: 1200,
    sourcemap: false,
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': server,
      '/socket.io': { target: server, ws: true },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
