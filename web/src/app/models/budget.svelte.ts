// What a model may take, as the user has set it; it is remembered.
import { recall, remember } from '../chats/database.ts';
import { MIB } from '../parts/format.ts';

const NAME = 'budget in MiB';

class Budget {
  /** Null for none. */
  mib = $state<number | null>(null);

  constructor() {
    recall<number | null>(NAME).then((kept) => (this.mib = kept ?? null), () => {});
  }

  /** The part of a plan's options. */
  get option(): { budget?: number } {
    return this.mib ? { budget: this.mib * MIB } : {};
  }

  keep() {
    remember(NAME, this.mib).catch(() => {});
  }
}

export const budget = new Budget();
