// A connection on which nothing comes any more is lost, though nobody says so.
import { Interrupted } from './answer.ts';

/** Does `work`. When it has not called `heard` for `seconds`, its signal is aborted and the call rejects with an `Interrupted`. */
export async function whileHeard<T>(
  url: string,
  seconds: number,
  signal: AbortSignal,
  work: (signal: AbortSignal, heard: () => void) => Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  const lost = () => silence.abort(new Interrupted(url, `nothing came for ${seconds} s`));
  let timer = setTimeout(lost, 1000 * seconds);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(lost, 1000 * seconds);
  };
  try {
    return await work(AbortSignal.any([signal, silence.signal]), heard);
  } catch (thrown) {
    throw silence.signal.aborted ? silence.signal.reason : thrown;
  } finally {
    clearTimeout(timer);
  }
}
