// The app. It is built on the package as it is published, in `lib`.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { precache } from './precache.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const publicDir = at('./src/app/public');

export default defineConfig({
  // Relative addresses let the app lie in any folder of a server.
  base: './',
  publicDir,
  plugins: [svelte({ configFile: false }), precache(publicDir)],
  resolve: {
    alias: [
      { find: /^rullama$/, replacement: at('./lib/engine/index.js') },
      { find: /^rullama\/demo$/, replacement: at('./lib/engine/demo.js') },
    ],
  },
  assetsInclude: ['**/*.gguf'],
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    target: 'es2023',
    // The page's Content-Security-Policy allows no data: addresses for code.
    assetsInlineLimit: 0,
  },
  test: {
    include: ['tests/unit/**/*.test.ts'],
    environment: 'node',
  },
});
