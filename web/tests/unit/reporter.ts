// Prints each test as the browser tests do: {"name", "ok", "skipped", "message"} on a line of its own.
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const print = (name: string, ok: boolean, skipped: boolean, message: string) =>
  console.log(JSON.stringify({ name, ok, skipped, message }));

export default class JsonLines implements Reporter {
  onTestCaseResult(test: TestCase) {
    const { state, errors } = test.result();
    const message = (errors ?? []).map(({ stack, message }) => stack ?? message).join('\n');
    const skipped = state === 'skipped';
    print(`${test.module.relativeModuleId}: ${test.fullName}`, state === 'passed', skipped, skipped ? 'marked as skipped' : message);
  }

  /** A file that does not load has no tests, and must not count as nothing. */
  onTestModuleEnd(module: TestModule) {
    const message = module.errors().map(({ stack, message }) => stack ?? message).join('\n');
    if (message !== '') print(relative('.', module.moduleId), false, false, message);
  }
}
