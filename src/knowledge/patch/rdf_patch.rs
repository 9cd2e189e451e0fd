//! A patch as text: the lines `A` (add) and `D` (delete) of RDF Patch, in blocks that can be left out one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::block::Block;
use super::blocks::blocks;
use super::content::{Content, line_of, quad_of};
use super::error::PatchError;

/// The difference between two knowledge bases, made for the first of them.
///
/// Blocks may be left out. A statement may come in by several blocks, so that each block is whole by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    file: String,
    base: String,
    headings: Vec<String>,
    blocks: Vec<Block>,
    /// For a patch that was read: where each statement stands first.
    lines: BTreeMap<String, usize>,
}

impl Patch {
    /// What leads from one content to the other; `headings` are comments at its head.
    #[must_use]
    pub fn between(from: &Content, to: &Content, headings: &[String]) -> Self {
        Self {
            file: "the patch".to_owned(),
            base: from.sha256(),
            headings: headings.iter().map(|line| one_line(line)).collect(),
            blocks: blocks(from, to),
            lines: BTreeMap::new(),
        }
    }

    /// Reads a patch.
    ///
    /// # Errors
    /// [`PatchError::Line`] for a line that does not belong to a patch, [`PatchError::NoBase`] if it does not say what it was made for.
    pub fn parse(content: &[u8], file: &str) -> Result<Self, PatchError> {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let text = str::from_utf8(content).map_err(|error| {
            let line = 1 + content[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
            at(file, line, "this is not UTF-8 text; save the patch as UTF-8")
        })?;
        let mut patch = Self { file: file.to_owned(), ..Self::default() };
        let mut block = Block::default();
        for (line, text) in (1..).zip(text.lines()) {
            patch.read_line(line, text.trim(), &mut block)?;
        }
        patch.close(&mut block);
        patch.check_contradictions()?;
        if patch.base.is_empty() { Err(PatchError::NoBase { file: file.to_owned() }) } else { Ok(patch) }
    }

    fn read_line(&mut self, line: usize, text: &str, block: &mut Block) -> Result<(), PatchError> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match word {
            "" => self.close(block),
            _ if word.starts_with('#') => {
                let comment = text.trim_start_matches('#').trim().to_owned();
                let list = if self.base.is_empty() { &mut self.headings } else { &mut block.comments };
                list.push(comment);
            }
            "H" => self.read_header(line, rest)?,
            "A" | "D" => {
                let quad = quad_of(rest).map_err(|reason| {
                    at(
                        &self.file,
                        line,
                        format!("{reason}; after {word} comes one statement of N-Quads with its full stop"),
                    )
                })?;
                let statement = line_of(&quad);
                self.lines.entry(statement.clone()).or_insert(line);
                if word == "A" {
                    block.added.insert(statement)
                } else {
                    block.deleted.insert(statement)
                };
            }
            "TX" | "TC" => self.close(block),
            "TA" => return Err(at(&self.file, line, "this patch was broken off (TA) and changes nothing")),
            "PA" | "PD" => {
                return Err(at(&self.file, line, "prefixes are not read; write full IRIs, and leave this line out"));
            }
            _ => {
                let problem = "this is not a line of a patch; one begins with A, D, H, TX, TC or #";
                return Err(at(&self.file, line, problem));
            }
        }
        Ok(())
    }

    fn read_header(&mut self, line: usize, text: &str) -> Result<(), PatchError> {
        let Some(value) = text.strip_prefix("base").map(|value| value.trim().trim_end_matches('.').trim()) else {
            // RDF Patch lets a header say anything.
            return Ok(());
        };
        let hash = value.trim_matches('"').to_ascii_lowercase();
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        match self.base.as_str() {
            _ if !is_hash => Err(at(&self.file, line, "the base is a SHA-256, 64 hexadecimal digits in quotes")),
            "" => {
                self.base = hash;
                Ok(())
            }
            base if base == hash => Ok(()),
            _ => Err(at(&self.file, line, "a patch is for one knowledge base; this line names another one")),
        }
    }

    fn close(&mut self, block: &mut Block) {
        let closed = std::mem::take(block);
        if !closed.added.is_empty() || !closed.deleted.is_empty() {
            self.blocks.push(closed);
        }
    }

