/**
 * What the browser keeps for who looks, from visit to visit or for one tab. Where it may keep nothing (a frame in a page of
 * another site, cookies refused, no room left) the page keeps it until it goes.
 */

export type Keep = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** From visit to visit. */
export const kept = keep(() => window.localStorage);
/** For this tab, also when its page is loaded again. */
export const keptInTab = keep(() => window.sessionStorage);

export function keep(storage: () => Keep): Keep {
  const here = new Map<string, string>();
  return {
    getItem: (key) => here.get(key) ?? attempt(() => storage().getItem(key)) ?? null,
    setItem: (key, value) => {
      const done = attempt(() => { storage().setItem(key, value); return true; });
      if (done) here.delete(key);
      else here.set(key, value);
    },
    removeItem: (key) => {
      here.delete(key);
      attempt(() => storage().removeItem(key));
    },
  };
}

/** Reading the very property throws where it is refused. */
function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch {
    return null;
  }
}
