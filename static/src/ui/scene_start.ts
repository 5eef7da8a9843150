/** Loads the scene and puts it into its place; the page works without it. */

import type { CreateScene, SceneContext, SceneHandle } from '../state/frames';
import { h } from './dom';
import { icon } from './icons';

/** Returns null, and says why in its place, where the scene cannot be drawn. */
export async function startScene(context: SceneContext): Promise<SceneHandle | null> {
  const start = performance.now();
  try {
    const found = import.meta.glob<{ createScene: CreateScene }>('../scene/scene.ts')['../scene/scene.ts'];
    if (found === undefined) throw new Error('The scene is not part of this build.');
    const { createScene } = await found();
    const scene = await createScene(context);
    performance.measure('synaptarium.scene', { start });
    return scene;
  } catch (error) {
    context.host.append(h('div.scene-missing', { role: 'alert' }, icon('warning', 20), h('p', 'The scene cannot be drawn.'), h('p.hint', `${(error as Error).message} The browser needs WebGL 2; the panels and the transport work without it.`)));
    return null;
  }
}
