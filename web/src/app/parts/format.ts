// Numbers for people.

const KIB = 1024;
export const MIB = KIB * KIB;
const GIB = KIB * MIB;

/** Such as `10.3 MiB`; whole bytes below one KiB. */
export function bytes(count: number): string {
  const size = Math.abs(count);
  if (size < KIB) return `${count} B`;
  if (size < MIB) return `${(count / KIB).toFixed(1)} KiB`;
  if (size < GIB) return `${(count / MIB).toFixed(1)} MiB`;
  return `${(count / GIB).toFixed(2)} GiB`;
}

/** Bytes to the last one, such as `10,764,640`. */
export const exact = (count: number): string => count.toLocaleString('en');

/** Such as `42 s` or `3 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Tokens per second; none of it for an answer of one token. */
export function rate(tokens: number, seconds: number): string | null {
  return tokens > 1 && seconds > 0 ? `${((tokens - 1) / seconds).toFixed(1)} tokens/s` : null;
}
