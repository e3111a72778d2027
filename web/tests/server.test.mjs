// The test server itself: a fault that is not injected would let a test of broken networks pass for nothing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensure, equal, ROOT } from './lib.mjs';

const FILE = 'README.md';

export default {
  async 'ranges, faults and missing files'({ server }) {
    const golden = await readFile(join(ROOT, 'tests/golden', FILE));
    const size = golden.length;
    ensure(size > 200, `tests/golden/${FILE} has ${size} bytes, too few for this test`);
    const get = (query, range) => fetch(`${server.url}/golden/${FILE}${query}`, range ? { headers: { range } } : {});
    const text = async (response) => Buffer.from(await response.arrayBuffer()).toString('latin1');

    const middle = await get('', 'bytes=10-19');
    equal([middle.status, middle.headers.get('content-range')], [206, `bytes 10-19/${size}`], 'range');
    equal(await text(middle), golden.subarray(10, 20).toString('latin1'), 'range body');
    equal(await text(await get('', 'bytes=-5')), golden.subarray(size - 5).toString('latin1'), 'suffix range');
    equal((await get('', `bytes=${size}-`)).status, 416, 'range past the end');

    const whole = await get('?fault=no-range', 'bytes=10-19');
    equal([whole.status, (await text(whole)).length], [200, size], 'no-range');
    equal((await get('?fault=status:503')).status, 503, 'status');
    equal((await get('?fault=length:77', 'bytes=0-9')).headers.get('content-range'), 'bytes 0-9/77', 'length');
    const cut = await get('?fault=cut:100').then(text).then(() => 'whole', () => 'cut');
    equal(cut, 'cut', 'cut');
    const stalled = await get('?fault=stall:100');
    const reader = stalled.body.getReader();
    equal((await reader.read()).value.length, 100, 'bytes before the stall');
    await reader.cancel();

    equal((await text(await get('?fault=cut:100', 'bytes=0-9'))).length, 10, 'a body shorter than the cut');
    equal((await text(await get('?fault=stall:100', 'bytes=0-9'))).length, 10, 'a body shorter than the stall');

    equal((await fetch(`${server.url}/golden/none`)).status, 404, 'missing file');
    equal((await fetch(`${server.url}/golden/%2e%2e/%2e%2e/Cargo.toml`)).status, 404, 'path traversal');
  },
};
