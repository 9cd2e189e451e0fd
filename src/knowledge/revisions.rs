//! Writing back: the knowledge base as it was read, followed by its revisions and their provenance.
//!
//! Start at [`KnowledgeBase::write_refined`]. No statement is ever taken away: a retracted regulation or effect stays in the
//! file, and the [revision](vocab) that retracts it says so. The extraction rules and ready-made questions honour that.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write;

use oxigraph::model::Term;
use sha2::{Digest, Sha256};

use super::write::{Names, Object, StatementWriter, check_genes, in_syntax, write_direct, write_ends, write_gene};
use super::{KnowledgeBase, KnowledgeError, RdfSyntax, vocab};
use crate::biology::{Entry, GeneTable, Regulation, Revision, RevisionStatus, StatementKind};

/// At most this many corrected, and this many introduced, entries of a revision are written out; their number is written in full.
pub const MAX_ENTRIES: usize = 100;

/// Where revisions come from. Holds no clock: the same input leads to the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunProvenance {
    /// Version of this software, for example `0.1.0`.
    pub tool_version: String,
    /// The files that went in.
    pub inputs: Vec<RunInput>,
    /// The effective configuration, as TOML.
    pub config_toml: String,
    /// Seed of all random draws.
    pub seed: u64,
}

/// A file that went into a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunInput {
    /// What it was used as, for example `knowledge base`.
    pub role: String,
    /// Its name, without the folders above it.
    pub file_name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl RunProvenance {
    /// Sixteen hexadecimal digits that differ between runs that differ.
    fn id(&self, first_order: u64) -> String {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        add(&self.tool_version);
        add(&self.config_toml);
        for input in &self.inputs {
            [&input.role, &input.file_name, &input.sha256].into_iter().for_each(|text| add(text));
        }
        hash.update(self.seed.to_le_bytes());
        hash.update(first_order.to_le_bytes());
        hash.finalize()[..8].iter().fold(String::new(), |mut id, byte| {
            write!(id, "{byte:02x}").expect("writing to a string cannot fail");
            id
        })
    }
}

impl KnowledgeBase {
    /// Writes the knowledge base with its revisions.
    ///
    /// In the syntax in which it was read, the text of the file comes first, byte for byte; in the other, its statements.
    /// Then follow the run, one resource for each revision with its evidence, the regulations and effects of which the
    /// revisions speak, and the direct triples of those gained by *applied* revisions. Read again, the regulations and
    /// effects are those of the network after all applied revisions, taken in order. Without revisions nothing is added.
    ///
    /// `genes` is the table of this knowledge base, perhaps longer by genes that only the data know; such a gene is
    /// written if a revision names it. `row_labels` gives the notation of each row that
    /// [`Entry::perturbation`] names, for example `fur-`.
    ///
    /// # Errors
    /// [`KnowledgeError::OtherGeneTable`], [`KnowledgeError::GeneOutsideTable`] or [`KnowledgeError::UnlabelledRow`] if
    /// the arguments do not fit together, [`KnowledgeError::GraphsNeedNQuads`] if named graphs should become Turtle,
    /// [`KnowledgeError::Write`] if `out` fails.
    pub fn write_refined(
        &self,
        genes: &GeneTable,
        revisions: &[Revision],
        row_labels: &[String],
        run: &RunProvenance,
        syntax: RdfSyntax,
        out: &mut dyn Write,
    ) -> Result<(), KnowledgeError> {
        if !syntax.can_be_continued() {
            let fill = |syntax, out: &mut dyn Write| self.write_refined(genes, revisions, row_labels, run, syntax, out);
            return in_syntax(syntax, out, fill);
        }
        self.check_revisions(genes, revisions, row_labels.len())?;
        self.write_as_read(syntax, out)?;
        if revisions.is_empty() {
            return Ok(out.flush()?);
        }
        let first_order = self.last_order() + 1;
        let names = self.names(genes);
        let run_id = run.id(first_order);
        let mut chapter =
            Chapter { base: self, genes, names, row_labels, run_id, writer: StatementWriter::new(syntax, out) };
        chapter.write(revisions, first_order, run)?;
        Ok(chapter.writer.finish()?)
    }

