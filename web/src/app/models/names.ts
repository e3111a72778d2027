// What downloads are called, and what servers offer.
import type { ServerModel } from 'rullama';

/** The last part of an address, with as many of the parts before as make it a name that is not taken. */
export function nameOf(url: string, isTaken: (name: string) => boolean): string {
  const parts = url.replace(/[?#].*/, '').split('/').filter((part) => part !== '');
  for (let from = parts.length - 1; from > 0; from--) {
    const name = parts.slice(from).join('/');
    if (!isTaken(name)) return name;
  }
  return url;
}

/** A model of a server by its own name, or with the beginning of its digest where the name is taken. */
export function nameOffered({ name, digest }: { name: string; digest: string }, isTaken: (name: string) => boolean): string {
  return isTaken(name) ? `${name} (${digest.replace('sha256:', '').slice(0, 8)})` : name;
}

/** A model of a server, by the first of its names. */
export interface Offered extends ServerModel {
  otherNames: string[];
}

/** The same file once: a server may have several names for it. */
export function offeredOnce(models: ServerModel[]): Offered[] {
  const isFirst = ({ digest }: ServerModel, n: number) => models.findIndex((model) => model.digest === digest) === n;
  const namesOf = (digest: string) => models.filter((model) => model.digest === digest).map(({ name }) => name);
  return models.filter(isFirst).map((model) => ({ ...model, otherNames: namesOf(model.digest).slice(1) }));
}

/** The address of a server as people type it, such as `192.168.1.5:8088`, in full. */
export function serverAddress(typed: string): string {
  const full = /^https?:\/\//i.test(typed) ? typed : `http://${typed}`;
  return full.endsWith('/') ? full : `${full}/`;
}
