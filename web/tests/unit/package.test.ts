// What npm would publish: the built package, and nothing of the app, the tests or this machine.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** A page in TypeScript, with the types of a page alone. */
const PAGE = `
import { listStored, Rullama, type ChatCompletion } from 'rullama';
import { demo } from 'rullama/demo';
const engine = await Rullama.load(demo, { onProgress: ({ done }) => void done.toFixed(), contextLength: 512 });
const whole: ChatCompletion = await engine.chat.completions.create({ messages: [{ role: 'user', content: 'Hi' }] });
const { message } = whole.choices[0]!;
const text: string | null = message.content;
const stream = await engine.chat.completions.create({ messages: [message], max_completion_tokens: 5, stream: true });
for await (const chunk of stream) chunk.choices[0]?.delta.content?.length;
// @ts-expect-error There is no such option.
await Rullama.load(demo, { context: 5 });
// @ts-expect-error Bytes are a number.
const bytes: string = (await listStored())[0]!.bytes;
export { text, bytes };
`;

test.each([['esnext', 'bundler'], ['nodenext', 'nodenext']])('a page in TypeScript compiles against the types: %s, %s', (module, resolution) => {
  const folder = mkdtempSync(join(tmpdir(), 'rullama-types-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(web, join(folder, 'node_modules/rullama'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'page.ts'), PAGE);
    const compiler = join(web, 'node_modules/typescript/bin/tsc');
    const lib = ['ES2023', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable'];
    const compilerOptions = { noEmit: true, strict: true, target: 'ES2023', lib, types: [], module, moduleResolution: resolution, preserveSymlinks: true };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['page.ts'] }));
    let said = '';
    try {
      execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
    } catch (failed) {
      said = (failed as { stdout: string }).stdout;
    }
    expect(said).toBe('');
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
