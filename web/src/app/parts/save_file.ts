// Gives the user a file.

export function saveFile(name: string, type: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement('a'), { href: url, download: fileName(name) }).click();
  // Safari reads it when the user has agreed to the download.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** What every system takes as the name of a file. */
const fileName = (name: string) => name.replace(/[\\/:*?"<>|\p{Cc}]+/gu, ' ').trim().slice(0, 100) || 'rullama';
