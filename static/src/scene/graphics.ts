/** What draws: a graphics card, or the processor in its place. */

let software: boolean | null = null;

/**
 * Tells whether the browser draws with the processor (SwiftShader, llvmpipe, Microsoft's basic renderer).
 *
 * Multisampling is nearly free on a card. There it takes two thirds of a frame's time (11 against 35 frames a second at
 * 1280 x 720 on two cores), and the playhead waits for it.
 */
export function drawsInSoftware(): boolean {
  software ??= /swiftshader|llvmpipe|softpipe|software|basic render/i.test(rendererName());
  return software;
}

function rendererName(): string {
  const gl = document.createElement('canvas').getContext('webgl2');
  if (gl === null) return '';
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension('WEBGL_lose_context')?.loseContext(); // browsers allow few contexts at a time
  return name;
}
