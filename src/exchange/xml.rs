//! XML: a small tree of elements read by quick-xml, and text escaped for it.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{ExchangeError, Part, at_line, text};

/// Elements within one another; no model of biology needs more.
const MAX_DEPTH: usize = 200;

/// An element by its name without prefix.
#[derive(Clone, Debug, Default)]
pub(super) struct Element {
    pub name: String,
    /// Names without prefix, and values.
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// All text directly in it.
    pub text: String,
    pub line: usize,
}

impl Element {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Children of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first child of this name.
    pub(super) fn first(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads a document into its root.
///
/// # Errors
/// [`ExchangeError::Line`] for what is not a XML, and for elements more than 200 levels deep.
pub(super) fn parse(part: Part<'_>) -> Result<Element, ExchangeError> {
    let content = text(part)?;
    let mut reader = Reader::from_str(content);
    let mut lines = Lines { content, line: 1, at: 0 };
    let mut open: Vec<Element> = Vec::new();
    loop {
        let line = lines.at(reader.buffer_position());
        let broken = |error: &dyn std::fmt::Display| at_line(part, line, format!("this is not sound XML ({error})"));
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err(at_line(part, line, format!("more than {MAX_DEPTH} elements within one another")));
                }
                open.push(element(&start, line).map_err(|error| broken(&error))?);
            }
            Event::Empty(start) => {
                let element = element(&start, line).map_err(|error| broken(&error))?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => return Ok(element),
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else { return Err(broken(&"an element is closed that is not open")) };
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => return Ok(element),
                }
            }
            Event::Text(text) => {
                if let Some(parent) = open.last_mut() {
                    parent.text.push_str(&text.unescape().map_err(|error| broken(&error))?);
                }
            }
            Event::CData(data) => {
                if let Some(parent) = open.last_mut() {
                    parent.text.push_str(&data.decode().map_err(|error| broken(&error))?);
                }
            }
            Event::Eof => return Err(broken(&"it ends before its root element does")),
            _ => {}
        }
    }
}

fn element(start: &BytesStart<'_>, line: usize) -> Result<Element, quick_xml::Error> {
    let local = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute?;
        attributes.push((local(attribute.key.local_name().as_ref()), attribute.unescape_value()?.into_owned()));
    }
    let name = local(start.local_name().as_ref());
    Ok(Element { name, attributes, line, ..Element::default() })
}

/// Tells the line of a place in a text that is read from front to end.
struct Lines<'a> {
    content: &'a str,
    line: usize,
    at: usize,
}

impl Lines<'_> {
    fn at(&mut self, place: u64) -> usize {
        let place = usize::try_from(place).unwrap_or(usize::MAX).min(self.content.len());
        if place > self.at {
            let passed = &self.content.as_bytes()[self.at..place];
            self.line += passed.iter().filter(|&&byte| byte == b'\n').count();
            self.at = place;
        }
        self.line
    }
}

/// Escaped for text and attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Why XML cannot hold a text, if it cannot.
pub(super) fn unfit(text: &str) -> Option<&'static str> {
    let is_unfit = |letter: char| matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    text.contains(is_unfit).then_some("XML has no such control characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(content: &str) -> Result<Element, String> {
        parse(Part { name: "m.xml", content: content.as_bytes() }).map_err(|error| error.to_string())
    }

    #[test]
    fn prefixes_are_left_aside_and_text_is_unescaped() {
        let root =
            parsed("<?xml version=\"1.0\"?>\n<q:a q:b='x&amp;y'>\n <c>&lt;t<![CDATA[&]]></c><d/></q:a>").expect("XML");
        assert_eq!((root.name.as_str(), root.attribute("b"), root.children.len()), ("a", Some("x&y"), 2));
        assert_eq!((root.children[0].text.as_str(), root.children[0].line), ("<t&", 3));
    }

    #[test]
    fn broken_deep_and_exploding_documents_are_told_with_their_line() {
        for (content, told) in [
            ("<a>\n<b></a>", "m.xml:2:"),
            ("<a>\n", "ends before its root"),
            ("", "ends before its root"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]>\n<a>&x;</a>", "m.xml:2:"),
        ] {
            let message = parsed(content).expect_err(content);
            assert!(message.contains(told), "{message}");
        }
        let deep = parsed(&"<a>".repeat(100_000)).expect_err("deep");
        assert!(deep.contains("more than 200 elements within one another"), "{deep}");
    }
}
