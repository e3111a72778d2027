// What a server of the app holds, and what a visitor fetches.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const APP_BYTES_MAX = 200_000;
const WASM_BYTES_MAX = 1_500_000;

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => statSync(`${dist}/${file}`).isFile()).sort();
const compressed = (file: string) => gzipSync(readFileSync(`${dist}/${file}`), { level: 9 }).length;
const sum = (list: string[]) => list.map(compressed).reduce((a, b) => a + b, 0);

test('nothing is published but the app', () => {
  const kinds = [...new Set(files.map((file) => file.replace(/-[\w-]{8}\./, '-*.')))].sort();
  expect(kinds).toEqual([
    'assets/demo-*.gguf', 'assets/index-*.css', 'assets/index-*.js', 'assets/rullama_bg-*.wasm', 'assets/worker-*.js',
    'icon-180.png', 'icon-192.png', 'icon-512.png', 'icon.svg', 'index.html', 'manifest.webmanifest', 'service_worker.js',
  ]);
});

test('the app is below 200 kB compressed, and WebAssembly below 1.5 MB', () => {
  const app = files.filter((file) => /\.(html|css|js|webmanifest)$/.test(file));
  const wasm = files.filter((file) => file.endsWith('.wasm'));
  console.error(`compressed: app ${sum(app)} bytes, WebAssembly ${sum(wasm)}`);
  expect(sum(app)).toBeLessThan(APP_BYTES_MAX);
  expect(sum(wasm)).toBeLessThan(WASM_BYTES_MAX);
});

test('everything that is published is kept for offline use, and nothing else is asked for', () => {
  const listed = /new Set\((\[[^\]]*\])/.exec(readFileSync(`${dist}/service_worker.js`, 'utf8'))![1]!;
  expect(JSON.parse(listed.replace(/,\s*\]/, ']'))).toEqual(files.filter((file) => file !== 'service_worker.js'));
});

test('the page needs no script or style in its own text, which its policy forbids', () => {
  const page = readFileSync(`${dist}/index.html`, 'utf8');
  expect(page).not.toMatch(/<style|<script(?![^>]* src=)|\sstyle=|\son\w+=/);
  // Except for what a page cannot say itself, its policy is that of the headers.
  const header = /'content-security-policy', "(.*)"/.exec(readFileSync(fileURLToPath(new URL('../server.mjs', import.meta.url)), 'utf8'))![1];
  expect(`${/content="(default-src[^"]*)"/.exec(page)![1]}; frame-ancestors 'none'`).toBe(header);
});

/** Width and height of a PNG, which its first chunk says. */
const sizeOf = (file: string) => {
  const png = readFileSync(`${dist}/${file}`);
  expect(png.toString('latin1', 1, 4)).toBe('PNG');
  return `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`;
};

test('the manifest has what browsers want of an app that can be installed', () => {
  const page = readFileSync(`${dist}/index.html`, 'utf8');
  const [, link] = /<link rel="manifest" href="\.\/([^"]+)"/.exec(page)!;
  const { name, short_name, start_url, scope, display, icons } = JSON.parse(readFileSync(`${dist}/${link}`, 'utf8'));
  // Relative, so that the app can lie in any folder.
  expect({ name, short_name, start_url, scope, display }).toEqual({ name: 'rullama', short_name: 'rullama', start_url: './', scope: './', display: 'standalone' });
  const pictures = (icons as { src: string; sizes: string; type: string; purpose?: string }[]).filter(({ type }) => type === 'image/png');
  for (const { src, sizes } of pictures) expect(sizeOf(src)).toBe(sizes);
  const ofSize = (wanted: string) => pictures.filter(({ sizes }) => sizes === wanted).map(({ purpose }) => purpose ?? 'any');
  expect([ofSize('192x192'), ofSize('512x512')]).toEqual([['any'], ['any', 'maskable']]);
});
