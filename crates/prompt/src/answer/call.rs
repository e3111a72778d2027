//! The notation of a tool call: `call:NAME{key:VALUE,..}` with strings between `<|"|>`.

use serde_json::{Map, Number, Value};

/// Deepest nesting of objects and lists in the arguments; the model's output is not to be trusted with the stack.
const DEPTH_MAX: usize = 64;
/// Characters of the text around a fault that its message shows.
const SHOWN_CHARS_MAX: usize = 24;

/// What stands between the tags of a call. Quotes are kept apart from the text, so that a string may hold anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    text: String,
    quotes: Vec<usize>, // positions in `text`, ascending
}

impl Body {
    pub(super) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn quote(&mut self) {
        self.quotes.push(self.text.len());
    }

    pub(super) fn in_quotes(&self) -> bool {
        self.quotes.len() % 2 == 1
    }

    pub(super) fn bytes(&self) -> usize {
        self.text.len() + size_of::<usize>() * self.quotes.len()
    }

    /// The text as the model wrote it.
    pub(super) fn raw(&self) -> String {
        let mut raw = String::with_capacity(self.text.len() + 5 * self.quotes.len());
        let mut start = 0;
        for &quote in &self.quotes {
            raw.push_str(&self.text[start..quote]);
            raw.push_str("<|\"|>");
            start = quote;
        }
        raw + &self.text[start..]
    }
}

/// Name and arguments of a call, or what is wrong with it.
pub(super) fn parse_call(body: &Body) -> Result<(String, Map<String, Value>), String> {
    let mut reader = Reader { text: &body.text, quotes: &body.quotes, at: 0 };
    reader.skip_space();
    for expected in "call:".chars() {
        reader.expect(expected)?;
    }
    let name = reader.bare(|c| c == '{').trim();
    if name.is_empty() {
        return Err(reader.fault("a function name"));
    }
    reader.expect('{')?;
    let arguments = reader.object(DEPTH_MAX)?;
    reader.skip_space();
    match reader.next() {
        Next::End => Ok((name.to_string(), arguments)),
        _ => Err(reader.fault("the end of the call")),
    }
}

/// What stands at the reader's position.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Quote,
    Character(char),
    End,
}

struct Reader<'a> {
    text: &'a str,
    quotes: &'a [usize], // those not yet read
    at: usize,
}

impl<'a> Reader<'a> {
    fn next(&self) -> Next {
        if self.quotes.first() == Some(&self.at) {
            return Next::Quote;
        }
        self.text[self.at..].chars().next().map_or(Next::End, Next::Character)
    }

    fn fault(&self, expected: &str) -> String {
        let found = match self.next() {
            Next::Quote => "<|\"|>".to_string(),
            Next::End => "the end".to_string(),
            Next::Character(_) => {
                let shown: String = self.text[self.at..].chars().take(SHOWN_CHARS_MAX).collect();
                format!("`{shown}`")
            }
        };
        format!("expected {expected} at byte {} of {}, found {found}", self.at, self.text.len())
    }

    fn skip_space(&mut self) {
        while let Next::Character(c) = self.next()
            && c.is_whitespace()
        {
            self.at += c.len_utf8();
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.next() == Next::Character(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) { Ok(()) } else { Err(self.fault(&format!("`{wanted}`"))) }
    }

    /// Everything before a quote or a character that ends it.
    fn bare(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let start = self.at;
        while let Next::Character(c) = self.next()
            && !ends(c)
        {
            self.at += c.len_utf8();
        }
        &self.text[start..self.at]
    }

    /// Everything between this quote and the next.
    fn quoted(&mut self) -> Result<&'a str, String> {
        match *self.quotes {
            [open, close, ref rest @ ..] => {
                self.quotes = rest;
                self.at = close;
                Ok(&self.text[open..close])
            }
            _ => Err(format!("the string at byte {} of {} has no end", self.at, self.text.len())),
        }
    }

    /// A string as JSON writes it; models trained on JSON fall back to it.
    fn json_string(&mut self) -> Result<String, String> {
        let start = self.at;
        self.at += 1;
        loop {
            self.bare(|c| c == '"' || c == '\\');
            match self.next() {
                Next::Character('"') => break,
                Next::Character(_) => {
                    self.at += 1;
                    if let Next::Character(escaped) = self.next() {
                        self.at += escaped.len_utf8();
                    }
                }
                _ => return Err(self.fault("`\"`")),
            }
        }
        self.at += 1;
        serde_json::from_str(&self.text[start..self.at]).map_err(|error| format!("a string: {error}"))
    }

    fn key(&mut self) -> Result<String, String> {
        match self.next() {
            Next::Quote => self.quoted().map(str::to_string),
            Next::Character('"') => self.json_string(),
            _ => match self.bare(|c| ":,{}[]".contains(c)).trim() {
                "" => Err(self.fault("a key")),
                key => Ok(key.to_string()),
            },
        }
    }

    /// The fields after `{`, with the closing `}`.
    fn object(&mut self, depth: usize) -> Result<Map<String, Value>, String> {
        let mut fields = Map::new();
        self.skip_space();
        if self.take('}') {
            return Ok(fields);
        }
        loop {
            self.skip_space();
            let key = self.key()?;
            self.skip_space();
            self.expect(':')?;
            let value = self.value(depth)?;
            fields.insert(key, value);
            self.skip_space();
            if self.take('}') {
                return Ok(fields);
            }
            if !self.take(',') {
                return Err(self.fault("`,` or `}`"));
            }
        }
    }

    /// The items after `[`, with the closing `]`.
    fn list(&mut self, depth: usize) -> Result<Vec<Value>, String> {
        let mut items = Vec::new();
        self.skip_space();
        if self.take(']') {
            return Ok(items);
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_space();
            if self.take(']') {
                return Ok(items);
            }
            if !self.take(',') {
                return Err(self.fault("`,` or `]`"));
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        self.skip_space();
        if matches!(self.next(), Next::Character('{' | '[')) && depth == 0 {
            return Err(self.fault(&format!("at most {DEPTH_MAX} levels of nesting")));
        }
        match self.next() {
            Next::Quote => self.quoted().map(Value::from),
            Next::Character('"') => self.json_string().map(Value::String),
            Next::Character('{') => {
                self.at += 1;
                self.object(depth - 1).map(Value::Object)
            }
            Next::Character('[') => {
                self.at += 1;
                self.list(depth - 1).map(Value::Array)
            }
            _ => {
                let start = self.at;
                let word = self.bare(|c| ",:{}[]".contains(c) || c.is_whitespace());
                let value = match word {
                    "null" => Some(Value::Null),
                    "true" => Some(Value::Bool(true)),
                    "false" => Some(Value::Bool(false)),
                    number => serde_json::from_str::<Number>(number).ok().map(Value::Number),
                };
                value.ok_or_else(|| {
                    self.at = start;
                    self.fault("a value (strings stand between <|\"|>)")
                })
            }
        }
    }
}
