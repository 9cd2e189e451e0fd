//! Writing regulations as RDF: canonical, so that the same content has the same bytes.

use std::io::Write;

use super::KnowledgeError;
use super::statements::transcribe;
use super::syntax::RdfSyntax;
use super::vocab;
use crate::biology::{Citation, CitedRegulation, Gene, GeneId, GeneTable, Regulation, StatementKind};

/// Lets `fill` write in this syntax, or, where that is one document from start to end, in N-Quads, which are then put into it.
pub(super) fn in_syntax(
    syntax: RdfSyntax,
    out: &mut dyn Write,
    fill: impl FnOnce(RdfSyntax, &mut dyn Write) -> Result<(), KnowledgeError>,
) -> Result<(), KnowledgeError> {
    if syntax.can_be_continued() {
        return fill(syntax, out);
    }
    let mut quads = Vec::new();
    fill(RdfSyntax::NQuads, &mut quads)?;
    transcribe(&quads, "statements.nq", RdfSyntax::NQuads, syntax, out)?;
    Ok(())
}

/// Writes genes and regulations in canonical form: genes by symbol, then regulations by regulator, target and sign.
///
/// Each regulation becomes a resource with its citation and a direct triple. Several entries for one regulation are
/// joined by [`Citation::absorb`]. Genes without a regulation are written too.
///
/// # Errors
/// [`KnowledgeError::GeneOutsideTable`] for a regulation of another table, [`KnowledgeError::Confidence`] for one
/// outside `[0, 1]`, [`KnowledgeError::Write`] if `out` fails.
///
/// # Complexity
/// `O(m log m)` for `m` genes and regulations; the text is streamed.
pub fn write_knowledge(
    genes: &GeneTable,
    regulations: &[CitedRegulation],
    syntax: RdfSyntax,
    out: &mut dyn Write,
) -> Result<(), KnowledgeError> {
    write_knowledge_and_effects(genes, regulations, &[], syntax, out)
}

/// As [`write_knowledge`], with the effects behind the regulations: each a resource with its citation and a direct triple.
///
/// # Errors
/// As [`write_knowledge`].
pub fn write_knowledge_and_effects(
    genes: &GeneTable,
    regulations: &[CitedRegulation],
    effects: &[CitedRegulation],
    syntax: RdfSyntax,
    out: &mut dyn Write,
) -> Result<(), KnowledgeError> {
    in_syntax(syntax, out, |syntax, out| write_canonical(genes, regulations, effects, syntax, out))
}

fn write_canonical(
    genes: &GeneTable,
    regulations: &[CitedRegulation],
    effects: &[CitedRegulation],
    syntax: RdfSyntax,
    out: &mut dyn Write,
) -> Result<(), KnowledgeError> {
    let names = Names::of(genes);
    let merged =
        [(StatementKind::Regulation, merged(genes, regulations)?), (StatementKind::Effect, merged(genes, effects)?)];
    let mut writer = StatementWriter::new(syntax, out);
    writer.prefixes()?;
    for id in by_symbol(genes) {
        write_gene(&mut writer, genes.gene(id), names.gene(id))?;
    }
    for (kind, statements) in &merged {
        for (statement, citation) in statements {
            write_statement(&mut writer, *kind, *statement, citation, genes, &names)?;
        }
    }
    Ok(writer.finish()?)
}

/// The genes in order of their symbols.
pub(super) fn by_symbol(genes: &GeneTable) -> Vec<GeneId> {
    let mut ids: Vec<_> = genes.iter().map(|(id, _)| id).collect();
    ids.sort_unstable_by(|&a, &b| genes.symbol(a).cmp(genes.symbol(b)));
    ids
}

fn merged(genes: &GeneTable, regulations: &[CitedRegulation]) -> Result<Vec<(Regulation, Citation)>, KnowledgeError> {
    for cited in regulations {
        check(cited, genes)?;
    }
    let mut rank = vec![0_u32; genes.len()];
    for (position, id) in by_symbol(genes).into_iter().enumerate() {
        rank[id.index()] = u32::try_from(position).expect("a gene table holds fewer than 2^32 genes");
    }
    let key = |cited: &CitedRegulation| {
        let Regulation { regulator, target, sign } = cited.regulation;
        (rank[regulator.index()], rank[target.index()], sign)
    };
    let mut order: Vec<_> = regulations.iter().collect();
    order.sort_by_key(|cited| key(cited));
    let mut merged: Vec<(Regulation, Citation)> = Vec::with_capacity(order.len());
    for cited in order {
        match merged.last_mut() {
            Some((last, citation)) if *last == cited.regulation => citation.absorb(cited.citation.clone()),
            _ => merged.push((cited.regulation, canonical(&cited.citation))),
        }
    }
    Ok(merged)
}

