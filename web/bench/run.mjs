// Opens the pages of this folder in Chromium, one after the other, and prints what each reports as a line of JSON:
//
//   node bench/run.mjs MODEL.gguf [--prompt N] [--decode N] [--runs N] [--software] [--wllama FOLDER] [--wllama-model FILE]
//
// `web/lib` must be built. --software takes SwiftShader, for machines without a graphics card. FOLDER is the package
// @wllama/wllama; with it wllama is measured too, on FILE where that is given.
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { launch, WEB } from '../tests/lib.mjs';
import { serve } from '../tests/server.mjs';

const HARDWARE = [
  '--use-webgpu-adapter=default',
  '--ignore-gpu-blocklist',
  ...(process.platform === 'linux' ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface'] : []),
];
const LIMIT_MS = 15 * 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prompt: { type: 'string', default: '512' },
    decode: { type: 'string', default: '128' },
    runs: { type: 'string', default: '3' },
    software: { type: 'boolean', default: false },
    wllama: { type: 'string' },
    'wllama-model': { type: 'string' },
  },
});
if (positionals.length !== 1) {
  console.error('usage: node bench/run.mjs MODEL.gguf [--prompt N] [--decode N] [--runs N] [--software] [--wllama FOLDER]');
  process.exit(2);
}
const model = resolve(positionals[0]);
const peerModel = resolve(values['wllama-model'] ?? model);

const mounts = {
  '/bench/': join(WEB, 'bench'),
  '/lib/': join(WEB, 'lib'),
  '/model/': dirname(model),
  '/peer-model/': dirname(peerModel),
};
if (values.wllama) mounts['/wllama/'] = join(resolve(values.wllama), 'esm');
let heard;
const server = await serve(mounts, (request, response) => {
  if (request.method !== 'POST' || request.url !== '/done') return false;
  let body = '';
  request.setEncoding('utf8').on('data', (piece) => (body += piece));
  request.on('end', () => {
    response.end();
    heard(body);
  });
  return true;
});
try {
  await report('index.html', `/model/${basename(model)}`);
  if (values.wllama) await report('wllama.html', `/peer-model/${basename(peerModel)}`);
} finally {
  await server.close();
}

/** A browser of its own for each page, so that what one engine leaves behind does not slow the other. */
async function report(name, address) {
  const browser = await launch(values.software ? [] : HARDWARE);
  try {
    const page = await browser.newPage();
    const text = new Promise((done, failed) => {
      heard = done;
      setTimeout(() => failed(new Error(`${name} said nothing for ${LIMIT_MS / 60_000} minutes`)), LIMIT_MS).unref();
    });
    const query = new URLSearchParams({ model: address, prompt: values.prompt, decode: values.decode, runs: values.runs });
    await page.goto(`${server.url}/bench/${name}?${query}`);
    console.log(JSON.stringify(parsed(await text)));
    for (const complaint of browser.complaints) console.error(`${name}: ${complaint}`);
  } catch (error) {
    console.log(JSON.stringify({ code: error.name, message: error.message }));
  } finally {
    await browser.close();
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { code: 'failed', message: text };
  }
}
