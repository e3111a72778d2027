// Accessibility of a page, as far as axe can see it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { ensure } from './lib.mjs';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Fails unless axe finds nothing serious or critical, in light and in dark colours. */
export async function accessible(page, name) {
  // By the browser's protocol, since the page's policy lets no other script in.
  await page.evaluate(await readFile(AXE, 'utf8'));
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    const { violations, passes } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
    const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const lines = bad.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`);
    ensure(passes.length > 5, `axe looked at nothing: ${passes.length} rules passed`);
    ensure(bad.length === 0, `${name} in ${colorScheme}:\n${lines.join('\n')}`);
  }
}
