/** Copies a text; false where the browser does not let the page: without TLS it may not, and some always ask. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
