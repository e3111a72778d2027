// The demo model: a Gemma 4 of 10 MiB that knows a small world. Importing this file makes bundlers take it along.
import type { UrlSource } from './sources.ts';

/** The demo model that comes with the package; fetched as a whole, so that any web server will do. */
export const demo: UrlSource = { url: new URL('./demo.gguf', import.meta.url).href, whole: true };
