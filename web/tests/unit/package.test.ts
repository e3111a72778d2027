// What npm would publish: the built package, and nothing of the app, the tests or this machine.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const web = fileURLToPath(new URL('../..', import.meta.url));
const { exports, dependencies } = JSON.parse(readFileSync(`${web}/package.json`, 'utf8'));
const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: web, stdio: ['ignore', 'pipe', 'ignore'] });
const files: string[] = JSON.parse(printed.toString())[0].files.map(({ path }: { path: string }) => path);

test('only the package is published', () => {
  const other = files.filter((file) => !file.startsWith('lib/') && !['package.json', 'README.md'].includes(file));
  expect(other).toEqual([]);
  expect(files.length).toBeGreaterThan(20);
  expect(files).toContain('lib/LICENSE-MIT');
  expect(dependencies).toBeUndefined();
});

test('every entry point is among the files, with its types', () => {
  const targets = Object.values(exports as Record<string, string | Record<string, string>>);
  const paths = targets.flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
  for (const path of paths) expect(files).toContain(path.replace('./', ''));
});

test('what is found by address beside the modules is there', () => {
  for (const file of ['worker.js', 'wasm/rullama_bg.wasm', 'demo.gguf']) expect(files).toContain(`lib/engine/${file}`);
});
