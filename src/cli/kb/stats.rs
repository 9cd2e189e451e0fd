//! `aligned kb stats`: A knowledge base in figures.

use std::fmt::Write as _;
use std::path::PathBuf;

use aligned::biology::{GeneId, Sign};
use aligned::knowledge::{CitationSummary, KnowledgeBase};
use aligned::network::statistics::{NetworkStatistics, Quantiles};
use aligned::study::knowledge_base::network_of;
use clap::{Args, ValueEnum};
use miette::Result;
use serde_json::{Value, json};

use super::{Source, output};

/// A knowledge base in figures: genes, regulations, degrees, feedback, sources, evidence.
///
/// All figures are of what is in force: what an applied revision took out does not count. Degrees, components and feedback are those of
/// regulations; effects are no steps.
#[derive(Args)]
#[command(after_help = "Example:\n  aligned kb stats --kb knowledge/toy.ttl")]
pub struct StatsArgs {
    #[command(flatten)]
    source: Source,
    /// Genes in each list of the most connected ones.
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// Feedback loops of at most this many regulations are counted.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=12))]
    loop_length: u8,
    /// How it is told.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Where it is written, in place of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Lines for people.
    Text,
    /// One object.
    Json,
}

/// Runs the subcommand.
pub fn run(arguments: &StatsArgs) -> Result<()> {
    let (input, base) = arguments.source.read()?;
    let network = network_of(base.genes().len(), &base);
    let statistics = NetworkStatistics::of(&network, arguments.top, arguments.loop_length.into());
    let cited = [CitationSummary::of(base.regulations()), CitationSummary::of(base.effects())];
    let both_signs = both_signs(&base);
    let figures = Figures { name: input.name(), base: &base, statistics, cited, both_signs };
    let text = match arguments.format {
        Format::Text => figures.text(),
        Format::Json => format!("{:#}\n", figures.json()),
    };
    output::deliver(arguments.out.as_deref(), |out| out.write_all(text.as_bytes()))
}

/// Pairs of genes with both signs, in order.
fn both_signs(base: &KnowledgeBase) -> Vec<(GeneId, GeneId)> {
    let regulations = base.regulations().iter().map(|cited| cited.regulation);
    let both = regulations
        .filter(|regulation| regulation.sign == Sign::Activation && base.find(regulation.flipped()).is_some());
    both.map(|regulation| (regulation.regulator, regulation.target)).collect()
}

struct Figures<'a> {
    name: String,
    base: &'a KnowledgeBase,
    statistics: NetworkStatistics,
    /// Of regulations, of effects.
    cited: [CitationSummary; 2],
    both_signs: Vec<(GeneId, GeneId)>,
}

