//! The ledger driven at random: the sum of the accounts is the total, whatever happens.

use super::*;

/// A small generator with a fixed seed, so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u64) -> u64 {
        // Knuth's constants for a 64-bit linear congruential generator, MMIX; the high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn check_sums(ledger: &Ledger, charges: &[Charge]) {
    let now = ledger.snapshot();
    let live: u64 = charges.iter().map(Charge::bytes).sum();
    assert_eq!(now.total_bytes, live);
    assert_eq!(now.buffers, charges.len() as u64);
    assert_eq!(now.accounts.iter().map(|a| a.bytes).sum::<u64>(), live);
    assert_eq!(now.accounts.iter().map(|a| a.buffers).sum::<u64>(), charges.len() as u64);
    assert_eq!(now.scopes.iter().map(|s| s.bytes).sum::<u64>(), live);
    assert!(now.peak_bytes >= live && now.peak_bytes <= now.budget_bytes.unwrap());
    assert_eq!(now.phases.iter().map(|p| p.peak_bytes).max(), Some(now.peak_bytes));
    for account in &now.accounts {
        assert!(account.peak_bytes >= account.bytes && account.peak_bytes >= account.largest_bytes);
    }
}

#[test]
fn sums_agree_after_any_sequence() {
    for seed in 0..20 {
        let mut numbers = Numbers(seed);
        let ledger = Ledger::new(Some(5000));
        let mut scopes = vec![ledger.root().clone()];
        let mut charges = Vec::new();
        let mut refused = 0;
        for step in 0..400 {
            match numbers.below(8) {
                0..=3 => {
                    let account = Account::ALL[numbers.below(12) as usize];
                    let scope = scopes[numbers.below(scopes.len() as u64) as usize].clone();
                    match ledger.reserve(&scope, account, "x", numbers.below(500) + 1) {
                        Ok(charge) => charges.push(charge),
                        Err(_) => refused += 1,
                    }
                }
                4 | 5 if !charges.is_empty() => {
                    drop(charges.swap_remove(numbers.below(charges.len() as u64) as usize));
                }
                6 => ledger.phase(["load", "prompt", "decode"][numbers.below(3) as usize]),
                7 if scopes.len() > 3 => drop(scopes.remove(1)),
                _ => scopes.push(ledger.scope(&format!("session {step}"))),
            }
            check_sums(&ledger, &charges);
        }
        assert!(refused > 0, "seed {seed} never met the budget");
        drop((scopes, charges));
        check_sums(&ledger, &[]);
        assert_eq!(ledger.snapshot().scopes.len(), 1);
    }
}

#[test]
fn phases_keep_their_own_high_water_marks() {
    let ledger = Ledger::new(None);
    let charge = |bytes| ledger.reserve(ledger.root(), Account::Weights, "w", bytes).unwrap();
    let marks = || ledger.snapshot().phases.into_iter().map(|p| (p.name, p.peak_bytes)).collect::<Vec<_>>();
    let first = charge(10);
    ledger.phase("load");
    let second = charge(90);
    drop(first);
    ledger.phase("decode");
    drop(second);
    ledger.phase("load");
    let _third = charge(20);
    let expect = [("start", 10), ("load", 100), ("decode", 90)];
    assert_eq!(marks(), expect.map(|(name, peak)| (name.to_owned(), peak)));
}

#[test]
fn retired_bytes_go_when_the_queue_has_passed() {
    let ledger = Ledger::new(None);
    let charge = |bytes| ledger.reserve(ledger.root(), Account::Other, "x", bytes).unwrap();
    let retired = || ledger.snapshot().retired_bytes;
    drop(charge(1));
    assert_eq!(retired(), 0, "no work was ever submitted");
    let first = ledger.submitted();
    drop(charge(2));
    let second = ledger.submitted();
    drop(charge(4));
    assert_eq!(retired(), 6);
    ledger.passed(first);
    assert_eq!(retired(), 4);
    ledger.passed(second);
    assert_eq!(retired(), 0);
    drop(charge(8));
    assert_eq!(retired(), 0, "the queue is idle");
    ledger.recorder_opened();
    drop(charge(16));
    assert_eq!(retired(), 16, "commands being recorded may use it");
    ledger.recorder_closed();
    charge(32).refund();
    let third = ledger.submitted();
    charge(64).refund();
    ledger.passed(third);
    assert_eq!(retired(), 0);
}

#[test]
fn one_line_and_json() {
    let ledger = Ledger::new(Some(64 << 20));
    let mib = 1 << 20;
    let charge = |account, bytes| ledger.reserve(ledger.root(), account, "x", bytes).unwrap();
    let _live = [
        charge(Account::Weights, 8 * mib),
        charge(Account::Embeddings, 4 * mib),
        charge(Account::KvCache, 2 * mib),
        charge(Account::Activations, mib),
        charge(Account::Uniforms, mib / 2),
        charge(Account::Adapters, mib),
        charge(Account::Vision, mib / 4),
    ];
    ledger.set_linear_memory(3 * mib);
    let now = ledger.snapshot();
    assert_eq!(now.to_string(), "tot=16.8 w=12.0 s=1.5 kv=2.0 lora=1.0 o=0.2");
    let json = serde_json::to_value(&now).unwrap();
    assert_eq!(json["total_bytes"], 67 * mib / 4);
    assert_eq!(json["accounts"][2]["account"], "kv_cache");
    assert_eq!(json["accounts"][2]["bytes"], 2 * mib);
    assert_eq!(json["linear_memory_bytes"], 3 * mib);
    assert_eq!(json["driver"], serde_json::Value::Null);
    for account in Account::ALL {
        assert_eq!(serde_json::to_value(account).unwrap(), account.name());
        assert_eq!(now.accounts[account.index()].account, account);
    }
}

#[test]
fn a_huge_request_does_not_wrap_around() {
    let ledger = Ledger::new(Some(100));
    let _live = ledger.reserve(ledger.root(), Account::Weights, "w", 60).unwrap();
    let refused = ledger.reserve(ledger.root(), Account::KvCache, "kv", u64::MAX).unwrap_err();
    assert_eq!(refused.code(), "OUT_OF_MEMORY");
    assert_eq!(
        refused.to_string(),
        "buffer `kv` (kv_cache) needs 18446744073709551615 bytes, 60 of the budget of 100 are in use; \
         raise the budget, shorten the context or choose a smaller model"
    );
}