    fn check_contradictions(&self) -> Result<(), PatchError> {
        let added = self.added();
        match self.deleted().into_iter().find(|statement| added.contains(statement)) {
            None => Ok(()),
            Some(both) => {
                Err(self.at_statement(both, "this statement is both added and deleted; leave one of the two out"))
            }
        }
    }

    /// SHA-256 of the content that the patch was made for.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Its blocks, in order.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The same patch with those blocks only for which `keep` is true.
    #[must_use]
    pub fn retaining(mut self, keep: impl FnMut(&Block) -> bool) -> Self {
        self.blocks.retain(keep);
        self
    }

    /// True if it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The statements that come in.
    fn added(&self) -> BTreeSet<&String> {
        self.blocks.iter().flat_map(|block| &block.added).collect()
    }

    fn deleted(&self) -> BTreeSet<&String> {
        self.blocks.iter().flat_map(|block| &block.deleted).collect()
    }

    /// Numbers of statements that come in and that are taken out.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.added().len(), self.deleted().len())
    }

    /// The content with the patch applied; `base_name` stands in messages.
    ///
    /// # Errors
    /// [`PatchError::OtherBase`] for a content that the patch was not made for, [`PatchError::Line`] for a statement that
    /// cannot be taken out because it is not there, or cannot come in because it is.
    pub fn apply(&self, base: &Content, base_name: &str) -> Result<Content, PatchError> {
        let found = base.sha256();
        if found != self.base {
            let (patch, base) = (self.file.clone(), base_name.to_owned());
            return Err(PatchError::OtherBase { patch, base, expected: start(&self.base), found: start(&found) });
        }
        let mut lines = base.lines().clone();
        for statement in self.deleted() {
            if !lines.remove(statement) {
                return Err(self.at_statement(statement, &format!("{base_name} does not hold this statement")));
            }
        }
        for statement in self.added() {
            if !lines.insert(statement.clone()) {
                return Err(self.at_statement(statement, &format!("{base_name} holds this statement already")));
            }
        }
        Ok(Content::of_lines(lines))
    }

    /// The content from which the patch led to this one.
    ///
    /// # Errors
    /// [`PatchError::NotApplied`] if that is not the content that the patch was made for.
    pub fn revert(&self, patched: &Content, patched_name: &str) -> Result<Content, PatchError> {
        let mut lines = patched.lines().clone();
        let complete = self.added().into_iter().all(|statement| lines.remove(statement))
            && self.deleted().into_iter().all(|statement| lines.insert(statement.clone()));
        let content = Content::of_lines(lines);
        let found = content.sha256();
        if complete && found == self.base {
            return Ok(content);
        }
        let (patch, base) = (self.file.clone(), patched_name.to_owned());
        Err(PatchError::NotApplied { patch, base, expected: start(&self.base), found: start(&found) })
    }

    fn at_statement(&self, statement: &str, problem: &str) -> PatchError {
        let line = self.lines.get(statement).copied().unwrap_or_default();
        at(&self.file, line, format!("{problem}: {}", statement.trim_end()))
    }

    /// The patch as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut say = |line: std::fmt::Arguments<'_>| {
            text.write_fmt(line).expect("writing to a string cannot fail");
            text.push('\n');
        };
        self.headings.iter().for_each(|heading| say(format_args!("# {heading}")));
        say(format_args!("H base \"{}\" .", self.base));
        say(format_args!("TX ."));
        for block in &self.blocks {
            say(format_args!(""));
            block.comments.iter().for_each(|comment| say(format_args!("# {}", one_line(comment))));
            block.deleted.iter().for_each(|statement| say(format_args!("D {}", statement.trim_end())));
            block.added.iter().for_each(|statement| say(format_args!("A {}", statement.trim_end())));
        }
        say(format_args!("\nTC ."));
        text
    }
}

/// A text without line breaks, so that what a file says cannot become a line of a patch.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() || "\u{2028}\u{2029}".contains(letter) { ' ' } else { letter })
        .collect()
}

fn start(hash: &str) -> String {
    hash.chars().take(12).collect()
}

fn at(file: &str, line: usize, problem: impl Into<String>) -> PatchError {
    PatchError::Line { file: file.to_owned(), line, problem: problem.into() }
}
