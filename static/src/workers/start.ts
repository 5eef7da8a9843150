/** Starts the data worker from its own file; `start_inline.ts` takes this one's place in pages that are one file. */
export const startWorker = (): Worker => new Worker(new URL('./data.worker.ts', import.meta.url), { type: 'module', name: 'data' });
