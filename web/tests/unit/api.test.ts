// The API page: everything that the package exports is documented, and every link in it leads somewhere.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const web = fileURLToPath(new URL('../..', import.meta.url));

test('the API page can be made, and lacks nothing', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'rullama-api-'));
  try {
    // What is not documented is an error of typedoc.json.
    execFileSync('node_modules/.bin/typedoc', ['--out', folder], { cwd: web, encoding: 'utf8' });
    const page = readFileSync(join(folder, 'classes/engine.Rullama.html'), 'utf8');
    for (const method of ['load', 'plan', 'memory', 'saveState', 'dispose']) expect([method, page.includes(`id="${method.toLowerCase()}"`)]).toEqual([method, true]);
    expect(readFileSync(join(folder, 'functions/engine.download.html'), 'utf8').includes('WRONG_DIGEST')).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
