// Every composition of kernels in Chromium, whose compiler of WGSL and software adapter are others than the native ones; every case is
// run there.
import { ensure, equal } from './lib.mjs';
import { withEngine } from './golden.mjs';

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
    ensure(count - missing.length > 150, `only ${count - missing.length} of ${count} cases ran`);
    const failed = reports.filter(({ passed }) => !passed);
    const lines = failed.map((r) => `${r.kernel} ${r.case}: error ${r.error}, tolerance ${r.tolerance}; ${r.message}`);
    ensure(failed.length === 0, `${failed.length} of ${count} cases failed:\n${lines.join('\n')}`);
    console.error(`${count - missing.length} kernel cases passed`);
  },
};
