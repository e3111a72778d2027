// The key that ends an answer.

/** What is used of an event of the keyboard. */
export interface Press {
  key: string;
  isComposing: boolean;
  defaultPrevented: boolean;
  target: EventTarget | null;
}

/** Whether Escape is for the answer. It is from wherever the focus is, but in a field other than `message` it is for what stands there. */
export function endsAnswer({ key, isComposing, defaultPrevented, target }: Press, message: EventTarget): boolean {
  // Escape that ends a composition of an input method ends nothing else.
  if (key !== 'Escape' || isComposing || defaultPrevented) return false;
  return target === message || !isField(target);
}

/** The document can be a target too, and is no element. */
function isField(target: (EventTarget & { matches?(selector: string): boolean }) | null): boolean {
  return target?.matches?.('input, textarea, select') ?? false;
}
