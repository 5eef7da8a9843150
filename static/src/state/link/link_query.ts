/** The parameters of a link, read one by one; those that cannot be read are kept, to be told. */

export interface Misread {
  readonly name: string;
  readonly text: string;
}

export class LinkQuery {
  readonly misread: Misread[] = [];

  constructor(private readonly query: URLSearchParams) {}

  /** undefined where it is not there, is empty, or is not what `parse` knows (null or undefined). */
  read<T>(name: string, parse: (text: string) => T | null | undefined): T | undefined {
    const text = this.query.get(name);
    if (text === null || text === '') return undefined;
    const value = parse(text) ?? undefined;
    if (value === undefined) this.misread.push({ name, text });
    return value;
  }

  /** One of some words. */
  word<W extends string>(name: string, words: readonly W[]): W | undefined {
    return this.read(name, (text) => words.find((word) => word === text));
  }

  /** Any text. */
  text(name: string): string | undefined {
    return this.read(name, (text) => text);
  }

  /** A number within bounds. */
  number(name: string, low = -Infinity, high = Infinity): number | undefined {
    return this.read(name, (text) => numbersOf(text, 1, low, high)?.[0]);
  }
}

/** So many numbers with commas between them, each within bounds; null where the text is anything else. */
export function numbersOf(text: string, n: number, low = -Infinity, high = Infinity): number[] | null {
  const parts = text.split(',');
  const values = parts.map(Number);
  const fit = values.length === n && parts.every((part) => part.trim() !== '') && values.every((value) => Number.isFinite(value) && value >= low && value <= high);
  return fit ? values : null;
}
