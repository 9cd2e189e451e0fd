//! Boolean update functions as text: the `.bnet` format of BoolNet and PyBoolNet.
//!
//! One rule a line, `gene, expression`; operators `!`, `&`, `|` (also `~`, `&&`, `||`, and the words not, and, or in any
//! letter case), brackets, constants `0` and `1`. `#` begins a comment; the header line `targets, factors` may be absent.
//!
//! # Reference
//! Müssel, Hopfensitz & Kestler, *BoolNet*, Bioinformatics 26 (2010), doi:10.1093/bioinformatics/btq124.

use std::collections::BTreeMap;

use super::SymbolicError;
use crate::biology::{BiologyError, GeneId, GeneTable, Sign};

/// The rules of one `.bnet` file, genes still by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BooleanModel {
    file: String,
    rules: Vec<NamedRule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NamedRule {
    line: usize,
    target: String,
    expression: Expression<String>,
}

impl BooleanModel {
    /// Reads the rules of a `.bnet` file; `file` is its name, for messages.
    ///
    /// # Errors
    /// [`SymbolicError::UnreadableRule`] with file, line and fault, or [`SymbolicError::RepeatedRule`].
    pub fn parse(content: &[u8], file: &str) -> Result<Self, SymbolicError> {
        let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
        let mut rules: Vec<NamedRule> = Vec::new();
        let mut first_lines = BTreeMap::new();
        for (index, bytes) in content.split(|&byte| byte == b'\n').enumerate() {
            let line = index + 1;
            let unreadable = |problem| SymbolicError::UnreadableRule { file: file.to_owned(), line, problem };
            let text = str::from_utf8(bytes).map_err(|_| unreadable("the line is not UTF-8 text".to_owned()))?;
            let Some((target, expression)) = parse_line(text).map_err(unreadable)? else { continue };
            if let Some(first) = first_lines.insert(target.clone(), line) {
                return Err(SymbolicError::RepeatedRule { file: file.to_owned(), line, gene: target, first });
            }
            rules.push(NamedRule { line, target, expression });
        }
        Ok(Self { file: file.to_owned(), rules })
    }

    /// A gene table of all names in the model: targets first, in their order, then names that have no rule.
    #[must_use]
    pub fn genes(&self) -> GeneTable {
        let mut genes = GeneTable::new();
        let targets = self.rules.iter().map(|rule| &rule.target);
        for name in targets.chain(self.rules.iter().flat_map(|rule| rule.expression.genes())) {
            genes.intern(name);
        }
        genes
    }

    /// The rules over the indices of `genes`, every name of which must be a symbol there.
    ///
    /// # Errors
    /// [`SymbolicError::GeneOfRule`] for the first name that is not a symbol of `genes`, with the nearest one.
    pub fn rules(&self, genes: &GeneTable) -> Result<UpdateRules, SymbolicError> {
        let (rules, left_out) = self.rules_known_to(genes);
        left_out.into_iter().next().map_or(Ok(rules), Err)
    }

    /// The rules all of whose names are symbols of `genes`, and for each other rule the reason why it is left out.
    ///
    /// Names are taken letter for letter, since rules of one organism mean nothing in another: `crp` of *E. coli* is not
    /// human `CRP`.
    #[must_use]
    pub fn rules_known_to(&self, genes: &GeneTable) -> (UpdateRules, Vec<SymbolicError>) {
        let mut known = UpdateRules::none();
        let mut left_out = Vec::new();
        for rule in &self.rules {
            match rule.resolve(genes) {
                Ok((target, expression)) => drop(known.insert(target, expression)),
                Err(name) => left_out.push(self.unknown_gene(rule.line, name, genes)),
            }
        }
        (known, left_out)
    }

    fn unknown_gene(&self, line: usize, name: &str, genes: &GeneTable) -> SymbolicError {
        let source = BiologyError::UnknownGene { name: name.to_owned(), nearest: genes.nearest_symbol(name) };
        SymbolicError::GeneOfRule { file: self.file.clone(), line, source }
    }

    /// Number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// True if the file holds no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl NamedRule {
    fn resolve(&self, genes: &GeneTable) -> Result<(GeneId, Expression<GeneId>), &str> {
        let target = genes.id(&self.target).ok_or(self.target.as_str())?;
        Ok((target, self.expression.resolve(genes)?))
    }
}