fn canonical(citation: &Citation) -> Citation {
    let mut canonical = Citation { evidence_count: citation.evidence_count, ..Citation::default() };
    canonical.absorb(citation.clone());
    canonical
}

fn check(cited: &CitedRegulation, genes: &GeneTable) -> Result<(), KnowledgeError> {
    check_genes(cited.regulation, genes)?;
    match cited.citation.confidence {
        Some(confidence) if !(0.0..=1.0).contains(&confidence) => {
            Err(KnowledgeError::Confidence { regulation: in_words(cited.regulation, genes), confidence })
        }
        _ => Ok(()),
    }
}

/// Both genes of a regulation belong to the table.
pub(super) fn check_genes(regulation: Regulation, genes: &GeneTable) -> Result<(), KnowledgeError> {
    for gene in [regulation.regulator, regulation.target] {
        if gene.index() >= genes.len() {
            return Err(KnowledgeError::GeneOutsideTable { index: gene.index(), genes: genes.len() });
        }
    }
    Ok(())
}

/// For example `fur inhibits entC`.
pub(super) fn in_words(regulation: Regulation, genes: &GeneTable) -> String {
    let Regulation { regulator, target, sign } = regulation;
    format!("{} {} {}", genes.symbol(regulator), vocab::verb(sign), genes.symbol(target))
}

/// IRIs of the genes of a table.
pub(super) struct Names {
    genes: Vec<String>,
}

impl Names {
    pub(super) fn of(genes: &GeneTable) -> Self {
        Self { genes: vocab::gene_iris(genes) }
    }

    pub(super) const fn from_iris(genes: Vec<String>) -> Self {
        Self { genes }
    }

    pub(super) fn gene(&self, id: GeneId) -> &str {
        &self.genes[id.index()]
    }
}

pub(super) fn write_gene(writer: &mut StatementWriter<'_>, gene: &Gene, iri: &str) -> Result<(), KnowledgeError> {
    writer.begin(iri)?;
    writer.property(vocab::RDF_TYPE, Object::Iri(&vocab::aligned("Gene")))?;
    writer.property(LABEL, Object::Text(&gene.symbol))?;
    for accession in &gene.accessions {
        writer.property(vocab::accession_predicate(accession.authority), Object::Text(&accession.value))?;
    }
    for alias in &gene.aliases {
        writer.property(ALT_LABEL, Object::Text(alias))?;
    }
    Ok(writer.end()?)
}

const LABEL: &str = "http://www.w3.org/2000/01/rdf-schema#label";
const ALT_LABEL: &str = "http://www.w3.org/2004/02/skos/core#altLabel";

fn write_statement(
    writer: &mut StatementWriter<'_>,
    kind: StatementKind,
    statement: Regulation,
    citation: &Citation,
    genes: &GeneTable,
    names: &Names,
) -> Result<(), KnowledgeError> {
    writer.begin(&vocab::statement_iri(kind, statement, genes))?;
    writer.property(vocab::RDF_TYPE, Object::Iri(class_of(kind)))?;
    write_ends(writer, statement, names)?;
    write_citation(writer, citation)?;
    writer.end()?;
    write_direct(writer, kind, statement, names)
}

const fn class_of(kind: StatementKind) -> &'static str {
    match kind {
        StatementKind::Regulation => "https://w3id.org/aligned#Regulation",
        StatementKind::Effect => "https://w3id.org/aligned#Effect",
    }
}

/// Regulator, target and sign of the regulation that is being described.
pub(super) fn write_ends(
    writer: &mut StatementWriter<'_>,
    regulation: Regulation,
    names: &Names,
) -> Result<(), KnowledgeError> {
    writer.property("https://w3id.org/aligned#regulator", Object::Iri(names.gene(regulation.regulator)))?;
    writer.property("https://w3id.org/aligned#target", Object::Iri(names.gene(regulation.target)))?;
    writer.property("https://w3id.org/aligned#sign", Object::Iri(vocab::sign_iri(regulation.sign)))?;
    Ok(())
}

