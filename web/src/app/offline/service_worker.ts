// Keeps every file of one version of the app and answers from them, so that the app starts without a network and never
// mixes two versions. Everything else goes to the network as if this were not here.
/// <reference lib="webworker" />
const worker = self as unknown as ServiceWorkerGlobalScope;

/** Addresses of the version's files, relative to this script; the build writes them, with a digest of all contents. */
declare const __FILES__: string[];
declare const __VERSION__: string;

const PREFIX = 'rullama-app-';
const CACHE = `${PREFIX}${__VERSION__}`;
const address = (file: string) => new URL(file, worker.registration.scope).href;
const files = new Set(__FILES__.map(address));
const start = address('index.html');

worker.addEventListener('install', (event) => {
  // All or nothing: a version of which one file is missing is not installed.
  // Names in `assets` change with their contents; of the others a host's cache may hold an old one.
  const fresh = [...files].map((file) => new Request(file, { cache: file.includes('/assets/') ? 'default' : 'no-cache' }));
  const keep = async () => {
    const cache = await caches.open(CACHE);
    // Each body is read as it comes: those that wait would hold up the connections of the rest.
    await Promise.all(fresh.map(async (request) => cache.put(request, await fetched(request))));
  };
  event.waitUntil(keep());
});

/** A file, or an error. Hosts send from `/index.html` to `/`, and browsers refuse to show what is marked as sent on: so it is not. */
async function fetched(request: Request): Promise<Response> {
  const response = await fetch(request);
  if (!response.ok) throw new Error(`${request.url}: ${response.status}`);
  return response.redirected ? new Response(response.body, { headers: response.headers }) : response;
}

worker.addEventListener('activate', (event) => {
  const tidy = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(tidy());
});

worker.addEventListener('message', ({ data }) => {
  if (data === 'take over') worker.skipWaiting();
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const plain = origin + pathname;
  const isStart = request.mode === 'navigate' && (plain === worker.registration.scope || plain === start);
  if (request.method !== 'GET' || request.headers.has('range') || !(isStart || files.has(plain))) return;
  event.respondWith(answer(isStart ? start : plain, request));
});

async function answer(kept: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(kept, { ignoreVary: true })) ?? fetch(request);
}
