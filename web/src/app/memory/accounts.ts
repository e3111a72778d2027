// The ledger's accounts in the order in which they are stacked, with names for people. Their colours are in colours.css.
import type { Account } from 'rullama';

export const ACCOUNTS: { account: Account; label: string }[] = [
  { account: 'weights', label: 'Weights' },
  { account: 'embeddings', label: 'Embeddings' },
  { account: 'kv_cache', label: 'KV cache' },
  { account: 'activations', label: 'Activations' },
  { account: 'adapters', label: 'Adapters' },
  { account: 'gradients', label: 'Gradients' },
  { account: 'optimizer', label: 'Optimiser' },
  { account: 'vision', label: 'Vision' },
  { account: 'audio', label: 'Audio' },
  { account: 'staging', label: 'Staging' },
  { account: 'uniforms', label: 'Uniforms' },
  { account: 'other', label: 'Other' },
];