const EMBEDDED: [(&str, &str); 1] = [("ecoli.bnet", include_str!("../../rules/update/ecoli.bnet"))];

/// Update functions of single genes, which take the place of the default rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateRules {
    rules: BTreeMap<GeneId, Expression<GeneId>>,
}

impl UpdateRules {
    /// No rule: every gene follows the default.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The rules of `rules/update/` that come with the program, as far as all their genes are in `genes`.
    ///
    /// # Errors
    /// Those of [`BooleanModel::parse`]; a test reads these files, so none is to be expected.
    pub fn embedded(genes: &GeneTable) -> Result<Self, SymbolicError> {
        let mut all = Self::none();
        for (file, content) in EMBEDDED {
            all.extend(BooleanModel::parse(content.as_bytes(), file)?.rules_known_to(genes).0);
        }
        Ok(all)
    }

    /// Names and texts of the rule files that come with the program.
    pub fn embedded_files() -> impl Iterator<Item = (&'static str, &'static str)> {
        EMBEDDED.into_iter()
    }

    /// Sets the rule of one gene; the rule that it had is returned.
    pub fn insert(&mut self, gene: GeneId, expression: Expression<GeneId>) -> Option<Expression<GeneId>> {
        self.rules.insert(gene, expression)
    }

    /// Takes over all rules of `other`; where both have a rule, that of `other` holds.
    pub fn extend(&mut self, other: Self) {
        self.rules.extend(other.rules);
    }

    /// Number of genes with a rule.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// True if no gene has a rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Genes with their rules, by gene.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (GeneId, &Expression<GeneId>)> {
        self.rules.iter().map(|(&gene, expression)| (gene, expression))
    }

    /// The rule of one gene, if it has one.
    #[must_use]
    pub fn get(&self, gene: GeneId) -> Option<&Expression<GeneId>> {
        self.rules.get(&gene)
    }
}

/// A Boolean expression over genes, kept in postfix order: no nesting, however deep, can exhaust the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression<Gene> {
    postfix: Vec<Term<Gene>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term<Gene> {
    Gene(Gene),
    Constant(bool),
    Not,
    And,
    Or,
}

impl Expression<String> {
    /// Reads one expression, for example `crp & !(lacI | hns)`.
    ///
    /// # Errors
    /// A phrase that tells what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::default();
        for lexeme in lexemes(text)? {
            reader.take(lexeme)?;
        }
        reader.finish()
    }

    fn resolve(&self, genes: &GeneTable) -> Result<Expression<GeneId>, &str> {
        let resolved = self.postfix.iter().map(|term| {
            Ok(match term {
                Term::Gene(name) => Term::Gene(genes.id(name).ok_or(name.as_str())?),
                Term::Constant(value) => Term::Constant(*value),
                Term::Not => Term::Not,
                Term::And => Term::And,
                Term::Or => Term::Or,
            })
        });
        Ok(Expression { postfix: resolved.collect::<Result<_, &str>>()? })
    }
}

impl<Gene> Expression<Gene> {
    /// The genes named, in order, repeats included.
    pub fn genes(&self) -> impl Iterator<Item = &Gene> {
        self.postfix.iter().filter_map(|term| match term {
            Term::Gene(gene) => Some(gene),
            _ => None,
        })
    }

    /// Each mention of a gene with the sign with which it stands there: inhibition under an odd number of negations. Mentions
    /// come last to first.
    ///
    /// A gene of which all mentions have one sign cannot act with the other.
    pub fn mentions(&self) -> Vec<(&Gene, Sign)> {
        let mut waiting = vec![Sign::Activation];
        let mut mentions = Vec::new();
        for term in self.postfix.iter().rev() {
            let Some(sign) = waiting.pop() else { break };
            match term {
                Term::Gene(gene) => mentions.push((gene, sign)),
                Term::Constant(_) => {}
                Term::Not => waiting.push(sign.opposite()),
                Term::And | Term::Or => waiting.extend([sign, sign]),
            }
        }
        mentions
    }

