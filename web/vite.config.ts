// The app. It is built on the package as it is published, in `lib`.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Relative addresses let the app lie in any folder of a server.
  base: './',
  publicDir: false,
  resolve: { alias: { rullama: fileURLToPath(new URL('./lib/engine/index.js', import.meta.url)) } },
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
