//! Counts what tests print: the output of `cargo test`, and the JSON lines of Vitest and the browser tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What was run so far. A check that is no test, such as clippy, counts as one.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    /// What failed, by name.
    pub(crate) failed: Vec<String>,
    /// What was skipped, and why.
    pub(crate) skipped: Vec<Skip>,
    /// What no set-up could have run here, as the adapter lacks what it needs. It counts as nothing.
    pub(crate) lacking: Lacking,
}

/// Tests that did not run, and how many cases of tests that did, by what was missing.
#[derive(Default)]
pub(crate) struct Lacking {
    tests: Vec<Skip>,
    cases: BTreeMap<String, usize>,
}

/// A test that could not run, with the reason it gave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Skip {
    pub(crate) name: String,
    pub(crate) reason: String,
}

impl Tally {
    pub(crate) fn check(&mut self, name: &str, result: Result<(), String>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(message) => {
                println!("{name} failed: {message}");
                self.failed.push(name.into());
            }
        }
    }

    /// The lists of what failed, what was skipped and what the adapter cannot run, then the closing line alone.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::new();
        if !self.failed.is_empty() {
            text += "\nFailed:\n";
        }
        for name in &self.failed {
            writeln!(text, "  {name}").expect("writing to a string cannot fail");
        }
        if !self.skipped.is_empty() {
            text += "\nSkipped:\n";
        }
        for Skip { name, reason } in &self.skipped {
            writeln!(text, "  {name}: {reason}").expect("writing to a string cannot fail");
        }
        if !self.lacking.tests.is_empty() || !self.lacking.cases.is_empty() {
            text += "\nNot run on this adapter, and not counted:\n";
        }
        for Skip { name, reason } in &self.lacking.tests {
            writeln!(text, "  {name}: {reason}").expect("writing to a string cannot fail");
        }
        for (reason, count) in &self.lacking.cases {
            writeln!(text, "  {count} kernel cases: {reason}").expect("writing to a string cannot fail");
        }
        let (passed, failed, skipped) = (self.passed, self.failed.len(), self.skipped.len());
        text + &format!("\n{passed} passed, {failed} failed, {skipped} skipped\n")
    }
}

/// Reads the output of `cargo test -- --show-output` line by line.
///
/// A test that lacks something prints a line `skipped: REASON` and returns; it is then counted as skipped. One that needs another
/// adapter prints `not run: REASON`, and a case of one `NAME: not run, REASON`.
#[derive(Default)]
pub(crate) struct CargoTest {
    pub(crate) tally: Tally,
    in_successes: bool,
    test: String,
    skipped_in_suite: usize,
    lacking_in_suite: usize,
}

impl CargoTest {
    /// Takes one line; true when it is worth showing (what passing tests print is not).
    pub(crate) fn line(&mut self, line: &str) -> bool {
        if let Some(reason) = line.strip_prefix("skipped: ") {
            return self.skip(reason);
        }
        if let Some(reason) = line.strip_prefix("not run: ") {
            self.lacking_in_suite += 1;
            self.tally.lacking.tests.push(Skip { name: self.test.clone(), reason: reason.into() });
        } else if let Some((_, reason)) = line.split_once(": not run, ") {
            *self.tally.lacking.cases.entry(reason.into()).or_default() += 1;
        }
        if let Some(counts) = line.strip_prefix("test result: ") {
            return self.suite(counts);
        }
        match line {
            "successes:" => self.in_successes = true,
            "failures:" => self.in_successes = false,
            _ => {}
        }
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            self.test = name.into();
        }
        if let Some((name, outcome)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... ")) {
            return self.outcome(name, outcome);
        }
        !self.in_successes && !line.is_empty() && line != "running 0 tests"
    }

    fn skip(&mut self, reason: &str) -> bool {
        // A test may name several things it lacks; it is still one test.
        if self.tally.skipped.last().is_none_or(|last| last.name != self.test || self.skipped_in_suite == 0) {
            self.skipped_in_suite += 1;
            self.tally.skipped.push(Skip { name: self.test.clone(), reason: reason.into() });
        }
        true
    }

    fn outcome(&mut self, name: &str, outcome: &str) -> bool {
        if outcome.starts_with("FAILED") {
            self.tally.failed.push(name.into());
        } else if let Some(rest) = outcome.strip_prefix("ignored") {
            let reason = rest.strip_prefix(", ").unwrap_or("marked `#[ignore]`");
            self.tally.skipped.push(Skip { name: name.into(), reason: reason.into() });
        }
        outcome != "ok"
    }

    fn suite(&mut self, counts: &str) -> bool {
        let passed = counts.split([' ', ';']).zip(counts.split([' ', ';']).skip(1));
        let passed =
            passed.filter(|(_, word)| *word == "passed").find_map(|(number, _)| number.parse::<usize>().ok());
        let passed = passed.unwrap_or(0);
        self.tally.passed += passed.saturating_sub(self.skipped_in_suite + self.lacking_in_suite);
        (self.skipped_in_suite, self.lacking_in_suite) = (0, 0);
        self.in_successes = false;
        self.test.clear();
        passed > 0 || !counts.starts_with("ok")
    }
}

