// A port whose other side is the test.
import { Host, type Bindings } from '../../src/engine/host.ts';
import type { Port, Request, Response } from '../../src/engine/protocol.ts';

type Call = Extract<Request, { operation: unknown }>;

export class FakePort implements Port {
  readonly sent: Request[] = [];
  isClosed = false;
  onResponse: (message: Response) => void = () => {};
  onFailure: (reason: string) => void = () => {};

  /** As a real port does, so that what cannot be cloned is found. */
  send(message: Request) {
    this.sent.push(structuredClone(message));
  }

  close() {
    this.isClosed = true;
  }

  /** The call that was sent last. */
  get last(): Call {
    return this.sent.findLast((message): message is Call => 'operation' in message)!;
  }

  answer(message: object) {
    this.onResponse(structuredClone({ id: this.last.id, ...message }) as Response);
  }
}

/** A port to a host of these bindings. */
export function hosted(bindings: Bindings): FakePort {
  const port = new FakePort();
  const host = new Host(Promise.resolve(bindings), (message, moved = []) => port.onResponse(structuredClone(message, { transfer: moved })));
  port.send = (message: Request) => host.receive(structuredClone(message));
  return port;
}

/** Ends when everything that waits for a promise has run. */
export const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
