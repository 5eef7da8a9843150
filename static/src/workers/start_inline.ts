/** Starts the data worker from the page's own script: nothing is fetched. */
import DataWorker from './data.worker.ts?worker&inline';

export const startWorker = (): Worker => new DataWorker({ name: 'data' });