/// Counts one line of a suite in JavaScript: `{"name", "ok", "skipped", "message"}`, and perhaps `"seconds"`.
pub(crate) fn json_line(tally: &mut Tally, suite: &str, line: &str) -> Result<(), String> {
    let result: serde_json::Value =
        serde_json::from_str(line).map_err(|error| format!("the {suite} tests printed `{line}`: {error}"))?;
    let name = result["name"].as_str().ok_or_else(|| format!("a {suite} test without a name: `{line}`"))?;
    let name = format!("{suite} {name}");
    let message = result["message"].as_str().unwrap_or_default();
    match (result["skipped"] == true, result["ok"] == true) {
        (true, _) => {
            println!("skipped {name}: {message}");
            tally.skipped.push(Skip { name, reason: message.into() });
        }
        (false, true) => {
            match result["seconds"].as_f64() {
                Some(seconds) => println!("ok      {name} ({seconds:.0} s)"),
                None => println!("ok      {name}"),
            }
            tally.passed += 1;
        }
        (false, false) => {
            println!("FAILED  {name}\n{message}");
            tally.failed.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
running 6 tests
test a ... ok
test b ... FAILED
test c - should panic ... ok
test d ... ignored, needs a printer
test e ... ok
test f ... ok

successes:

---- f stdout ----
not run: this adapter has no matrices

---- e stdout ----
skipped: no adapter
skipped: and no file
---- a stdout ----
something that a passing test prints
product q4: not run, this adapter has no matrices
product q8: not run, this adapter has no matrices

successes:
    a
    e
    f

failures:

---- b stdout ----
thread 'b' panicked

failures:
    b

test result: FAILED. 4 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn counts_cargo_test_output() {
        let mut output = CargoTest::default();
        let shown: Vec<&str> = OUTPUT.lines().filter(|line| output.line(line)).collect();
        assert_eq!(output.tally.passed, 2);
        assert_eq!(output.tally.failed, ["b"]);
        let skips: Vec<_> =
            output.tally.skipped.iter().map(|s| (s.name.as_str(), s.reason.as_str())).collect();
        assert_eq!(skips, [("d", "needs a printer"), ("e", "no adapter")]);
        let summary = output.tally.summary();
        let lacking = "  f: this adapter has no matrices\n  2 kernel cases: this adapter has no matrices\n";
        assert!(
            summary.contains(lacking) && summary.ends_with("\n2 passed, 1 failed, 2 skipped\n"),
            "{summary}"
        );
        assert!(shown.contains(&"thread 'b' panicked"));
        assert!(!shown.contains(&"something that a passing test prints"));
    }

    #[test]
    fn the_same_test_name_in_two_suites_is_skipped_twice() {
        let suite = "successes:\n---- t stdout ----\nskipped: x\ntest result: ok. 1 passed; 0 failed\n";
        let mut output = CargoTest::default();
        for line in suite.repeat(2).lines() {
            output.line(line);
        }
        assert_eq!((output.tally.passed, output.tally.skipped.len()), (0, 2));
    }

    #[test]
    fn counts_json_lines() {
        let mut tally = Tally::default();
        for line in [
            r#"{"name":"a","ok":true,"skipped":false,"message":""}"#,
            r#"{"name":"b","ok":false,"skipped":false,"message":"boom"}"#,
            r#"{"name":"c","ok":false,"skipped":true,"message":"no file"}"#,
        ] {
            json_line(&mut tally, "browser", line).unwrap();
        }
        assert_eq!((tally.passed, tally.failed.len(), tally.skipped.len()), (1, 1, 1));
        assert!(json_line(&mut tally, "browser", "not JSON").is_err());
        assert!(tally.summary().ends_with("\n1 passed, 1 failed, 1 skipped\n"), "{}", tally.summary());
    }
}
