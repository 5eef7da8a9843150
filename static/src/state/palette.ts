/** Data colours. None of them is the interface's accent, and the same thing has the same colour in scene and panels. */

/** Quiet hues of the layers, for the dark room and for light surfaces (panels in the light theme). */
const LAYER_COLOURS: readonly string[] = [
  '#e8b46a', '#7fc8a9', '#c79be0', '#e58f86', '#86b7c9', '#c9c07a', '#d895b8', '#9db38a', '#b8a394',
];
export const LAYER_COLOURS_LIGHT: readonly string[] = [
  '#a96a12', '#23815c', '#7d48a5', '#b0473c', '#2f7389', '#7d7420', '#a2487a', '#5b7645', '#75604f',
];

/** Of lines and marks that stand for no layer and no class, for dark and for light surfaces. */
const LINE_COLOURS: readonly string[] = ['#8fb8de', '#d9a066', '#86c9a0', '#c79be0', '#e58f86', '#c9c07a'];
export const LINE_COLOURS_LIGHT: readonly string[] = ['#2f6aa3', '#a9620e', '#23815c', '#7d48a5', '#b0473c', '#7d7420'];

export function lineColour(at: number, theme: 'dark' | 'light'): string {
  const colours = theme === 'light' ? LINE_COLOURS_LIGHT : LINE_COLOURS;
  return colours[at % colours.length] as string;
}

/** Okabe-Ito, then Tableau 10 where there are more than eight classes. */
const OKABE_ITO: readonly string[] = [
  '#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7', '#999999',
];
const TABLEAU_10: readonly string[] = [
  '#4e79a7', '#f28e2b', '#e15759', '#76b7b2', '#59a14f', '#edc948', '#b07aa1', '#ff9da7', '#9c755f', '#bab0ac',
];

export function layerColour(layer: number, theme: 'dark' | 'light' = 'dark'): string {
  const colours = theme === 'light' ? LAYER_COLOURS_LIGHT : LAYER_COLOURS;
  return colours[layer % colours.length] as string;
}

export function classColour(index: number, n_classes: number): string {
  const colours = n_classes <= OKABE_ITO.length ? OKABE_ITO : TABLEAU_10;
  return colours[((index % colours.length) + colours.length) % colours.length] as string;
}

/** The light of who points. Green: no spike and no synapse has that light. */
export const POINTER_COLOUR = 'hsl(145 90% 64%)';

/** The colour of a selection, everywhere. */
export const SELECTION_COLOUR = '#ffffff';
/** Of what a panel lights in the scene. */
export const LIT_COLOUR = '#ffb454';

/** Neurons to look after (Okabe-Ito): told apart by everyone, and by their shape and size too. */
export const HEALTH_COLOURS = { dead: '#d55e00', silent: '#56b4e9', saturated: '#f0e442' } as const;
