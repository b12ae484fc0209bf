/**
 * Have the browser save a text as a file.
 */
export function saveText(name: string, text: string, mime: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: mime }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after the click has been dealt with.
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
