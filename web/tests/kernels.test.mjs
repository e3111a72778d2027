// Every composition of kernels in Chromium, whose compiler of WGSL and software adapter are others than the native ones; every case is
// run there.
import { ensure, equal } from './lib.mjs';
import { withEngine } from './golden.mjs';

/** What the software adapter lacks: half precision, and more than 4 lanes in a subgroup or 256 in a workgroup. */
const LACKING = ['needs half precision (shader-f16)', ...[8, 16, 32, 64].map((n) => `needs subgroups of ${n} or more`), 'needs subgroups of 128', 'needs workgroups of so many invocations'];

export default {
  async 'a case of every composition passes'(test) {
    const { count, reports } = await withEngine(test, async (engine) => {
      const reports = [];
      const count = await engine.checkKernels((report) => reports.push(report), { brief: true });
      return { count, reports };
    });
    equal(reports.length, count, 'number of reports');
    const missing = reports.filter(({ ran }) => !ran);
    missing.forEach((r) => console.error(`not run: ${r.kernel} ${r.case} ${r.message}`));
    const others = missing.filter(({ message }) => !LACKING.includes(message));
    equal(others.map(({ kernel, case: name, message }) => `${kernel} ${name} ${message}`), [], 'cases that were not run for another reason');
    ensure(count - missing.length > 150, `only ${count - missing.length} of ${count} cases ran`);
    const failed = reports.filter(({ passed }) => !passed);
    const lines = failed.map((r) => `${r.kernel} ${r.case}: error ${r.error}, tolerance ${r.tolerance}; ${r.message}`);
    ensure(failed.length === 0, `${failed.length} of ${count} cases failed:\n${lines.join('\n')}`);
    console.error(`${count - missing.length} kernel cases passed`);
  },
};
