//! How attractors are shown: as text, as JSON and as rows.

use std::io::{self, Write};

use aligned::biology::GeneTable;
use aligned::symbolic::{Attractor, Attractors, Share, Subspace, Update, mark};
use serde_json::{Value, json};

use super::output::padded;

/// Most genes whose values the table shows, and most attractors next to each other.
const MOST_GENES: usize = 60;
const MOST_COLUMNS: usize = 12;
/// Longest number of states written out in the table.
const LONGEST: usize = 20;

/// An answer with the names that it is about.
pub struct Shown<'a> {
    /// Name of the model or knowledge base.
    pub model: &'a str,
    /// Its genes.
    pub genes: &'a GeneTable,
    /// What was found.
    pub found: &'a Attractors,
    /// The dynamics asked for.
    pub update: Update,
}

impl Shown<'_> {
    const fn update(&self) -> &'static str {
        match self.update {
            Update::Sync => "synchronous",
            Update::Async => "asynchronous",
            Update::Mp => "most permissive",
        }
    }

    const fn attractors(&self) -> &'static str {
        match self.update {
            Update::Mp => "minimal trap spaces",
            _ => "attractors",
        }
    }
}

/// A summary, a row for each attractor, and a matrix of genes if they are few.
pub fn table(shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
    let found = shown.found;
    writeln!(out, "model         {}, {} genes, {} free", shown.model, shown.genes.len(), found.free)?;
    writeln!(out, "dynamics      {}", shown.update())?;
    writeln!(out, "answer        {}", found.completeness)?;
    writeln!(out, "fixed points  {}", found.fixed_points)?;
    writeln!(out, "all           {} {}", found.all, shown.attractors())?;
    if found.basin_states > 0 && !found.listed.is_empty() {
        let unsettled = match found.unsettled {
            0 => String::new(),
            some => format!("; {some} led to none of those listed"),
        };
        writeln!(out, "basins        from {} states{unsettled}", found.basin_states)?;
    }
    if found.listed.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{:>4}  {:<11}  {:>20}  {:>6}  {:<24}", "", "kind", "states", "free", "basin (95 %)")?;
    for (index, attractor) in found.listed.iter().enumerate() {
        let states = if attractor.states.len() > LONGEST {
            format!("{:.3e}", attractor.states.parse::<f64>().unwrap_or(f64::INFINITY))
        } else {
            attractor.states.clone()
        };
        let note = if attractor.is_certified { "" } else { "  not certified: it may hold a smaller one" };
        let basin = attractor.basin.map_or_else(|| "-".to_owned(), told);
        let (kind, free) = (attractor.kind.word(), attractor.space.n_free());
        let line = format!("{:>4}  {kind:<11}  {states:>20}  {free:>6}  {basin:<24}{note}", index + 1);
        writeln!(out, "{}", line.trim_end())?;
    }
    if shown.genes.len() <= MOST_GENES {
        genes(shown, out)?;
    }
    Ok(())
}

fn told(share: Share) -> String {
    if share.low == share.high {
        return format!("{:.4}", share.share);
    }
    format!("{:.4} ({:.4}, {:.4})", share.share, share.low, share.high)
}

fn genes(shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
    let width = shown.genes.iter().map(|(_, gene)| gene.symbol.chars().count()).max().unwrap_or(0).max(4);
    let columns = shown.found.listed.len().min(MOST_COLUMNS);
    write!(out, "\n{}", padded("gene", width))?;
    (1..=columns).try_for_each(|column| write!(out, " {column:>3}"))?;
    writeln!(out)?;
    for (id, gene) in shown.genes.iter() {
        write!(out, "{}", padded(&gene.symbol, width))?;
        for attractor in &shown.found.listed[..columns] {
            write!(out, "   {}", mark(attractor.space.value(id.index())))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The whole answer as one object.
pub fn json(shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
    let found = shown.found;
    let answer = json!({
        "model": shown.model,
        "genes": shown.genes.len(),
        "free_genes": found.free,
        "update": shown.update(),
        "complete": found.completeness.is_complete(),
        "completeness": found.completeness.to_string(),
        "fixed_points": { "number": found.fixed_points.digits, "at_least": found.fixed_points.is_at_least },
        "attractors": { "number": found.all.digits, "at_least": found.all.is_at_least },
        "basin_states": found.basin_states,
        "unsettled": found.unsettled,
        "listed": found.listed.iter().map(|attractor| object(attractor, shown.genes)).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &answer)?;
    writeln!(out)
}

fn object(attractor: &Attractor, genes: &GeneTable) -> Value {
    let values = |space: &Subspace| -> Value {
        let fixed = genes
            .iter()
            .filter_map(|(id, gene)| Some((gene.symbol.clone(), Value::from(u8::from(space.value(id.index())?)))));
        Value::Object(fixed.collect())
    };
    let free: Vec<&str> = genes
        .iter()
        .filter(|(id, _)| attractor.space.value(id.index()).is_none())
        .map(|(_, g)| g.symbol.as_str())
        .collect();
    json!({
        "kind": attractor.kind.word(),
        "states": attractor.states,
        "certified": attractor.is_certified,
        "basin": attractor.basin,
        "fixed": values(&attractor.space),
        "free": free,
        "cycle": attractor.cycle.iter().map(values).collect::<Vec<_>>(),
    })
}

/// A row for each attractor, a column for each gene.
pub fn tsv(shown: &Shown<'_>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "attractor\tkind\tstates\tcertified\tbasin\tlow\thigh")?;
    for (_, gene) in shown.genes.iter() {
        write!(out, "\t{}", gene.symbol.replace(['\t', '\n', '\r'], " "))?;
    }
    writeln!(out)?;
    for (index, attractor) in shown.found.listed.iter().enumerate() {
        write!(out, "{}\t{}\t{}\t{}", index + 1, attractor.kind.word(), attractor.states, attractor.is_certified)?;
        match attractor.basin {
            Some(Share { share, low, high }) => write!(out, "\t{share:.4}\t{low:.4}\t{high:.4}")?,
            None => write!(out, "\t\t\t")?,
        }
        for gene in 0..attractor.space.n_genes() {
            write!(out, "\t{}", mark(attractor.space.value(gene)))?;
        }
        writeln!(out)?;
    }
    if !shown.found.completeness.is_complete() {
        tracing::warn!("{}", shown.found.completeness);
    }
    Ok(())
}
