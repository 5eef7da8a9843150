/** The activity of the run, and of the part of it that the scrub bar is zoomed to: fetched as the zoom comes to rest. */

import type { TimeSpan } from '../time_zoom';
import type { Columns } from '../../net/arrow';
import { ApiError, rest } from '../../net/rest';

/** Spikes of each layer in columns of equal width. */
export interface Overview {
  /** Start of each column. */
  readonly t_us: Float64Array;
  /** Width of a column; the last one may reach beyond the end of the run. */
  readonly column_us: number;
  readonly bin_us: number;
  /** How many neighbouring layers a curve sums: 1 wherever each layer fits into the answer. */
  readonly layers_a_row: number;
  /** Spikes per column, one curve per layer (or few of them), in the network's order. */
  readonly curves: readonly ArrayLike<number>[];
  /** Fewest and most spikes in a bin of the column; empty where they were not asked for. */
  readonly lowest: readonly ArrayLike<number>[];
  readonly highest: readonly ArrayLike<number>[];
}

/** An answer holds 8 KiB: with more layers than this, sums alone leave more columns. */
const LAYERS_WITH_EXTREMES = 4;
const COLUMNS = 600;
/** The wheel turns many times a second; the server is asked when it rests for so long. */
const REST_MS = 70;
/** Parts of the run that are kept, to go back and forth between. */
const KEPT = 12;
const RETRY_MS = 2000;

/** The overview of a window; of the whole run for null. */
export async function loadOverview(
  recording: string, n_layers: number, window: TimeSpan | null, signal: AbortSignal,
): Promise<Overview> {
  const values = n_layers > LAYERS_WITH_EXTREMES ? 'sum' : 'all';
  return overviewOf(await rest.overview(recording, window, COLUMNS, values, signal));
}

function overviewOf(columns: Columns): Overview {
  const told = (name: string): number => Number(columns.metadata.get(name));
  const [n, start_us, column_us] = [told('columns'), told('t_start_us'), told('column_us')];
  const rows = (name: string): ArrayLike<number>[] => {
    if (!columns.has(name)) return [];
    const all = columns.numbers(name);
    return Array.from({ length: n === 0 ? 0 : all.length / n }, (_, row) => all.subarray(row * n, (row + 1) * n));
  };
  return {
    t_us: Float64Array.from({ length: n }, (_, i) => start_us + i * column_us),
    column_us, bin_us: told('bin_us'), layers_a_row: told('layers_a_row'), curves: rows('sum'), lowest: rows('min'), highest: rows('max'),
  };
}

export const covers = (overview: Overview, span: TimeSpan): boolean => {
  const n = overview.t_us.length;
  return n > 0 && overview.t_us[0] <= span.t_start_us && overview.t_us[n - 1] + overview.column_us >= span.t_stop_us;
};

/** Keeps the overviews of parts of the run; the finest that covers a span is drawn. */
export class OverviewFeed {
  private kept: Overview[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private asking: AbortController | null = null;

  constructor(
    private readonly recording: string, private readonly n_layers: number, private readonly arrived: () => void, private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => this.cancel(), { once: true });
  }

  /** The finest overview that covers a span: of its own, or of the whole run. */
  best(span: TimeSpan, whole: Overview): Overview {
    let best = whole;
    for (const overview of this.kept) if (overview.column_us < best.column_us && covers(overview, span)) best = overview;
    return best;
  }

  /** Asks for a window once it has rested, where nothing fine enough is here. */
  want(window: TimeSpan, whole: Overview): void {
    this.cancel();
    const have = this.best(window, whole);
    const columns = (window.t_stop_us - window.t_start_us) / have.column_us;
    if (have.column_us <= have.bin_us || (have !== whole && columns > COLUMNS / 4)) return;
    this.timer = setTimeout(() => void this.ask(window), REST_MS);
  }

  /** What is here is old: the run grew or was precomputed again. */
  forget(): void {
    this.cancel();
    this.kept = [];
  }

  private async ask(window: TimeSpan): Promise<void> {
    const asking = this.asking = new AbortController();
    try {
      // A little more on both sides, so that panning finds something.
      const margin = (window.t_stop_us - window.t_start_us) / 8;
      const wider = { t_start_us: Math.floor(window.t_start_us - margin), t_stop_us: Math.ceil(window.t_stop_us + margin) };
      const overview = await loadOverview(this.recording, this.n_layers, wider, AbortSignal.any([this.signal, asking.signal]));
      this.kept = [overview, ...this.kept].slice(0, KEPT);
      this.arrived();
    } catch (error) {
      if (asking.signal.aborted || this.signal.aborted) return;
      // The coarser curve stays; an outage is told elsewhere, and this comes back with it.
      if (error instanceof ApiError && error.passes) this.timer = setTimeout(() => void this.ask(window), RETRY_MS);
    }
  }

  private cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.asking?.abort();
    this.asking = null;
  }
}