    /// Builds a part from the parts within, all negations moved to the leaves: `leaf` makes one of a gene or a constant, with
    /// `false` if it stands there negated; `join` makes one of two, with `true` for *and*.
    pub(super) fn folded<Part>(
        &self,
        mut leaf: impl FnMut(Result<&Gene, bool>, bool) -> Part,
        mut join: impl FnMut(bool, Part, Part) -> Part,
    ) -> Part {
        const WELL_FORMED: &str = "the parser hands out well-formed postfix only";
        let mut waiting = vec![true];
        let mut plain = vec![true; self.postfix.len()];
        for (place, term) in self.postfix.iter().enumerate().rev() {
            plain[place] = waiting.pop().expect(WELL_FORMED);
            match term {
                Term::Gene(_) | Term::Constant(_) => {}
                Term::Not => waiting.push(!plain[place]),
                Term::And | Term::Or => waiting.extend([plain[place]; 2]),
            }
        }
        let mut parts = Vec::new();
        for (term, plain) in self.postfix.iter().zip(plain) {
            let part = match term {
                Term::Not => continue,
                Term::Gene(gene) => leaf(Ok(gene), plain),
                Term::Constant(value) => leaf(Err(*value), plain),
                Term::And | Term::Or => {
                    let (right, left) = (parts.pop().expect(WELL_FORMED), parts.pop().expect(WELL_FORMED));
                    join(matches!(term, Term::And) == plain, left, right)
                }
            };
            parts.push(part);
        }
        parts.pop().expect(WELL_FORMED)
    }

    /// Number of genes, constants and operators in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.postfix.len()
    }

    /// True if it holds nothing, which no parsed expression does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.postfix.is_empty()
    }

    /// Its value in 64 states at once, bit by bit, where `state` tells a gene's value in each.
    ///
    /// `stack` is room to work in; what it holds is lost.
    pub fn evaluate(&self, state: impl Fn(&Gene) -> u64, stack: &mut Vec<u64>) -> u64 {
        const WELL_FORMED: &str = "the parser hands out well-formed postfix only";
        stack.clear();
        for term in &self.postfix {
            let value = match term {
                Term::Gene(gene) => state(gene),
                Term::Constant(value) => u64::from(*value).wrapping_neg(),
                Term::Not => !stack.pop().expect(WELL_FORMED),
                Term::And => stack.pop().expect(WELL_FORMED) & stack.pop().expect(WELL_FORMED),
                Term::Or => stack.pop().expect(WELL_FORMED) | stack.pop().expect(WELL_FORMED),
            };
            stack.push(value);
        }
        stack.pop().expect(WELL_FORMED)
    }
}

fn parse_line(text: &str) -> Result<Option<(String, Expression<String>)>, String> {
    let rule = text.split('#').next().unwrap_or_default().trim();
    if rule.is_empty() {
        return Ok(None);
    }
    let (target, expression) = rule.split_once(',').ok_or("there is no comma between the gene and its expression")?;
    let (target, expression) = (target.trim(), expression.trim());
    if target.eq_ignore_ascii_case("targets") && expression.eq_ignore_ascii_case("factors") {
        return Ok(None);
    }
    refuse_unread(expression)?;
    match lexemes(target)?.as_slice() {
        [Lexeme::Name(_)] => Ok(Some((target.to_owned(), Expression::parse(expression)?))),
        _ => Err(format!("`{target}` is not a name of a gene")),
    }
}