    fn check_revisions(&self, genes: &GeneTable, revisions: &[Revision], rows: usize) -> Result<(), KnowledgeError> {
        for (id, gene) in self.genes().iter() {
            let found = (id.index() < genes.len()).then(|| genes.symbol(id));
            if found != Some(gene.symbol.as_str()) {
                let found = found.map_or_else(|| "missing".to_owned(), |symbol| format!("`{symbol}`"));
                let (index, expected) = (id.index(), gene.symbol.clone());
                return Err(KnowledgeError::OtherGeneTable { index, expected, found });
            }
        }
        for revision in revisions {
            for regulation in spoken_of(revision) {
                check_genes(regulation, genes)?;
            }
            if let Some(gene) = revision.evidence.mediators.iter().find(|gene| gene.index() >= genes.len()) {
                return Err(KnowledgeError::GeneOutsideTable { index: gene.index(), genes: genes.len() });
            }
            for entry in revision.evidence.corrected.iter().chain(&revision.evidence.introduced) {
                let row = entry.perturbation as usize;
                if row >= rows {
                    return Err(KnowledgeError::UnlabelledRow { row, rows });
                }
                if entry.gene.index() >= genes.len() {
                    return Err(KnowledgeError::GeneOutsideTable { index: entry.gene.index(), genes: genes.len() });
                }
            }
        }
        Ok(())
    }

    fn write_as_read(&self, syntax: RdfSyntax, out: &mut dyn Write) -> Result<(), KnowledgeError> {
        if syntax != self.syntax {
            if self.statements.has_named_graphs() && !syntax.holds_graphs() {
                return Err(KnowledgeError::GraphsNeedNQuads { file: self.file.clone() });
            }
            return self.statements.write(syntax, out);
        }
        Ok(out.write_all(&self.content)?)
    }

    /// Number of the last revision in the file, 0 if there is none.
    fn last_order(&self) -> u64 {
        let number = |term: &Term| match term {
            Term::Literal(literal) => literal.value().parse().ok(),
            _ => None,
        };
        self.statements.objects_of(&vocab::aligned("order")).filter_map(number).max().unwrap_or(0)
    }

    /// IRIs for all genes of the longer table; those of this knowledge base keep theirs.
    fn names(&self, genes: &GeneTable) -> Names {
        let mut taken: HashSet<String> = self.gene_iris.iter().cloned().collect();
        let mut iris = vocab::gene_iris(genes);
        for (iri, own) in iris.iter_mut().zip(&self.gene_iris).filter(|(_, own)| !is_blank(own)) {
            own.clone_into(iri);
        }
        for iri in &mut iris[self.gene_iris.len()..] {
            while !taken.insert(iri.clone()) {
                iri.push('_');
            }
        }
        Names::from_iris(iris)
    }
}

/// What one run adds to a knowledge base.
struct Chapter<'a> {
    base: &'a KnowledgeBase,
    genes: &'a GeneTable,
    names: Names,
    row_labels: &'a [String],
    run_id: String,
    writer: StatementWriter<'a>,
}

