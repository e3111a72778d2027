// Conversations and settings in IndexedDB. A turn is a record of its own, so that an answer under way is cheap to write.
import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore, type IDBPTransaction, type StoreNames } from 'idb';
import type { Conversation, Turn } from './conversation.ts';

interface Schema extends DBSchema {
  conversations: { key: string; value: Conversation };
  turns: { key: string; value: Turn; indexes: { conversation: [string, number] } };
  /** Single values by name: the last model, the budget, drafts. */
  remembered: { key: string; value: unknown };
}

type Writing = IDBPTransaction<Schema, ('conversations' | 'turns')[], 'readwrite'>;

let opened: Promise<IDBPDatabase<Schema>> | null = null;

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>('rullama', 2, {
    async upgrade(db, before, _now, transaction) {
      if (before === 1) return place(transaction.objectStore('turns'));
      db.createObjectStore('conversations', { keyPath: 'id' });
      db.createObjectStore('turns', { keyPath: 'id' }).createIndex('conversation', ['conversation', 'order']);
      db.createObjectStore('remembered');
    },
    // A newer version of the app in another tab waits for this one to let go.
    blocking: (_current, _blocked, event) => {
      (event.target as IDBDatabase).close();
      opened = null;
    },
    terminated: () => (opened = null),
  });
  opened.catch(() => (opened = null));
  return opened;
}

/** Turns from before there were versions of them follow one another. */
async function place(turns: IDBPObjectStore<Schema, StoreNames<Schema>[], 'turns', 'versionchange'>) {
  let before: Turn | null = null;
  for (let cursor = await turns.index('conversation').openCursor(); cursor; cursor = await cursor.continue()) {
    const turn: Turn = cursor.value;
    const parent: string | null = before?.conversation === turn.conversation ? before.id : null;
    await cursor.update({ ...turn, parent, version: 0, isShown: true });
    before = turn;
  }
}

const whole = (conversation: string) => IDBKeyRange.bound([conversation, -Infinity], [conversation, Infinity]);

/** The latest first. */
export async function conversations(): Promise<Conversation[]> {
  const list = await (await database()).getAll('conversations');
  return list.sort((a, b) => b.changed - a.changed);
}

export async function conversation(id: string): Promise<Conversation | undefined> {
  return (await database()).get('conversations', id);
}

/** In their order. */
export async function turnsOf(id: string): Promise<Turn[]> {
  return (await database()).getAllFromIndex('turns', 'conversation', whole(id));
}

/**
 * Writes a conversation and any of its turns at once, or nothing of it, and those of `all` that are not stored: another tab may have
 * removed the conversation, and storing an earlier turn may have failed.
 */
export async function save(conversation: Conversation, turns: Turn[], all = turns): Promise<void> {
  const transaction = (await database()).transaction(['conversations', 'turns'], 'readwrite');
  const store = transaction.objectStore('turns');
  const stored = new Set(await store.index('conversation').getAllKeys(whole(conversation.id)));
  const missing = all.filter(({ id }) => !stored.has(id) && turns.every((turn) => turn.id !== id));
  const writes = [...turns, ...missing].map((turn) => store.put(turn));
  await Promise.all([transaction.objectStore('conversations').put(conversation), ...writes, transaction.done]);
}

/** Writes new conversations with all their turns at once, or nothing. */
export async function add(wholes: { conversation: Conversation; turns: Turn[] }[]): Promise<void> {
  const transaction = (await database()).transaction(['conversations', 'turns'], 'readwrite');
  const writes = wholes.flatMap(({ conversation, turns }) => [
    transaction.objectStore('conversations').put(conversation),
    ...turns.map((turn) => transaction.objectStore('turns').put(turn)),
  ]);
  await Promise.all([...writes, transaction.done]);
}

/** Writes changes to a conversation and to any of its turns at once. One that another tab has removed stays so. */
export async function change(conversation: Conversation, turns: Turn[] = []): Promise<void> {
  const transaction = (await database()).transaction(['conversations', 'turns'], 'readwrite');
  if (!(await has(transaction, conversation.id))) return;
  const writes = turns.map((turn) => transaction.objectStore('turns').put(turn));
  await Promise.all([transaction.objectStore('conversations').put(conversation), ...writes, transaction.done]);
}

/** Writes a turn of a conversation that is there. */
export async function saveTurn(turn: Turn): Promise<void> {
  const transaction = (await database()).transaction(['conversations', 'turns'], 'readwrite');
  if (!(await has(transaction, turn.conversation))) return;
  await Promise.all([transaction.objectStore('turns').put(turn), transaction.done]);
}

async function has(transaction: Writing, conversation: string): Promise<boolean> {
  return (await transaction.objectStore('conversations').getKey(conversation)) !== undefined;
}

/** Ends an answer that nobody writes any more, unless it has ended since it was read. Returns how it stands now. */
export async function interrupt(id: string): Promise<Turn | undefined> {
  const transaction = (await database()).transaction('turns', 'readwrite');
  const turn = await transaction.store.get(id);
  if (turn?.ending !== 'writing') return turn;
  const interrupted: Turn = { ...turn, ending: 'interrupted' };
  await Promise.all([transaction.store.put(interrupted), transaction.done]);
  return interrupted;
}

export async function removeTurn(id: string): Promise<void> {
  await (await database()).delete('turns', id);
}

export async function remove(id: string): Promise<void> {
  const transaction = (await database()).transaction(['conversations', 'turns'], 'readwrite');
  const turns = transaction.objectStore('turns');
  const keys = await turns.index('conversation').getAllKeys(whole(id));
  const deletions = keys.map((key) => turns.delete(key));
  await Promise.all([transaction.objectStore('conversations').delete(id), ...deletions, transaction.done]);
}

/** Ids of the conversations in which somebody said `text`, whatever its case. */
export async function search(text: string): Promise<Set<string>> {
  const wanted = text.toLowerCase();
  const found = new Set<string>();
  const { store } = (await database()).transaction('turns');
  for (let cursor = await store.openCursor(); cursor; cursor = await cursor.continue()) {
    if (cursor.value.text.toLowerCase().includes(wanted)) found.add(cursor.value.conversation);
  }
  return found;
}

export async function remember(name: string, value: unknown): Promise<void> {
  await (await database()).put('remembered', value, name);
}

export async function forget(name: string): Promise<void> {
  await (await database()).delete('remembered', name);
}

export async function recall<T>(name: string): Promise<T | undefined> {
  return (await database()).get('remembered', name) as Promise<T | undefined>;
}
