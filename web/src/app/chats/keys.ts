// Keys that mean something to the page: the one that ends an answer, and none of an input method.

/** What is used of an event of the keyboard. */
export interface Press {
  key: string;
  isComposing: boolean;
  keyCode: number;
  defaultPrevented: boolean;
  target: EventTarget | null;
}

/** Whether a key belongs to an input method. In Safari the one that ends a composition comes after it, and its code alone tells. */
export function composes({ isComposing, keyCode }: Pick<Press, 'isComposing' | 'keyCode'>): boolean {
  return isComposing || keyCode === 229;
}

/** Whether Escape is for the answer. It is from wherever the focus is, but in a field other than `message` it is for what stands there. */
export function endsAnswer(press: Press, message: EventTarget): boolean {
  const { key, defaultPrevented, target } = press;
  if (key !== 'Escape' || composes(press) || defaultPrevented) return false;
  return target === message || !isField(target);
}

/** The document can be a target too, and is no element. */
function isField(target: (EventTarget & { matches?(selector: string): boolean }) | null): boolean {
  return target?.matches?.('input, textarea, select') ?? false;
}
