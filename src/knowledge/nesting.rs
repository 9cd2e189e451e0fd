//! How deep and how long a question in SPARQL is, told apart from its text: what parses and answers it calls itself once for each
//! level, and would run out of stack.

use super::KnowledgeError;

/// Brackets within brackets, and signs before signs.
const MAX_DEPTH: usize = 100;

/// Operators, patterns and alternatives, each of which is one level more for whoever answers the question.
const MAX_STEPS: usize = 1000;

/// Words that join two parts of a question.
const JOINING: [&str; 6] = ["UNION", "OPTIONAL", "MINUS", "FILTER", "BIND", "GRAPH"];

/// Refuses a question that is nested too deeply or goes on for too long.
///
/// # Errors
/// [`KnowledgeError::Sparql`] with the line.
pub(super) fn check(name: &str, sparql: &str) -> Result<(), KnowledgeError> {
    let mut reader = Reader { rest: sparql, line: 1, depth: 0, prefixed: 0, steps: 0 };
    while let Some(first) = reader.rest.chars().next() {
        reader.take(first);
        let problem = if reader.depth + reader.prefixed > MAX_DEPTH {
            format!("more than {MAX_DEPTH} brackets or signs within one another")
        } else if reader.steps > MAX_STEPS {
            format!("more than {MAX_STEPS} patterns and operators")
        } else {
            continue;
        };
        let message = format!("line {}: {problem}; ask for less at once", reader.line);
        return Err(KnowledgeError::Sparql { name: name.to_owned(), message });
    }
    Ok(())
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    depth: usize,
    /// Signs in a row, such as `!!!`.
    prefixed: usize,
    steps: usize,
}

impl Reader<'_> {
    /// Reads what begins with this character.
    fn take(&mut self, first: char) {
        let length = match first {
            '#' => self.rest.find(['\n', '\r']).unwrap_or(self.rest.len()),
            '"' | '\'' => quoted(self.rest, first),
            '<' => iri(self.rest).unwrap_or(1),
            '\\' => 1 + self.rest[1..].chars().next().map_or(0, char::len_utf8),
            _ if is_of_name(first) => self.rest.find(|letter| !is_of_name(letter)).unwrap_or(self.rest.len()),
            _ => first.len_utf8(),
        };
        let (token, rest) = self.rest.split_at(length);
        self.count(first, token, rest);
        self.line += token.bytes().filter(|&byte| byte == b'\n').count();
        self.rest = rest;
    }

    fn count(&mut self, first: char, token: &str, rest: &str) {
        match first {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            '!' | '^' | '-' | '+' => {
                self.prefixed += 1;
                self.steps += 1;
                return;
            }
            '|' | '&' | '*' | '/' | ';' => self.steps += 1,
            '.' if !rest.starts_with(|next: char| next.is_ascii_digit()) => self.steps += 1,
            _ if JOINING.iter().any(|word| token.eq_ignore_ascii_case(word)) => self.steps += 1,
            _ if first.is_whitespace() || first == '#' => return,
            _ => {}
        }
        self.prefixed = 0;
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Length of a text in quotes, three at each end or one.
fn quoted(text: &str, quote: char) -> usize {
    let long: String = [quote; 3].iter().collect();
    let (end, start) = if text.starts_with(&long) { (long.as_str(), 3) } else { (&long[..1], 1) };
    let mut at = start;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(end) {
            return at + end.len();
        }
        let mut letters = rest.chars();
        let escaped = letters.next().filter(|&letter| letter == '\\').and_then(|_| letters.next());
        let letter = rest.chars().next().map_or(1, char::len_utf8);
        if start == 1 && rest.starts_with(['\n', '\r']) {
            return at;
        }
        at += letter + escaped.map_or(0, char::len_utf8);
    }
    text.len()
}

/// Length of an IRI in angle brackets; `None` for the sign *less than*.
fn iri(text: &str) -> Option<usize> {
    let ends = |letter: char| letter <= ' ' || "<>\"{}|^`\\".contains(letter);
    let length = 1 + text[1..].find(ends)?;
    text[length..].starts_with('>').then_some(length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(sparql: &str) -> Option<String> {
        check("the query", sparql).err().map(|error| error.to_string())
    }

    #[test]
    fn brackets_and_signs_are_counted_where_they_nest() {
        for (open, close) in [("(", ")"), ("{", "}"), ("[", "]"), ("!", ""), ("! ", ""), ("-", ""), ("(!", ")")] {
            let nested = |levels: usize| format!("ASK {{\n{}?x{}}}", open.repeat(levels), close.repeat(levels));
            assert_eq!(refused(&nested(40)), None, "{open}");
            let message = refused(&nested(4000)).expect(open);
            assert!(message.contains("line 2: more than 100 brackets or signs within one another"), "{message}");
        }
    }

    #[test]
    fn brackets_side_by_side_or_in_texts_iris_and_comments_are_none() {
        let brackets = "(".repeat(5000);
        for text in [
            format!("ASK {{ ?x ?y \"{brackets}\" }}"),
            format!("ASK {{ ?x ?y '''{brackets}' ''' }}"),
            format!("ASK {{ ?x ?y 'it\\'s {brackets}' }}"),
            format!("ASK {{ ?x <http://x/{brackets}> 1 }}"),
            format!("# {brackets}\nASK {{}}"),
            format!("ASK {{ VALUES (?x) {{ {} }} }}", "(1)".repeat(5000)),
            "ASK { FILTER(?a < 1 && ?b > 2) }".to_owned(),
        ] {
            assert_eq!(refused(&text), None, "{}", &text[..40]);
        }
    }

    #[test]
    fn a_question_without_end_is_refused() {
        for step in ["|| ?x ", "UNION {?a ?b ?c} ", "?a ?b ?c . ", "OPTIONAL {?a ?b ?c} ", "/ <p> "] {
            let message = refused(&format!("ASK {{ {} }}", step.repeat(20_000))).expect(step);
            assert!(message.contains("patterns and operators"), "{message}");
        }
    }

    #[test]
    fn what_is_no_sparql_at_all_is_read_to_its_end() {
        for text in ["\"", "'''", "<", "\\", "é\\é", "'a\nb", "<a b>", ")))", ""] {
            assert_eq!(refused(text), None, "{text}");
        }
    }
}
