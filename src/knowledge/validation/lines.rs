//! In which line of a Turtle or N-Quads text a resource is described.
//!
//! The text was parsed before and is sound: what is read here is only where its terms stand.

use std::collections::{HashMap, HashSet};

use crate::knowledge::{RdfSyntax, vocab};

/// Where one statement stands: predicate, object as IRI or text, line.
type Place = (String, String, usize);

/// Lines of the statements about some resources.
#[derive(Debug, Default)]
pub(super) struct Lines {
    places: HashMap<String, Vec<Place>>,
}

impl Lines {
    /// Reads where the wanted subjects, by IRI, are described; nothing for a syntax without lines.
    pub(super) fn of(content: &[u8], syntax: RdfSyntax, wanted: &HashSet<&str>) -> Self {
        let mut lines = Self::default();
        if matches!(syntax, RdfSyntax::Turtle | RdfSyntax::NQuads | RdfSyntax::TriG) {
            Reader::new(&String::from_utf8_lossy(content)).read(&mut |subject, predicate, object, line| {
                if wanted.contains(subject) {
                    let place = (predicate.to_owned(), object.to_owned(), line);
                    lines.places.entry(subject.to_owned()).or_default().push(place);
                }
            });
        }
        lines
    }

    /// The line of a statement, or else of another one by the same predicate, or else the first about the resource.
    pub(super) fn find(&self, subject: &str, predicate: Option<&str>, value: Option<&str>) -> Option<usize> {
        let places = self.places.get(subject)?;
        let by = |(own, _, _): &&Place| predicate.is_none_or(|predicate| own == predicate);
        let exact = |(_, object, _): &&Place| value.is_some_and(|value| object == value);
        let mut found = places.iter().filter(by);
        found.clone().find(exact).or_else(|| found.next()).or_else(|| places.first()).map(|&(_, _, line)| line)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// An IRI, or a text.
    Term(String),
    /// `a`, `@prefix`, a number, a truth value.
    Word(String),
    Mark(char),
}

/// What comes next in a statement.
enum Next {
    Subject,
    Predicate,
    Object,
    End,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    prefixes: HashMap<String, String>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { text, at: 0, line: 1, prefixes: HashMap::new() }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip(&mut self, bytes: usize) -> &'a str {
        let skipped = &self.rest()[..bytes];
        self.line += skipped.bytes().filter(|&byte| byte == b'\n').count();
        self.at += bytes;
        skipped
    }