/// What other programs write in such files, and is not read here.
fn refuse_unread(expression: &str) -> Result<(), String> {
    const COUNTS: [&str; 8] = ["all", "any", "maj", "sumgt", "sumlt", "sumis", "timegt", "timelt"];
    let calls = |name: &&&str| {
        let mut rest = expression;
        while let Some(at) = rest.to_ascii_lowercase().find(**name) {
            let is_begin = !rest[..at].ends_with(is_of_name);
            rest = &rest[at + name.len()..];
            if is_begin && rest.trim_start().starts_with('(') {
                return true;
            }
        }
        false
    };
    if let Some(name) = COUNTS.iter().find(calls) {
        return Err(format!(
            "BoolNet's `{name}(…)` is not read; write the expression out, for example `b & c` for `all(b, c)`"
        ));
    }
    match expression.split_once(',') {
        Some((_, third)) => Err(format!(
            "`,` has no meaning in a rule: a third column (`{}`), such as BoolNet's probabilities, is not read; keep one \
             rule for each gene and leave it out",
            third.trim()
        )),
        None => Ok(()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lexeme<'a> {
    Name(&'a str),
    Constant(bool),
    Operator(Operator),
    Close,
}

/// What may wait on the stack for its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operator {
    Open,
    Or,
    And,
    Not,
}

fn lexemes(text: &str) -> Result<Vec<Lexeme<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (lexeme, length) = match first {
            '!' | '~' => (Lexeme::Operator(Operator::Not), 1),
            '&' => (Lexeme::Operator(Operator::And), if rest.starts_with("&&") { 2 } else { 1 }),
            '|' => (Lexeme::Operator(Operator::Or), if rest.starts_with("||") { 2 } else { 1 }),
            '(' => (Lexeme::Operator(Operator::Open), 1),
            ')' => (Lexeme::Close, 1),
            other if !is_of_name(other) => return Err(format!("`{other}` has no meaning in a rule")),
            _ => {
                let length = rest.find(|letter| !is_of_name(letter)).unwrap_or(rest.len());
                (word(&rest[..length]), length)
            }
        };
        found.push(lexeme);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || "_-.:/*@+'".contains(letter)
}

fn word(text: &str) -> Lexeme<'_> {
    match text.to_ascii_lowercase().as_str() {
        "0" | "false" => Lexeme::Constant(false),
        "1" | "true" => Lexeme::Constant(true),
        "not" => Lexeme::Operator(Operator::Not),
        "and" => Lexeme::Operator(Operator::And),
        "or" => Lexeme::Operator(Operator::Or),
        _ => Lexeme::Name(text),
    }
}

/// Dijkstra's shunting yard.
#[derive(Default)]
struct Reader {
    postfix: Vec<Term<String>>,
    waiting: Vec<Operator>,
    after_operand: bool,
}

impl Reader {
    fn take(&mut self, lexeme: Lexeme<'_>) -> Result<(), String> {
        match (self.after_operand, lexeme) {
            (false, Lexeme::Name(name)) => self.operand(Term::Gene(name.to_owned())),
            (false, Lexeme::Constant(value)) => self.operand(Term::Constant(value)),
            (false, Lexeme::Operator(operator @ (Operator::Not | Operator::Open))) => self.waiting.push(operator),
            (true, Lexeme::Operator(operator @ (Operator::And | Operator::Or))) => self.binary(operator),
            (true, Lexeme::Close) => return self.close(),
            (true, other) => return Err(format!("an operator is missing before {}", other.shown())),
            (false, other) => return Err(format!("a gene is missing before {}", other.shown())),
        }
        Ok(())
    }

    fn operand(&mut self, term: Term<String>) {
        self.postfix.push(term);
        self.after_operand = true;
    }

    fn binary(&mut self, operator: Operator) {
        while let Some(stronger) = self.waiting.pop_if(|waiting| *waiting >= operator) {
            self.postfix.extend(stronger.term());
        }
        self.waiting.push(operator);
        self.after_operand = false;
    }

    fn close(&mut self) -> Result<(), String> {
        while let Some(operator) = self.waiting.pop() {
            match operator.term() {
                Some(term) => self.postfix.push(term),
                None => return Ok(()),
            }
        }
        Err("a bracket is closed that was never opened".to_owned())
    }

    fn finish(mut self) -> Result<Expression<String>, String> {
        if !self.after_operand {
            return Err("the expression ends where a gene is expected".to_owned());
        }
        while let Some(operator) = self.waiting.pop() {
            self.postfix.push(operator.term().ok_or("a bracket is opened that is never closed")?);
        }
        Ok(Expression { postfix: self.postfix })
    }
}

impl Operator {
    const fn term(self) -> Option<Term<String>> {
        match self {
            Self::Open => None,
            Self::Or => Some(Term::Or),
            Self::And => Some(Term::And),
            Self::Not => Some(Term::Not),
        }
    }
}