/// The plain triple that property paths can follow.
pub(super) fn write_direct(
    writer: &mut StatementWriter<'_>,
    kind: StatementKind,
    statement: Regulation,
    names: &Names,
) -> Result<(), KnowledgeError> {
    let predicate = match kind {
        StatementKind::Regulation => vocab::direct_predicate(statement.sign),
        StatementKind::Effect => vocab::effect_predicate(statement.sign),
    };
    writer.begin(names.gene(statement.regulator))?;
    writer.property(predicate, Object::Iri(names.gene(statement.target)))?;
    Ok(writer.end()?)
}

fn write_citation(writer: &mut StatementWriter<'_>, citation: &Citation) -> Result<(), KnowledgeError> {
    for (predicate, values) in [
        ("https://w3id.org/aligned#kind", &citation.kinds),
        ("https://w3id.org/aligned#source", &citation.sources),
        ("https://w3id.org/aligned#reference", &citation.references),
    ] {
        for value in values {
            writer.property(predicate, Object::Text(value))?;
        }
    }
    if citation.evidence_count > 0 {
        let count = u64::from(citation.evidence_count);
        writer.property("https://w3id.org/aligned#evidenceCount", Object::Integer(count))?;
    }
    if let Some(confidence) = citation.confidence {
        writer.property("https://w3id.org/aligned#confidence", Object::Double(confidence))?;
    }
    Ok(())
}

/// What a statement says of its subject.
#[derive(Clone, Copy)]
pub(super) enum Object<'a> {
    Iri(&'a str),
    Text(&'a str),
    Integer(u64),
    Double(f64),
    /// A finite number, written with at most twelve digits; one that is not finite is written as a double.
    Decimal(f64),
}

/// Writes statements grouped by subject, in either syntax, straight to the output.
pub(super) struct StatementWriter<'a> {
    syntax: RdfSyntax,
    out: &'a mut dyn Write,
    line: String,
    subject: String,
    predicate: String,
}

impl<'a> StatementWriter<'a> {
    pub(super) fn new(syntax: RdfSyntax, out: &'a mut dyn Write) -> Self {
        Self { syntax, out, line: String::new(), subject: String::new(), predicate: String::new() }
    }

    /// Declares the prefixes; needed once, before any statement.
    pub(super) fn prefixes(&mut self) -> std::io::Result<()> {
        if self.syntax.is_turtle() {
            for (prefix, namespace) in vocab::PREFIXES {
                writeln!(self.out, "@prefix {prefix}: <{namespace}> .")?;
            }
        }
        Ok(())
    }

    /// Goes on behind the text of a file: on a line of its own, in Turtle with a comment and the prefixes again.
    pub(super) fn heading(&mut self, text: &str, before: &[u8]) -> std::io::Result<()> {
        if !before.is_empty() && !before.ends_with(b"\n") {
            self.out.write_all(b"\n")?;
        }
        if self.syntax.is_turtle() {
            writeln!(self.out, "\n# {text}")?;
        }
        self.prefixes()
    }

    /// Begins the description of a resource.
    pub(super) fn begin(&mut self, subject: &str) -> std::io::Result<()> {
        self.subject.clear();
        push_iri(&mut self.subject, subject, self.syntax);
        self.predicate.clear();
        Ok(())
    }

    /// States one property of the resource begun.
    pub(super) fn property(&mut self, predicate: &str, object: Object<'_>) -> std::io::Result<()> {
        self.line.clear();
        if self.syntax.is_turtle() {
            self.push_turtle(predicate, object);
        } else {
            self.push_line(predicate, object);
        }
        self.out.write_all(self.line.as_bytes())
    }

    fn push_line(&mut self, predicate: &str, object: Object<'_>) {
        self.line.push_str(&self.subject);
        self.line.push(' ');
        push_iri(&mut self.line, predicate, self.syntax);
        self.line.push(' ');
        push_object(&mut self.line, object, self.syntax);
        self.line.push_str(" .\n");
    }

    fn push_turtle(&mut self, predicate: &str, object: Object<'_>) {
        let first = self.predicate.is_empty();
        if first {
            self.line.push_str(&self.subject);
            self.line.push(' ');
        }
        if self.predicate == predicate {
            self.line.push_str(" , ");
        } else {
            self.line.push_str(if first { "" } else { " ;\n    " });
            push_predicate(&mut self.line, predicate);
            self.line.push(' ');
            predicate.clone_into(&mut self.predicate);
        }
        push_object(&mut self.line, object, self.syntax);
    }