    fn skip_until(&mut self, end: impl Fn(char) -> bool) -> &'a str {
        let length = self.rest().find(end).unwrap_or(self.rest().len());
        self.skip(length)
    }

    fn skip_blanks(&mut self) {
        loop {
            self.skip_until(|letter| !letter.is_whitespace());
            if !self.rest().starts_with('#') {
                return;
            }
            self.skip_until(|letter| letter == '\n');
        }
    }

    /// The next token and the line in which it begins.
    fn token(&mut self) -> Option<(Token, usize)> {
        self.skip_blanks();
        let line = self.line;
        let first = self.rest().chars().next()?;
        let token = match first {
            '<' => {
                self.skip(1);
                let iri = self.skip_until(|letter| letter == '>');
                self.skip(self.rest().len().min(1));
                Token::Term(unescaped(iri))
            }
            '"' | '\'' => Token::Term(self.literal(first)),
            ';' | ',' | '.' | '[' | ']' | '(' | ')' | '{' | '}' => {
                self.skip(1);
                Token::Mark(first)
            }
            _ => self.word(),
        };
        Some((token, line))
    }

    fn literal(&mut self, quote: char) -> String {
        let long: String = std::iter::repeat_n(quote, 3).collect();
        let end = if self.rest().starts_with(&long) { long.as_str() } else { &long[..1] };
        self.skip(end.len());
        let start = self.at;
        while !self.rest().is_empty() && !self.rest().starts_with(end) {
            let escaped = self.rest().starts_with('\\');
            let length: usize = self.rest().chars().take(1 + usize::from(escaped)).map(char::len_utf8).sum();
            self.skip(length);
        }
        // A long text may end in quotation marks of its own.
        while end.len() == 3 && self.rest().len() > 3 && self.rest()[1..].starts_with(end) {
            self.skip(1);
        }
        let text = unescaped(&self.text[start..self.at]);
        self.skip(end.len().min(self.rest().len()));
        if self.rest().starts_with("^^") {
            self.skip(2);
            self.token();
        } else if self.rest().starts_with('@') {
            self.skip_until(|letter| letter.is_whitespace() || ";,.])}".contains(letter));
        }
        text
    }

    fn word(&mut self) -> Token {
        let start = self.at;
        loop {
            self.skip_until(|letter| letter.is_whitespace() || ";,.[](){}<\"'\\#".contains(letter));
            let mut after = self.rest().chars();
            let (mark, next) = (after.next(), after.next());
            let goes_on = match mark {
                // A full stop inside a name or a number belongs to it.
                Some('.') => next.is_some_and(|next| !next.is_whitespace() && !";,[](){}<\"'#".contains(next)),
                Some('\\') => next.is_some(),
                Some('#') => self.at > start,
                _ => false,
            };
            if !goes_on {
                break;
            }
            let length = if mark == Some('\\') { 1 + next.map_or(0, char::len_utf8) } else { 1 };
            self.skip(length);
        }
        if self.at == start {
            // Nothing begins so in a sound text; going on is all that matters.
            let length = self.rest().chars().next().map_or(0, char::len_utf8);
            self.skip(length);
        }
        let word = &self.text[start..self.at];
        match word.split_once(':') {
            Some(("_", _)) => Token::Term(word.to_owned()),
            Some((prefix, local)) => match self.prefixes.get(prefix) {
                Some(namespace) => Token::Term(format!("{namespace}{}", local.replace('\\', ""))),
                None => Token::Word(word.to_owned()),
            },
            None => Token::Word(word.to_owned()),
        }
    }

    fn read(&mut self, tell: &mut dyn FnMut(&str, &str, &str, usize)) {
        let (mut subject, mut predicate) = (String::new(), String::new());
        let (mut next, mut depth) = (Next::Subject, 0_usize);
        while let Some((token, line)) = self.token() {
            match (&next, &token) {
                (_, Token::Mark('[' | '(')) => {
                    if depth == 0 {
                        next = self.after_bracket(&next, &mut subject, &predicate, line, tell);
                    }
                    depth += 1;
                }
                (_, Token::Mark(']' | ')')) => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                (_, Token::Mark('.' | '{' | '}')) => next = Next::Subject,
                (_, Token::Mark(';')) => next = Next::Predicate,
                (_, Token::Mark(_)) => next = Next::Object,
                (Next::Subject, Token::Word(word)) => self.directive(word),
                (Next::Subject, Token::Term(term)) => {
                    subject.clone_from(term);
                    next = Next::Predicate;
                }
                (Next::Predicate, Token::Term(term)) => {
                    predicate.clone_from(term);
                    next = Next::Object;
                }
                (Next::Predicate, Token::Word(_)) => {
                    vocab::RDF_TYPE.clone_into(&mut predicate);
                    next = Next::Object;
                }
                (Next::Object, Token::Term(object) | Token::Word(object)) => {
                    tell(&subject, &predicate, object, line);
                    next = Next::End;
                }
                // The graph of a quad.
                (Next::End, _) => {}
            }
        }
    }

    /// A node without a name takes the place of a subject or an object.
    fn after_bracket(
        &self,
        next: &Next,
        subject: &mut String,
        predicate: &str,
        line: usize,
        tell: &mut dyn FnMut(&str, &str, &str, usize),
    ) -> Next {
        if matches!(next, Next::Subject) {
            subject.clear();
            return Next::Predicate;
        }
        tell(subject, predicate, "", line);
        Next::End
    }

    /// `@prefix p: <iri>` or `PREFIX p: <iri>`; the base is not followed.
    fn directive(&mut self, word: &str) {
        let word = word.trim_start_matches('@').to_ascii_lowercase();
        if word == "prefix" {
            self.skip_blanks();
            let name = self.skip_until(|letter| letter == ':').trim().to_owned();
            self.skip(self.rest().len().min(1));
            if let Some((Token::Term(iri), _)) = self.token() {
                self.prefixes.insert(name, iri);
            }
        } else if word == "base" {
            self.token();
        }
    }
}

/// The text that escapes stand for.
fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, false) => plain.push(letter),
            _ => match letters.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some('t') => plain.push('\t'),
                Some('b') => plain.push('\u{8}'),
                Some('f') => plain.push('\u{c}'),
                Some(kind @ ('u' | 'U')) => {
                    let digits: String = letters.by_ref().take(if kind == 'u' { 4 } else { 8 }).collect();
                    plain.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
                }
                Some(other) => plain.push(other),
                None => {}
            },
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_in_their_lines() {
        let text = "# a comment with \"quotes\" and a :colon .\n@prefix e: <urn:e:> .\nPREFIX f: <urn:f#>\n\
            e:a a e:Gene ;\n    e:label \"\"\"one\n two \\\" \"\"\" , 'x'@en ;\n    e:count 1.5 ; e:b [ e:c e:d ] .\n\
            f:x.y e:p \"1\"^^e:int, true .\n<urn:e:a> e:late e:\\,odd .\n";
        let wanted = HashSet::from(["urn:e:a", "urn:f#x.y"]);
        let lines = Lines::of(text.as_bytes(), RdfSyntax::Turtle, &wanted);
        let find = |subject, predicate, value| lines.find(subject, Some(predicate), value);
        assert_eq!(lines.find("urn:e:a", None, None), Some(4));
        assert_eq!(find("urn:e:a", "urn:e:label", Some("x")), Some(6));
        assert_eq!(find("urn:e:a", "urn:e:label", Some("one\n two \" ")), Some(5));
        assert_eq!(find("urn:e:a", "urn:e:count", Some("1.5")), Some(7));
        assert_eq!(find("urn:e:a", "urn:e:b", None), Some(7));
        assert_eq!(find("urn:f#x.y", "urn:e:p", Some("true")), Some(8));
        assert_eq!(find("urn:e:a", "urn:e:late", Some("urn:e:,odd")), Some(9));
        assert_eq!(lines.find("urn:e:d", None, None), None);
    }

    #[test]
    fn any_text_comes_to_an_end() {
        for text in
            ["\"", "'''", "<", "a:b", "\\", "[[[", "\u{1F9EC}\\", "@prefix", "@prefix a:", "#", "\"\\", "::", "}{"]
        {
            Lines::of(text.as_bytes(), RdfSyntax::TriG, &HashSet::new());
        }
    }
}
