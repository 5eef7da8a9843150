/** The UMD build of dockview is the one that carries its style; it has the same exports as the typed entry. */
declare module 'dockview-core/dist/dockview-core.js' {
  export * from 'dockview-core';
}