    /// Ends the description of the resource begun.
    pub(super) fn end(&mut self) -> std::io::Result<()> {
        if self.syntax.is_turtle() && !self.predicate.is_empty() {
            self.out.write_all(b" .\n")?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> std::io::Result<()> {
        self.out.flush()
    }
}

fn push_predicate(line: &mut String, predicate: &str) {
    if predicate == vocab::RDF_TYPE {
        line.push('a');
    } else {
        push_iri(line, predicate, RdfSyntax::Turtle);
    }
}

fn push_object(line: &mut String, object: Object<'_>, syntax: RdfSyntax) {
    use std::fmt::Write as _;
    let written = match (object, syntax.is_turtle()) {
        (Object::Iri(iri), _) => {
            push_iri(line, iri, syntax);
            Ok(())
        }
        (Object::Text(text), _) => {
            push_text(line, text);
            Ok(())
        }
        (Object::Integer(value), true) => write!(line, "{value}"),
        (Object::Double(value), true) if value.is_finite() => write!(line, "{value:E}"),
        (Object::Decimal(value), true) if value.is_finite() => write!(line, "{}", xsd_decimal(value)),
        (Object::Decimal(value), false) if value.is_finite() => {
            write!(line, "\"{}\"^^<{}decimal>", xsd_decimal(value), vocab::XSD)
        }
        (Object::Integer(value), false) => write!(line, "\"{value}\"^^<{}integer>", vocab::XSD),
        (Object::Double(value) | Object::Decimal(value), _) => {
            write!(line, "\"{}\"^^<{}double>", xsd_double(value), vocab::XSD)
        }
    };
    written.expect("writing to a string cannot fail");
}

/// Twelve digits at most, without idle zeros, and at least one behind the point, which Turtle asks for.
fn xsd_decimal(value: f64) -> String {
    const DIGITS: usize = 12;
    let before_point = format!("{:.0}", value.abs().trunc()).len();
    let text = format!("{value:.*}", DIGITS.saturating_sub(before_point).max(1));
    let trimmed = text.trim_end_matches('0');
    let text = if trimmed.ends_with('.') { format!("{trimmed}0") } else { trimmed.to_owned() };
    if text == "-0.0" { "0.0".to_owned() } else { text }
}

/// The lexical form of XML Schema, which writes `INF` where Rust writes `inf`.
fn xsd_double(value: f64) -> String {
    if value.is_infinite() { if value > 0.0 { "INF" } else { "-INF" }.to_owned() } else { format!("{value:E}") }
}

pub(super) fn push_iri(line: &mut String, iri: &str, syntax: RdfSyntax) {
    if syntax.is_turtle()
        && let Some((prefix, local)) = prefixed(iri)
    {
        line.push_str(prefix);
        line.push(':');
        line.push_str(local);
        return;
    }
    line.push('<');
    line.push_str(iri);
    line.push('>');
}

fn prefixed(iri: &str) -> Option<(&'static str, &str)> {
    let fits = vocab::PREFIXES.iter().filter(|(_, namespace)| iri.starts_with(namespace));
    let (prefix, namespace) = fits.max_by_key(|(_, namespace)| namespace.len())?;
    let local = &iri[namespace.len()..];
    is_plain_local_name(local).then_some((prefix, local))
}

/// A local name that Turtle takes without escapes; stricter than the grammar.
fn is_plain_local_name(local: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'%');
    let bytes = local.as_bytes();
    let percent_is_whole = |at: usize| {
        bytes[at] != b'%' || bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    };
    !local.is_empty()
        && !local.starts_with(['-', '.'])
        && !local.ends_with('.')
        && bytes.iter().all(|&byte| plain(byte))
        && (0..bytes.len()).all(percent_is_whole)
}

pub(super) fn push_text(line: &mut String, text: &str) {
    use std::fmt::Write as _;
    line.push('"');
    for character in text.chars() {
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            control if control.is_control() => {
                write!(line, "\\u{:04X}", u32::from(control)).expect("writing to a string cannot fail");
            }
            other => line.push(other),
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_at_most_twelve_digits_and_no_idle_zero() {
        let cases = [
            (0.75, "0.75"),
            (1.0, "1.0"),
            (-3.5, "-3.5"),
            (1.0 / 3.0, "0.33333333333"),
            (12_345.678_901_234_5, "12345.6789012"),
            (1e-20, "0.0"),
            (-1e-20, "0.0"),
            (100.0, "100.0"),
        ];
        for (value, text) in cases {
            assert_eq!(xsd_decimal(value), text);
        }
    }
}
