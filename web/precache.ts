// Builds the service worker with the list of the app's files and a digest of their contents, which is the version.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformWithOxc, type Plugin } from 'vite';

const SOURCE = fileURLToPath(new URL('./src/app/offline/service_worker.ts', import.meta.url));
const NAME = 'service_worker.js';

export function precache(publicFolder: string): Plugin {
  return {
    name: 'precache',
    apply: 'build',
    // The page and everything that it refers to are in the bundle by then.
    generateBundle: {
      order: 'post',
      async handler(_options, bundle) {
        const contents = new Map<string, string | Uint8Array>();
        for (const file of readdirSync(publicFolder)) contents.set(file, readFileSync(`${publicFolder}/${file}`));
        for (const [file, made] of Object.entries(bundle)) contents.set(file, made.type === 'chunk' ? made.code : made.source);
        const files = [...contents.keys()].sort();
        const digest = createHash('sha256');
        for (const file of files) digest.update(file).update(contents.get(file)!);
        const { code } = await transformWithOxc(readFileSync(SOURCE, 'utf8'), SOURCE, {
          define: { __FILES__: JSON.stringify(files), __VERSION__: JSON.stringify(digest.digest('hex').slice(0, 16)) },
        });
        this.emitFile({ type: 'asset', fileName: NAME, source: code });
      },
    },
  };
}
