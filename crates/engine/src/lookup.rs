//! What comes next, guessed from what was said before: prompt look-up (Saxena 2023), for text that repeats itself, such as a file
//! written again with a change in it.

use std::collections::HashMap;

/// Tokens by which places are found.
const KEY: usize = AGREEING_MIN - 1;
/// Tokens that must agree before what followed them is a guess. A guess costs as much as several tokens if it is wrong: with 10,
/// prose that is not copied is guessed three times in a thousand tokens.
const AGREEING_MIN: usize = 10;

/// Where runs of [`KEY`] tokens ended last.
#[derive(Default)]
pub(crate) struct Lookup {
    ends: HashMap<[u32; KEY], usize>,
    /// Ends up to this one are in the map.
    noted: usize,
}

/// An earlier place that looks like the end of a sequence.
pub(crate) struct Place {
    /// Where what follows begins.
    end: usize,
    /// Tokens before it that agree, as far as anybody asks.
    agreeing: usize,
}

impl Lookup {
    /// The last place that looks like the end of `sequence`, which begins like that of the last call.
    pub(crate) fn find(&mut self, sequence: &[u32], most: usize) -> Option<Place> {
        let here = sequence.len();
        let key = |end: usize| -> Option<[u32; KEY]> { sequence[end.checked_sub(KEY)?..end].try_into().ok() };
        for end in self.noted + 1..here {
            if let Some(key) = key(end) {
                self.ends.insert(key, end);
            }
        }
        self.noted = self.noted.max(here.saturating_sub(1));
        let &end = self.ends.get(&key(here)?)?;
        let before = sequence[..end].iter().rev().zip(sequence.iter().rev());
        let agreeing = before.take(most.max(AGREEING_MIN)).take_while(|(there, here)| there == here).count();
        Some(Place { end, agreeing })
    }
}

impl Place {
    /// What may follow `sequence`: as many tokens as agreed before, so that a long copy is made in few steps and a short likeness
    /// costs little. Where the sequence ends, what was guessed goes on, as it does in text that repeats itself.
    pub(crate) fn guess(&self, sequence: &[u32], most: usize) -> Vec<u32> {
        if self.agreeing < AGREEING_MIN {
            return Vec::new();
        }
        let mut guess: Vec<u32> = Vec::new();
        for at in self.end..self.end + self.agreeing.min(most) {
            guess.push(sequence.get(at).copied().unwrap_or_else(|| guess[at - sequence.len()]));
        }
        guess
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [u32; 0] = [];

    fn guess(sequence: &[u32], most: usize) -> Vec<u32> {
        let place = Lookup::default().find(sequence, most);
        place.map(|place| place.guess(sequence, most)).unwrap_or_default()
    }

    #[test]
    fn what_followed_the_last_likeness_is_guessed_as_far_as_it_agreed() {
        let text: Vec<u32> = (0..100).collect();
        let with = |again: &[u32]| [&text, again].concat();
        assert_eq!(guess(&with(&text[20..29]), 63), NONE);
        assert_eq!(guess(&with(&text[20..30]), 63), text[30..40]);
        assert_eq!(guess(&with(&text[20..50]), 63), text[50..80]);
        assert_eq!(guess(&with(&text[20..50]), 7), text[50..57]);
        assert_eq!(guess(&with(&text[20..50]), 0), NONE);
        // The end of the text follows its own beginning.
        assert_eq!(guess(&with(&text[..95]), 63), [&text[95..], &text[..58]].concat());
        // Of two places, the later one.
        let twice = [&text[..20], &[7, 8], &text[5..20], &[9, 9], &text[8..20]].concat();
        assert_eq!(guess(&twice, 3), [9, 9, 8]);
    }

    #[test]
    fn what_repeats_itself_goes_on() {
        let pattern: Vec<u32> = [1, 2, 3].repeat(8);
        assert_eq!(guess(&pattern, 7), [1, 2, 3, 1, 2, 3, 1]);
        assert_eq!(guess(&[5; 11], 4), [5; 4]);
        assert_eq!(guess(&[5; 10], 4), NONE, "nine agree");
        assert_eq!(guess(&[5; 3], 4), NONE);
        assert_eq!(guess(&[], 4), NONE);
    }

    #[test]
    fn a_sequence_that_grows_is_looked_up_as_one_that_is_whole() {
        let text: Vec<u32> = (0..400).map(|i| i * i % 23 % 11).collect();
        let mut growing = Lookup::default();
        for len in 0..text.len() {
            let place = growing.find(&text[..len], 20);
            let got = place.map(|place| place.guess(&text[..len], 20)).unwrap_or_default();
            assert_eq!(got, guess(&text[..len], 20), "{len} tokens");
        }
    }
    /// Texts as tokens: words, white space, and every other character by itself.
    fn tokens<const N: usize>(texts: [&str; N]) -> [Vec<u32>; N] {
        let mut ids = HashMap::new();
        let kind = |c: char| (c.is_alphanumeric(), c.is_whitespace());
        texts.map(|text| {
            let characters: Vec<char> = text.chars().collect();
            let runs = characters.chunk_by(|&a, &b| kind(a) == kind(b) && kind(a) != (false, false));
            let id = |run: &[char]| {
                let new = ids.len() as u32;
                *ids.entry(run.to_vec()).or_insert(new)
            };
            runs.map(id).collect()
        })
    }

    /// Steps without a guess and steps with one that an answer takes, and guesses that were wrong.
    fn steps(prompt: &[u32], answer: &[u32], most: usize) -> [usize; 3] {
        let (mut lookup, mut sequence) = (Lookup::default(), prompt.to_vec());
        let [mut plain, mut guessed, mut wrong] = [0; 3];
        let mut left = answer;
        while !left.is_empty() {
            let place = lookup.find(&sequence, most);
            let guess = place.map(|place| place.guess(&sequence, most)).unwrap_or_default();
            let right = guess.iter().zip(left).take_while(|(guess, said)| guess == said).count();
            *if guess.is_empty() { &mut plain } else { &mut guessed } += 1;
            wrong += guess.len() - right;
            // What follows the guesses comes with them.
            let (said, rest) = left.split_at(left.len().min(right + 1));
            sequence.extend(said);
            left = rest;
        }
        [plain, guessed, wrong]
    }

    /// What the number of tokens that must agree was chosen for.
    #[test]
    fn a_file_with_changes_takes_few_steps_and_another_file_no_guesses() {
        let file = include_str!("generate.rs");
        let changed = file.replace("Stage::", "State::").replace("events.", "said.");
        let [file, changed, other] = tokens([file, &changed, include_str!("tiers.rs")]);
        let [plain, guessed, _] = steps(&file, &changed, 63);
        assert!(20 * (plain + guessed) < changed.len(), "{plain} + {guessed} of {}", changed.len());
        let [plain, guessed, wrong] = steps(&file, &other, 63);
        // With a step of guesses five times as long as another one, no more than was won is lost.
        assert!(plain + 5 * guessed <= other.len(), "{plain} + {guessed} of {}, {wrong} wrong", other.len());
    }
}
