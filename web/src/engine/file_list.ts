// A list of files with relative paths as a folder: what browsers without directory handles give of a picked folder.

/** The part of a directory handle that this package reads. Nothing is copied. */
export function folderOf(picked: Iterable<File> | ArrayLike<File>): FileSystemDirectoryHandle {
  const files = Array.from(picked);
  const name = files[0]?.webkitRelativePath.split('/')[0] ?? '';
  return folder(name, files.map((file) => ({ path: file.webkitRelativePath.split('/').slice(1), file })));
}

interface Entry {
  /** Names of the folders below this one, and of the file. */
  path: string[];
  file: File;
}

function folder(name: string, entries: Entry[]): FileSystemDirectoryHandle {
  const missing = (wanted: string) => new DOMException(`\`${name}\` has no \`${wanted}\``, 'NotFoundError');
  const below = (wanted: string) =>
    entries.filter(({ path }) => path.length > 1 && path[0] === wanted).map(({ path, file }) => ({ path: path.slice(1), file }));
  const file = (wanted: string) => entries.find(({ path }) => path.length === 1 && path[0] === wanted)?.file;
  const read = {
    kind: 'directory',
    name,
    async getDirectoryHandle(wanted: string) {
      const inside = below(wanted);
      if (inside.length === 0) throw missing(wanted);
      return folder(wanted, inside);
    },
    async getFileHandle(wanted: string) {
      const found = file(wanted);
      if (!found) throw missing(wanted);
      return { kind: 'file', name: wanted, getFile: async () => found };
    },
    async *values() {
      for (const child of new Set(entries.map(({ path }) => path[0]!))) {
        const found = file(child);
        yield found ? { kind: 'file', name: child, getFile: async () => found } : folder(child, below(child));
      }
    },
  };
  return read as unknown as FileSystemDirectoryHandle;
}
