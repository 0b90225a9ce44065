// Handing a file to the reader, and text to the clipboard.

export function keep(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Browsers give no clipboard to pages without https and to some frames: then the text is selected for the reader. */
export async function copy(text: string, shown: HTMLElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown) getSelection()?.selectAllChildren(shown);
    return false;
  }
}

/** A name that every system takes. */
export function fileName(parts: (string | null)[], ending: string): string {
  const name = parts.filter(Boolean).join(" ");
  return `${name.replace(/[^\p{L}\p{N}.-]+/gu, "-").replace(/^-+|-+$/g, "")}.${ending}`;
}
