// What downloads are called.

/** The last part of an address, with as many of the parts before as make it a name that is not taken. */
export function nameOf(url: string, isTaken: (name: string) => boolean): string {
  const parts = url.replace(/[?#].*/, '').split('/').filter((part) => part !== '');
  for (let from = parts.length - 1; from > 0; from--) {
    const name = parts.slice(from).join('/');
    if (!isTaken(name)) return name;
  }
  return url;
}
