/** Which of many values have changed of late: who has taken all of them over once needs to look at those only. */

/** So many changes of few values each are remembered. */
const MOST_STEPS = 256;

interface Step {
  /** Of the values after it. */
  readonly version: number;
  /** What is added to the ids. */
  readonly first: number;
  readonly ids: Uint32Array;
}

export class ChangeLog {
  private steps: Step[] = [];
  private n_ids = 0;
  /** Of the values before the first step. */
  private since_version = 0;

  /** @param most ids that are remembered; where more have changed, taking all over costs no more */
  constructor(readonly most: number) {}

  /** Values with these ids, plus `first`, are others from this version on. The ids are kept, not copied. */
  add(version: number, first: number, ids: Uint32Array): void {
    this.steps.push({ version, first, ids });
    this.n_ids += ids.length;
    while (this.n_ids > this.most || this.steps.length > MOST_STEPS) {
      const oldest = this.steps.shift()!;
      this.n_ids -= oldest.ids.length;
      this.since_version = oldest.version;
    }
  }

  /** Any value may be another from this version on. */
  forget(version: number): void {
    this.steps = [];
    this.n_ids = 0;
    this.since_version = version;
  }

  /** Ids of the values that may have changed since a version, some of them twice; null where that is not known. */
  since(version: number): Uint32Array | null {
    const at = version === this.since_version ? 0 : this.steps.findLastIndex((step) => step.version === version) + 1;
    if (at === 0 && version !== this.since_version) return null;
    const steps = this.steps.slice(at);
    if (steps.length === 1 && steps[0].first === 0) return steps[0].ids;
    const all = new Uint32Array(steps.reduce((sum, { ids }) => sum + ids.length, 0));
    let n = 0;
    for (const { first, ids } of steps) for (const id of ids) all[n++] = first + id;
    return all;
  }
}