impl Lexeme<'_> {
    fn shown(self) -> String {
        match self {
            Self::Name(name) => format!("`{name}`"),
            Self::Constant(value) => format!("`{}`", u8::from(value)),
            Self::Operator(Operator::Open) => "`(`".to_owned(),
            Self::Operator(Operator::Or) => "`|`".to_owned(),
            Self::Operator(Operator::And) => "`&`".to_owned(),
            Self::Operator(Operator::Not) => "`!`".to_owned(),
            Self::Close => "`)`".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, on: &[&str]) -> bool {
        let expression = Expression::parse(text).expect(text);
        let state = |name: &String| u64::from(on.contains(&name.as_str())).wrapping_neg();
        let word = expression.evaluate(state, &mut Vec::new());
        assert!(word == 0 || word == u64::MAX, "all 64 states are alike");
        word != 0
    }

    fn problem(content: &str) -> String {
        BooleanModel::parse(content.as_bytes(), "rules.bnet").expect_err(content).to_string()
    }

    #[test]
    fn not_binds_before_and_and_before_or() {
        assert!(value("!a & b | c", &["b"]));
        assert!(value("c | b & !a", &["a", "c"]));
        assert!(!value("!(a | b)", &["b"]));
        assert!(value("!!a", &["a"]));
    }

    #[test]
    fn a_gene_under_an_odd_number_of_negations_stands_as_an_inhibitor() {
        let expression = Expression::parse("a & !(b | !c) | !!d").expect("a rule");
        let mut mentions: Vec<_> =
            expression.mentions().into_iter().map(|(name, sign)| (name.as_str(), sign)).collect();
        mentions.sort_unstable();
        use Sign::{Activation, Inhibition};
        assert_eq!(mentions, [("a", Activation), ("b", Inhibition), ("c", Activation), ("d", Activation)]);
    }

    #[test]
    fn words_and_doubled_signs_mean_the_same_as_single_signs() {
        for text in ["a & !(b | c)", "a AND NOT (b OR c)", "a && ~(b || c)", "a and not(b or c)"] {
            assert_eq!(Expression::parse(text), Expression::parse("a & !(b | c)"), "{text}");
        }
    }

    #[test]
    fn a_gene_may_be_held_on_or_off() {
        assert!(value("1", &[]));
        assert!(!value("0 | FALSE", &[]));
    }

    #[test]
    fn symbols_with_hyphens_colons_and_dots_are_one_name() {
        let expression = Expression::parse("!HLA-A & COMPLEX:FOS_JUND | NKX2-5.1").expect("names");
        let names: Vec<_> = expression.genes().map(String::as_str).collect();
        assert_eq!(names, ["HLA-A", "COMPLEX:FOS_JUND", "NKX2-5.1"]);
    }

    #[test]
    fn header_comments_blank_lines_and_a_byte_order_mark_are_no_rules() {
        let content = "\u{feff}targets, factors\r\n\r\n# a comment\r\nA,  B & C # why\r\nB,1\r\n";
        let model = BooleanModel::parse(content.as_bytes(), "m.bnet").expect("a model");
        let symbols: Vec<_> = model.genes().iter().map(|(_, gene)| gene.symbol.clone()).collect();
        assert_eq!((model.len(), symbols), (2, vec!["A".to_owned(), "B".to_owned(), "C".to_owned()]));
    }

    #[test]
    fn a_faulty_rule_is_told_with_file_line_and_fault() {
        for (content, fault) in [
            ("A, B\nC D\n", "rules.bnet:2: there is no comma"),
            ("A, B &\n", "ends where a gene is expected"),
            ("A, B C\n", "an operator is missing before `C`"),
            ("A, & C\n", "a gene is missing before `&`"),
            ("A, (B | C\n", "opened that is never closed"),
            ("A, B | C)\n", "closed that was never opened"),
            ("A, ()\n", "a gene is missing before `)`"),
            ("A,\n", "ends where a gene is expected"),
            ("A, B, 0.5\n", "`,` has no meaning"),
            ("!A, B\n", "`!A` is not a name of a gene"),
            (", B\n", "`` is not a name of a gene"),
            ("A, B\n\nA, C\n", "rules.bnet:3: gene `A` has a rule already, in line 1"),
        ] {
            let message = problem(content);
            assert!(message.contains(fault), "{content:?}: {message}");
        }
        let binary = BooleanModel::parse(b"A, B\n\xff\xfe\n", "rules.bnet").expect_err("no text").to_string();
        assert!(binary.starts_with("rules.bnet:2: the line is not UTF-8"), "{binary}");
    }

    #[test]
    fn a_rule_over_an_unknown_gene_names_the_nearest_one() {
        let mut genes = GeneTable::new();
        genes.intern("lacI");
        genes.intern("lacZ");
        let model = BooleanModel::parse(b"lacZ, !lacJ", "rules.bnet").expect("a model");
        let message = model.rules(&genes).expect_err("lacJ").to_string();
        assert_eq!(message, "rules.bnet:1: gene `lacJ` is not known (did you mean `lacI`?)");
        assert_eq!(model.rules_known_to(&genes).0.len(), 0);
    }

    #[test]
    fn rules_for_another_organism_stay_out() {
        let mut human = GeneTable::new();
        for symbol in ["CRP", "MALT1", "MALE"] {
            human.intern(symbol);
        }
        assert!(UpdateRules::embedded(&human).expect("embedded rules").is_empty());
    }

    #[test]
    fn every_embedded_rule_can_be_read_and_resolved() {
        for (file, content) in EMBEDDED {
            let model = BooleanModel::parse(content.as_bytes(), file).expect(file);
            let rules = model.rules(&model.genes()).expect(file);
            assert!(!rules.is_empty() && rules.len() == model.len(), "{file}");
        }
    }

    #[test]
    fn nesting_of_any_depth_is_read() {
        let deep = 200_000;
        let text = format!("{}a{}", "!(".repeat(deep), ")".repeat(deep));
        assert!(value(&text, &["a"]));
    }

    #[test]
    fn the_published_models_can_be_read() {
        let folder = std::path::Path::new("../shared/data/boolean_models");
        if !folder.is_dir() {
            eprintln!("skipped: {} is missing", folder.display());
            return;
        }
        let mut read = 0;
        for part in ["bnet_small", "pyboolnet"] {
            for entry in std::fs::read_dir(folder.join(part)).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.extension().is_some_and(|extension| extension == "bnet") {
                    let content = std::fs::read(&path).expect("a file");
                    let model = BooleanModel::parse(&content, &path.display().to_string());
                    assert!(!model.expect("a model").is_empty(), "{}", path.display());
                    read += 1;
                }
            }
        }
        assert!(read >= 45, "{read} models");
    }

    #[derive(Clone, Debug)]
    enum Tree {
        Gene(u8),
        Constant(bool),
        Not(Box<Tree>),
        And(Box<Tree>, Box<Tree>),
        Or(Box<Tree>, Box<Tree>),
    }

    impl Tree {
        fn text(&self) -> String {
            match self {
                Self::Gene(gene) => format!("g{gene}"),
                Self::Constant(value) => u8::from(*value).to_string(),
                Self::Not(inner) => format!("!({})", inner.text()),
                Self::And(left, right) => format!("({}) & ({})", left.text(), right.text()),
                Self::Or(left, right) => format!("{} | {}", left.text(), right.text()),
            }
        }

        fn value(&self, state: [bool; 4]) -> bool {
            match self {
                Self::Gene(gene) => state[usize::from(*gene)],
                Self::Constant(value) => *value,
                Self::Not(inner) => !inner.value(state),
                Self::And(left, right) => left.value(state) && right.value(state),
                Self::Or(left, right) => left.value(state) || right.value(state),
            }
        }
    }

    fn trees() -> impl Strategy<Value = Tree> {
        let leaf = prop_oneof![(0..4_u8).prop_map(Tree::Gene), any::<bool>().prop_map(Tree::Constant)];
        leaf.prop_recursive(6, 40, 2, |inner| {
            let pair = (inner.clone(), inner.clone()).prop_map(|(left, right)| (Box::new(left), Box::new(right)));
            prop_oneof![
                inner.prop_map(|tree| Tree::Not(Box::new(tree))),
                pair.clone().prop_map(|(left, right)| Tree::And(left, right)),
                pair.prop_map(|(left, right)| Tree::Or(left, right)),
            ]
        })
    }

    proptest! {
        #[test]
        fn sixteen_states_at_once_agree_with_a_plain_evaluation(tree in trees()) {
            let expression = Expression::parse(&tree.text()).expect("a printed tree");
            // Bit `s` of gene `g` is bit `g` of `s`: lanes 0..16 hold all states of four genes.
            let state = |name: &String| match name.as_str() {
                "g0" => 0xaaaa,
                "g1" => 0xcccc,
                "g2" => 0xf0f0,
                _ => 0xff00,
            };
            let word = expression.evaluate(state, &mut Vec::new());
            for lane in 0..16 {
                let single = [0, 1, 2, 3].map(|gene| lane >> gene & 1 == 1);
                prop_assert_eq!(word >> lane & 1 == 1, tree.value(single), "{} in {:?}", tree.text(), single);
            }
        }
    }
}