impl Chapter<'_> {
    fn write(&mut self, revisions: &[Revision], first_order: u64, run: &RunProvenance) -> Result<(), KnowledgeError> {
        self.writer.heading(&format!("Revisions of run {}", self.run_id), &self.base.content)?;
        self.write_run(run)?;
        self.write_new_genes(revisions)?;
        for (order, revision) in (first_order..).zip(revisions) {
            self.write_revision(revision, order)?;
        }
        Ok(())
    }

    fn run(&self) -> String {
        format!("{}{}", vocab::RUN, self.run_id)
    }

    fn write_run(&mut self, run: &RunProvenance) -> Result<(), KnowledgeError> {
        let agent = format!("{}{}", vocab::SOFTWARE, vocab::percent_encoded(&run.tool_version));
        let input_iris: Vec<_> =
            (1..=run.inputs.len()).map(|number| format!("{}/input/{number}", self.run())).collect();
        self.begin(&self.run(), "Run")?;
        self.say("seed", Object::Integer(run.seed))?;
        self.say("configuration", Object::Text(&run.config_toml))?;
        for iri in &input_iris {
            self.writer.property(&prov("used"), Object::Iri(iri))?;
        }
        self.writer.property(&prov("wasAssociatedWith"), Object::Iri(&agent))?;
        self.writer.end()?;
        for (input, iri) in run.inputs.iter().zip(&input_iris) {
            self.begin(iri, "Input")?;
            self.say("role", Object::Text(&input.role))?;
            self.say("fileName", Object::Text(&input.file_name))?;
            self.say("sha256", Object::Text(&input.sha256))?;
            self.writer.end()?;
        }
        self.writer.begin(&agent)?;
        self.writer.property(vocab::RDF_TYPE, Object::Iri(&prov("SoftwareAgent")))?;
        self.writer.property(&format!("{}label", vocab::RDFS), Object::Text("aligned"))?;
        self.say("version", Object::Text(&run.tool_version))?;
        Ok(self.writer.end()?)
    }

    fn write_new_genes(&mut self, revisions: &[Revision]) -> Result<(), KnowledgeError> {
        let regulations = revisions.iter().flat_map(spoken_of);
        let mut new: Vec<_> = regulations.flat_map(|regulation| [regulation.regulator, regulation.target]).collect();
        new.extend(revisions.iter().flat_map(|revision| &revision.evidence.mediators));
        // A blank node cannot be spoken of from outside: such a gene gets an IRI, and is known again by its symbol.
        new.retain(|gene| self.base.gene_iris.get(gene.index()).is_none_or(|iri| is_blank(iri)));
        new.sort_unstable();
        new.dedup();
        for id in new {
            write_gene(&mut self.writer, self.genes.gene(id), self.names.gene(id))?;
        }
        Ok(())
    }

    fn write_revision(&mut self, revision: &Revision, order: u64) -> Result<(), KnowledgeError> {
        let iri = format!("{}{}-{order}", vocab::REVISION, self.run_id);
        self.begin(&iri, "Revision")?;
        self.say("order", Object::Integer(order))?;
        self.say("revisionKind", Object::Iri(&vocab::aligned(revision.kind.word())))?;
        self.say("statementKind", Object::Iri(&vocab::aligned(revision.statement.word())))?;
        self.say("status", Object::Iri(&vocab::aligned(status_word(revision.status))))?;
        let resource = |regulation| self.resource(revision.statement, regulation);
        let (concerned, retracted) = (resource(revision.regulation), revision.retracted().map(resource));
        let gained = revision.gained().map(resource);
        self.say("concerns", Object::Iri(&concerned))?;
        for (term, iri) in [("retracts", retracted), ("gains", gained)] {
            if let Some(iri) = iri {
                self.say(term, Object::Iri(&iri))?;
            }
        }
        self.write_evidence(revision)?;
        for number in 1..=revision.evidence.alternatives.len() {
            self.say("alternative", Object::Iri(&alternative_iri(&iri, number)))?;
        }
        self.writer.property(&prov("wasGeneratedBy"), Object::Iri(&self.run()))?;
        self.writer.end()?;
        self.write_regulations(revision, &iri)?;
        self.write_alternatives(revision, &iri)
    }

    /// The alternatives with the regulations of which they speak; none of them is in force.
    fn write_alternatives(&mut self, revision: &Revision, revision_iri: &str) -> Result<(), KnowledgeError> {
        for (number, &(kind, regulation)) in (1..).zip(&revision.evidence.alternatives) {
            self.begin(&alternative_iri(revision_iri, number), "Alternative")?;
            self.say("revisionKind", Object::Iri(&vocab::aligned(kind.word())))?;
            let kind = StatementKind::Regulation;
            self.say("concerns", Object::Iri(&self.resource(kind, regulation)))?;
            self.writer.end()?;
            self.describe(kind, regulation, self.base.holds(kind, regulation))?;
            self.writer.end()?;
        }
        Ok(())
    }

    fn write_evidence(&mut self, revision: &Revision) -> Result<(), KnowledgeError> {
        let evidence = &revision.evidence;
        self.say("corrects", Object::Integer(evidence.corrected.len() as u64))?;
        self.say("introduces", Object::Integer(evidence.introduced.len() as u64))?;
        self.say("objectiveDecrease", Object::Decimal(evidence.objective_decrease))?;
        self.say("predictedSupport", Object::Decimal(evidence.predicted))?;
        let figures =
            [("stability", evidence.stability), ("qValue", evidence.q_value), ("confidence", evidence.confidence())];
        for (term, value) in figures {
            if let Some(value) = value {
                self.say(term, Object::Decimal(value))?;
            }
        }
        let decimals = [
            ("posterior", evidence.posterior),
            ("logLikelihoodRatio", evidence.log_likelihood_ratio),
            ("baseRate", evidence.base_rate),
        ];
        for (term, value) in decimals {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                self.say(term, Object::Decimal(value))?;
            }
        }
        if let Some(counts) = evidence.experiments {
            self.say("agreeingExperiments", Object::Integer(counts.agreeing.into()))?;
            self.say("opposingExperiments", Object::Integer(counts.opposing.into()))?;
            self.say("silentExperiments", Object::Integer(counts.silent.into()))?;
        }
        for &mediator in &evidence.mediators {
            let iri = self.names.gene(mediator).to_owned();
            self.say("mediator", Object::Iri(&iri))?;
        }
        for (term, entries) in [("correctedEntry", &evidence.corrected), ("introducedEntry", &evidence.introduced)] {
            for &entry in entries.iter().take(MAX_ENTRIES) {
                self.say(term, Object::Text(&self.entry_label(entry)))?;
            }
        }
        Ok(())
    }

    fn entry_label(&self, entry: Entry) -> String {
        format!("{} {}", self.row_labels[entry.perturbation as usize], self.genes.symbol(entry.gene))
    }

    /// The statements that the revision retracts and gains, with their ends, whether or not the file had them.
    fn write_regulations(&mut self, revision: &Revision, revision_iri: &str) -> Result<(), KnowledgeError> {
        let applied = revision.status == RevisionStatus::Applied;
        let kind = revision.statement;
        if let Some(retracted) = revision.retracted() {
            let known = applied || self.base.holds(kind, retracted);
            self.describe(kind, retracted, known)?;
            self.writer.end()?;
        }
        if let Some(gained) = revision.gained() {
            self.describe(kind, gained, applied)?;
            self.say("statedBy", Object::Iri(revision_iri))?;
            self.writer.end()?;
            if applied {
                write_direct(&mut self.writer, kind, gained, &self.names)?;
            }
        }
        Ok(())
    }

    fn describe(&mut self, kind: StatementKind, statement: Regulation, held: bool) -> Result<(), KnowledgeError> {
        self.begin(&self.resource(kind, statement), class_of(kind, held))?;
        write_ends(&mut self.writer, statement, &self.names)
    }

    /// The file's own resource for a statement where it has one, else the IRI by our rule.
    fn resource(&self, kind: StatementKind, statement: Regulation) -> String {
        let own = self.base.own_resource(kind, statement).map(str::to_owned);
        own.unwrap_or_else(|| vocab::statement_iri(kind, statement, self.genes))
    }

    fn begin(&mut self, subject: &str, class: &str) -> Result<(), KnowledgeError> {
        self.writer.begin(subject)?;
        Ok(self.writer.property(vocab::RDF_TYPE, Object::Iri(&vocab::aligned(class)))?)
    }

    fn say(&mut self, term: &str, object: Object<'_>) -> Result<(), KnowledgeError> {
        Ok(self.writer.property(&vocab::aligned(term), object)?)
    }
}

/// The regulation of a revision and those of its alternatives.
fn spoken_of(revision: &Revision) -> impl Iterator<Item = Regulation> + '_ {
    let alternatives = revision.evidence.alternatives.iter().map(|&(_, regulation)| regulation);
    std::iter::once(revision.regulation).chain(alternatives)
}

const fn class_of(kind: StatementKind, held: bool) -> &'static str {
    match (kind, held) {
        (StatementKind::Regulation, true) => "Regulation",
        (StatementKind::Regulation, false) => "ProposedRegulation",
        (StatementKind::Effect, true) => "Effect",
        (StatementKind::Effect, false) => "ProposedEffect",
    }
}

fn alternative_iri(revision_iri: &str, number: usize) -> String {
    format!("{revision_iri}/alternative/{number}")
}

fn is_blank(iri: &str) -> bool {
    iri.starts_with("_:")
}

fn prov(term: &str) -> String {
    format!("{}{term}", vocab::PROV)
}

const fn status_word(status: RevisionStatus) -> &'static str {
    match status {
        RevisionStatus::Applied => "applied",
        RevisionStatus::Proposed => "proposed",
    }
}