impl Figures<'_> {
    fn symbol(&self, gene: GeneId) -> &str {
        self.base.genes().symbol(gene)
    }

    fn json(&self) -> Value {
        let NetworkStatistics { counts, loops, components, .. } = &self.statistics;
        let ranked = |list: &[(GeneId, usize)]| -> Vec<Value> {
            list.iter().map(|&(gene, count)| json!({ "gene": self.symbol(gene), "count": count })).collect()
        };
        let both: Vec<Value> = self
            .both_signs
            .iter()
            .map(|&(regulator, target)| json!({ "regulator": self.symbol(regulator), "target": self.symbol(target) }))
            .collect();
        let core: Vec<&str> = self.statistics.feedback_core.iter().map(|&gene| self.symbol(gene)).collect();
        json!({
            "file": self.name,
            "rdf_statements": self.base.n_statements(),
            "genes": counts.genes,
            "genes_without_regulation": counts.isolated,
            "regulators": counts.regulators,
            "targets": counts.targets,
            "regulations": counts.regulations,
            "activations": counts.activations,
            "inhibitions": counts.inhibitions,
            "self_regulations": counts.self_regulations,
            "effects": self.base.effects().len(),
            "both_signs": both,
            "targets_per_regulator": self.statistics.targets_per_regulator,
            "regulators_per_target": self.statistics.regulators_per_target,
            "hubs": ranked(&self.statistics.hubs),
            "most_regulated": ranked(&self.statistics.most_regulated),
            "components": components,
            "feedback_core": core,
            "feedback_loops": loops,
            "cited_for_regulations": cited_json(&self.cited[0]),
            "cited_for_effects": cited_json(&self.cited[1]),
        })
    }

    fn text(&self) -> String {
        let NetworkStatistics { counts, loops, components, feedback_core, .. } = &self.statistics;
        let mut rows: Vec<(&str, String)> = Vec::new();
        rows.push(("genes", format!("{}, {} without regulation", counts.genes, counts.isolated)));
        rows.push(("regulators, targets", format!("{}, {}", counts.regulators, counts.targets)));
        let signs = format!("{} activations, {} inhibitions", counts.activations, counts.inhibitions);
        rows.push(("regulations", format!("{}: {signs}", counts.regulations)));
        rows.push(("effects", self.base.effects().len().to_string()));
        rows.push(("self-regulation", counts.self_regulations.to_string()));
        let pairs = self.both_signs.iter().map(|&(a, b)| format!("{} {}", self.symbol(a), self.symbol(b)));
        rows.push(("pairs with both signs", listed(self.both_signs.len(), pairs)));
        rows.push(("targets per regulator", spread(&self.statistics.targets_per_regulator)));
        rows.push(("regulators per target", spread(&self.statistics.regulators_per_target)));
        rows.push(("most targets", self.ranked(&self.statistics.hubs)));
        rows.push(("most regulators", self.ranked(&self.statistics.most_regulated)));
        rows.push(("components", listed(components.len(), components.iter().map(ToString::to_string))));
        let core = feedback_core.iter().map(|&gene| self.symbol(gene).to_owned());
        rows.push(("feedback core", listed(feedback_core.len(), core)));
        let more = if loops.complete { "" } else { ", and more" };
        let length = loops.max_length;
        let told = format!("{} positive, {} negative{more} (length at most {length})", loops.positive, loops.negative);
        rows.push(("feedback loops", told));
        cited_rows(&self.cited[0], &mut rows);
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let mut text = format!("{}\n", self.name);
        for (name, value) in rows {
            let _ = writeln!(text, "  {}  {value}", output::padded(name, width));
        }
        text
    }

    fn ranked(&self, list: &[(GeneId, usize)]) -> String {
        let told: Vec<_> = list.iter().map(|&(gene, count)| format!("{} {count}", self.symbol(gene))).collect();
        if told.is_empty() { "none".to_owned() } else { told.join(", ") }
    }
}

fn spread(quantiles: &Quantiles) -> String {
    let Quantiles { least, lower_quartile, median, upper_quartile, ninth_decile, largest, .. } = quantiles;
    format!(
        "least {least}, quartiles {lower_quartile} {median} {upper_quartile}, 90 % {ninth_decile}, largest {largest}"
    )
}

/// The number of things with the first of them.
fn listed(count: usize, names: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<_> = names.take(SHOWN).collect();
    match count {
        0 => "0".to_owned(),
        _ if count > SHOWN => format!("{count}: {}, …", shown.join(", ")),
        _ => format!("{count}: {}", shown.join(", ")),
    }
}

fn cited_rows(cited: &CitationSummary, rows: &mut Vec<(&str, String)>) {
    let named =
        |list: &[(String, usize)]| listed(list.len(), list.iter().map(|(name, count)| format!("{name} ({count})")));
    rows.push(("kinds", named(&cited.kinds)));
    rows.push(("sources", named(&cited.sources)));
    rows.push(("references", cited.references.to_string()));
    rows.push(("without source", cited.without_source.to_string()));
    rows.push(("without reference", cited.without_reference.to_string()));
    let records = format!("{} behind {} regulations", cited.evidence_records, cited.with_evidence_count);
    rows.push(("evidence records", records));
    rows.push(("with confidence", cited.with_confidence.to_string()));
}

fn cited_json(cited: &CitationSummary) -> Value {
    let named = |list: &[(String, usize)]| -> Vec<Value> {
        list.iter().map(|(name, count)| json!({ "name": name, "statements": count })).collect()
    };
    json!({
        "statements": cited.statements,
        "sources": named(&cited.sources),
        "kinds": named(&cited.kinds),
        "references": cited.references,
        "without_source": cited.without_source,
        "without_reference": cited.without_reference,
        "evidence_records": cited.evidence_records,
        "with_evidence_count": cited.with_evidence_count,
        "with_confidence": cited.with_confidence,
    })
}
