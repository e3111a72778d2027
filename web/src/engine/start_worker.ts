// Starting the package's workers, and what is said of one that does not start.
import { SourceError } from './errors.ts';

/** A browser tells nothing of why a worker's script did not load. */
export const NOT_LOADED =
  'its script did not load; serve all files of the package, and have a bundler leave it as it is (Vite: `optimizeDeps: { exclude: ["rullama"] }`)';

/** The worker that `start` starts, which the browser refuses for a script of another origin. */
export function started(start: () => Worker): Worker {
  try {
    return start();
  } catch (thrown) {
    const message = `the worker was not started (${(thrown as Error).message}); serve the package from the page's own origin, or give \`worker\``;
    throw new SourceError({ code: 'WASM_FAILED', message });
  }
}
