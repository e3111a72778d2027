// Puts text into the clipboard.

/** Whether it was taken: a page that is not secure has no clipboard, and the user may refuse. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
