// The list of models that a `rullama serve` gives, for the test server: one of the committed models.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Answers `/api/models` with the model at `path` under `name`, to be had at `url`. */
export function offering(name, path, url) {
  const file = readFileSync(path);
  const digest = `sha256:${createHash('sha256').update(file).digest('hex')}`;
  const list = JSON.stringify({ models: [{ name, bytes: file.length, digest, family: 'gemma4', url }] });
  return (request, response) => {
    if (request.url !== '/api/models') return false;
    response.setHeader('Content-Type', 'application/json');
    response.end(list);
    return true;
  };
}
