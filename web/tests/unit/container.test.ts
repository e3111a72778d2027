// The container and what says how it is run, as far as they can be checked where no container engine is.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const containerfile = text('container/Containerfile');
const found = (pattern: RegExp, where: string) => pattern.exec(where)?.[1];

test('the builder has the Rust that the workspace asks for, and a Node that the package runs in', () => {
  expect(found(/library\/rust:([\d.]+)-/, containerfile)).toBe(found(/^rust-version = "([\d.]+)"$/m, text('Cargo.toml')));
  const least = Number(found(/^>=(\d+)$/, JSON.parse(text('web/package.json')).engines.node));
  expect(Number(found(/library\/node:(\d+)-/, containerfile))).toBeGreaterThanOrEqual(least);
});

test('the ports of nginx, the image and compose.yaml are the same, and only this machine reaches them', () => {
  const port = found(/listen (\d+);/, text('container/nginx.conf'));
  expect(found(/^EXPOSE (\d+)$/m, containerfile)).toBe(port);
  const compose = text('compose.yaml');
  expect([...compose.matchAll(/^ +- "([\d.:]+)"$/gm)].map(([, ports]) => ports)).toEqual([`127.0.0.1:8088:${port}`]);
  expect(compose).toContain(`http://127.0.0.1:${port}/`);
  expect(compose).toContain('dockerfile: container/Containerfile');
});

test('the image has what the builder makes where nginx looks for it, and nothing else', () => {
  const [, builder, image] = containerfile.split(/^FROM .+\n/m).slice(1) as [string, string, string];
  const source = found(/^WORKDIR (\S+)$/m, builder);
  expect(builder).toMatch(/^RUN cargo xtask web && /m);
  const copies = Object.fromEntries([...image.matchAll(/^COPY --from=builder (\S+) (\S+)$/gm)].map(([, from, to]) => [to, from]));
  const root = found(/^  root (\S+);$/m, text('container/nginx.conf'))!;
  expect(copies).toEqual({ [root]: `${source}/web/dist`, '/etc/nginx/conf.d/default.conf': `${source}/container/nginx.conf` });
  expect(image.split('\n').filter((line) => !/^(COPY|EXPOSE|#|$)/.test(line))).toEqual([]);
});

test('what .dockerignore lets through is a workspace that Cargo reads, and all that is copied', () => {
  // Its lines are `*`, names that are let through all the same, and names that are not.
  const lines = text('.dockerignore').split('\n').filter((line) => line && !line.startsWith('#'));
  const under = (path: string, name: string) => `/${path}`.includes(`/${name}/`) || path === name || path.startsWith(`${name}/`);
  const isSent = (path: string) =>
    lines.reduce((sent, line) => {
      if (line === '*') return false;
      if (line.startsWith('!')) return sent || under(path, line.slice(1));
      return sent && !under(path, line.replace('**/', ''));
    }, true);
  const sent = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n').filter((path) => path && isSent(path));
  const folder = mkdtempSync(join(tmpdir(), 'rullama-context-'));
  try {
    for (const path of sent) if (existsSync(join(root, path))) cpSync(join(root, path), join(folder, path));
    const options = ['metadata', '--no-deps', '--offline', '--locked', '--format-version=1'];
    const { packages } = JSON.parse(execFileSync('cargo', options, { cwd: folder, encoding: 'utf8' })) as { packages: { name: string }[] };
    expect(packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['rullama-wasm', 'xtask']));
    for (const [, source] of containerfile.matchAll(/--from=builder \/src\/(\S+)/g)) {
      // The app is what the builder makes.
      if (source !== 'web/dist') expect(sent).toContain(source);
    }
    expect(sent).toEqual(expect.arrayContaining(['web/package-lock.json', 'assets/demo.gguf']));
    expect(sent.filter((path) => path.startsWith('tests/'))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
