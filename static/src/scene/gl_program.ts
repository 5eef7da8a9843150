/** What is drawn past three.js, in plain WebGL: its programs, and what three.js takes for bound. */

/** A fragment shader's body that lands the point's number in its texel. */
export const LANDED_GLSL = /* glsl */ `
flat in float value;
out vec4 texel;
void main() { texel = vec4(value, 0.0, 0.0, 1.0); }`;

/**
 * Compiles and links.
 *
 * @param attributes get the locations 0, 1, ..
 * @param what it does, for the message where it is refused
 */
export function glProgram(
  gl: WebGL2RenderingContext, vertex: string, fragment: string, attributes: readonly string[], what: string,
): { program: WebGLProgram; uniform: (name: string) => WebGLUniformLocation | null } {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader); // with the program
  }
  attributes.forEach((name, at) => gl.bindAttribLocation(program, at, name));
  gl.linkProgram(program);
  if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true && !gl.isContextLost()) {
    throw new Error(`The program that ${what} was refused: ${gl.getProgramInfoLog(program)}`);
  }
  return { program, uniform: (name) => gl.getUniformLocation(program, name) };
}

/** The vertex array that three.js has bound: to be put back after drawing another. */
export function boundVertices(gl: WebGL2RenderingContext): WebGLVertexArrayObject | null {
  return gl.getParameter(gl.VERTEX_ARRAY_BINDING) as WebGLVertexArrayObject | null;
}
