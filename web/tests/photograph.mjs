// Pictures of a page for people to look at, in target/screenshots; and what a program can tell of its layout.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensure, ROOT } from './lib.mjs';

const FOLDER = join(ROOT, 'target/screenshots');
const WIDE = { width: 1200, height: 800 };
const NARROW = { width: 360, height: 740 };

/** Light, dark, and as wide as a small phone, where nothing may lie beside the screen. */
export async function photograph(page, name) {
  await mkdir(FOLDER, { recursive: true });
  const shot = (kind) => page.screenshot({ path: join(FOLDER, `${name}${kind}.png`) });
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light' });
  await shot('');
  await page.emulateMedia({ colorScheme: 'dark' });
  await shot('-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(NARROW);
  await page.locator('#open-menu').waitFor();
  await shot('-phone');
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  ensure(wide <= 0, `${name} is ${wide} pixels wider than a phone of ${NARROW.width}`);
  await page.setViewportSize(WIDE);
}
