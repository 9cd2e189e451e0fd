//! `aligned explain`: Show the effects and the signed walks behind a response, with the sources of each step.

use std::io::{self, Write};
use std::path::PathBuf;

use aligned::biology::{
    Citation, Direction, Evidence, ExperimentCounts, GeneId, GeneTable, Perturbation, Regulation, Response, Sign,
    StatementKind,
};
use aligned::symbolic::{
    Closure, Conflict, Explanation, LISTED_WALKS, Reading, ShortestWalks, Simulator as _, Walk, effect_response,
    explain_with,
};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::knowledge_base::Knowledge;
use super::output;
use super::simulate::ReadingArgs;

/// References of one step shown in text; JSON has all.
const SHOWN_REFERENCES: usize = 6;

/// Show the effects and the signed walks behind a response, with the sources of each step.
///
/// Prints effects of the perturbed genes, which come before all walks; then the shortest walks that end in an effect and those along
/// regulations alone, up to `--walks` of each direction, and says whether they conflict.
#[derive(Args)]
pub struct ExplainArgs {
    /// The knowledge base: Turtle or N-Quads, plain or gzip.
    #[arg(long, value_name = "FILE")]
    kb: PathBuf,
    /// The perturbation: `fur-` (deletion), `fur+` (overexpression), `A-,B+` (both at once).
    #[arg(long, value_name = "GENES", allow_hyphen_values = true)]
    perturb: String,
    /// The gene whose response is to be explained.
    #[arg(long)]
    gene: String,
    #[command(flatten)]
    reading: ReadingArgs,
    /// How many shortest walks of each effect are written out; the others are counted.
    #[arg(long, value_name = "NUMBER", default_value_t = LISTED_WALKS)]
    walks: usize,
    /// A folder with `extract/*.rq` in place of the compiled-in rules.
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// How the explanation is written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Where it is written, in place of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Sentences and arrows.
    Text,
    /// One object, with everything cited for each step.
    Json,
}

/// Runs the subcommand.
pub fn run(arguments: &ExplainArgs) -> miette::Result<()> {
    let reading = arguments.reading.reading()?;
    let knowledge = Knowledge::load(&arguments.kb, arguments.rules.as_deref())?;
    let perturbation = knowledge.perturbation(&arguments.perturb, Direction::Deletion)?;
    let gene = knowledge.gene(&arguments.gene)?;
    let told = Told::new(&knowledge, perturbation, gene, arguments.reading.depth(), reading, arguments.walks);
    output::deliver(arguments.out.as_deref(), |out| match arguments.format {
        Format::Text => told.write_text(out),
        Format::Json => told.write_json(out),
    })
}

/// An explanation together with the names and citations that make it readable.
struct Told<'a> {
    knowledge: &'a Knowledge,
    perturbation: Perturbation,
    explanation: Explanation,
    reading: Reading,
    response: Response,
    /// Steps of the shortest walk beyond the depth, if no walk is within.
    beyond: Option<usize>,
}

impl<'a> Told<'a> {
    fn new(
        knowledge: &'a Knowledge,
        perturbation: Perturbation,
        gene: GeneId,
        depth: usize,
        reading: Reading,
        walks: usize,
    ) -> Self {
        let network = &knowledge.network;
        let explanation = explain_with(network, depth, &perturbation, gene, walks);
        let row = Closure::new(network, depth, reading).simulate(std::slice::from_ref(&perturbation));
        let response = row.get(0, gene).unwrap_or(Response::Unchanged);
        let beyond = explanation.is_unreached().then(|| {
            let farther = explain_with(network, Closure::MAX_DEPTH, &perturbation, gene, 0);
            farther.walks().next().map(|(_, walks)| walks.length)
        });
        Self { knowledge, perturbation, explanation, reading, response, beyond: beyond.flatten() }
    }

    fn genes(&self) -> &GeneTable {
        self.knowledge.genes()
    }

    fn symbol(&self) -> &str {
        self.genes().symbol(self.explanation.gene)
    }

    fn citation(&self, step: Regulation) -> Option<&Citation> {
        self.knowledge.base.find(step).map(|cited| &cited.citation)
    }

    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let (gene, label, depth) = (self.symbol(), self.perturbation.label(self.genes()), self.explanation.depth);
        let (naive, nearest, majority) =
            (self.explanation.naive.word(), self.explanation.nearest.word(), self.explanation.majority.word());
        writeln!(
            out,
            "{gene} under {label}: {} ({} reading, depth {depth})",
            self.response.word(),
            name(self.reading)
        )?;
        if self.explanation.perturbed.is_some() {
            return writeln!(out, "{gene} is itself perturbed: no walk enters it, its response is the perturbation.");
        }
        writeln!(out, "readings: naive {naive}, nearest {nearest}, majority {majority}")?;
        for &effect in &self.explanation.effects {
            let deed = match effect.0 {
                Direction::Deletion => "deleting",
                Direction::Overexpression => "overexpressing",
            };
            writeln!(out, "{}", self.effect(deed, effect))?;
        }
        match self.explanation.by_effects() {
            Some(Response::Ambiguous) => {
                writeln!(out, "The effects push {gene} both ways; they come before all walks.")?
            }
            Some(_) => writeln!(out, "An effect is what was seen: it comes before all walks.")?,
            None if self.explanation.follows_effect_walks() => {
                writeln!(out, "Walks that end in an effect are as short as any: they come before regulations.")?
            }
            None => {}
        }
        writeln!(out, "{}", self.verdict())?;
        for (response, walks) in &self.explanation.effect_walks {
            self.write_walks(*response, walks, StatementKind::Effect, out)?;
        }
        for (effect, walks) in self.explanation.walks() {
            self.write_walks(effect, walks, StatementKind::Regulation, out)?;
        }
        Ok(())
    }

    fn verdict(&self) -> String {
        let (gene, depth) = (self.symbol(), self.explanation.depth);
        let Some((near, shortest)) = self.explanation.walks().next() else {
            if self.explanation.by_effects().is_some() || !self.explanation.effect_walks.is_empty() {
                return format!("No walk along regulations of at most {} leads to {gene}.", counted(depth, "step"));
            }
            let farther = self.beyond.map_or_else(
                || "nor any longer one; the knowledge does not connect them".to_owned(),
                |steps| format!("the nearest takes {steps}: try `--depth {steps}`"),
            );
            return format!("No walk of at most {} leads to {gene}, {farther}.", counted(depth, "step"));
        };
        match self.explanation.conflict() {
            None => format!("No walk along regulations of at most {} says otherwise.", counted(depth, "step")),
            Some(Conflict::AtLeastLength) => format!(
                "The walks conflict: of {}, some raise {gene} and some lower it.",
                counted(shortest.length, "step")
            ),
            Some(Conflict::FartherAway) => {
                let (far, longer) = self.explanation.walks().nth(1).unwrap_or((near, shortest));
                format!(
                    "The walks conflict farther away: the shortest that {} {gene} takes {}, against {} for one that {} it.",
                    verb(far, 1),
                    counted(longer.length, "step"),
                    shortest.length,
                    verb(near, 1)
                )
            }
        }
    }

    /// `last` says what the last steps are.
    fn write_walks(
        &self,
        effect: Response,
        walks: &ShortestWalks,
        last: StatementKind,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (number, steps) = (walks.count, counted(walks.length, "step"));
        let noun = if number == 1 { "walk" } else { "walks" };
        let verb = verb(effect, number);
        let ending = match (last, number) {
            (StatementKind::Regulation, _) => "",
            (StatementKind::Effect, 1) => " that ends in an effect",
            (StatementKind::Effect, _) => " that end in an effect",
        };
        write!(out, "\n{number} shortest {noun} of {steps}{ending} {verb} {}", self.symbol())?;
        let listed = walks.listed.len();
        writeln!(out, "{}", if (listed as u64) < number { format!("; the first {listed}:") } else { ":".to_owned() })?;
        for walk in &walks.listed {
            writeln!(out, "  {}", self.drawn(walk, last))?;
            for (&step, kind) in walk.steps.iter().zip(kinds(walk, last)) {
                writeln!(out, "      {}", self.stated(step, kind))?;
            }
        }
        Ok(())
    }

    /// For example `fur↓ ⊣ entC↑`, and `crp↓ → fur↓ ⇒ entC↑` where the last step is an effect.
    fn drawn(&self, walk: &Walk, last: StatementKind) -> String {
        let arrow = |up: bool| if up { '↑' } else { '↓' };
        let mut up = walk.start == Direction::Overexpression;
        let start = walk.steps.first().map_or("", |step| self.genes().symbol(step.regulator));
        let mut drawn = format!("{start}{}", arrow(up));
        for (step, kind) in walk.steps.iter().zip(kinds(walk, last)) {
            up = up == (step.sign == Sign::Activation);
            let mark = match (kind, step.sign) {
                (StatementKind::Effect, _) => "⇒",
                (StatementKind::Regulation, Sign::Activation) => "→",
                (StatementKind::Regulation, Sign::Inhibition) => "⊣",
            };
            drawn += &format!(" {mark} {}{}", self.genes().symbol(step.target), arrow(up));
        }
        drawn
    }

    /// For example `fur inhibits entC (transcriptional): RegulonDB; PMID:123`.
    fn stated(&self, step: Regulation, kind: StatementKind) -> String {
        if kind == StatementKind::Effect {
            return self.effect("more", (Direction::Overexpression, step));
        }
        let (regulator, target) = (self.genes().symbol(step.regulator), self.genes().symbol(step.target));
        let verb = if step.sign == Sign::Activation { "activates" } else { "inhibits" };
        let Some(citation) = self.citation(step) else { return format!("{regulator} {verb} {target}") };
        let kinds = if citation.kinds.is_empty() { String::new() } else { format!(" ({})", citation.kinds.join(", ")) };
        let cited = sources(citation);
        let cited = if cited.is_empty() { "no source given".to_owned() } else { cited.join("; ") };
        format!("{regulator} {verb} {target}{kinds}: {cited}")
    }

    /// For example `deleting fur raises entC (effect; mechanism open): moved so in 2 of 2 experiments`.
    fn effect(&self, deed: &str, told: (Direction, Regulation)) -> String {
        let effect = told.1;
        let (regulator, target) = (self.genes().symbol(effect.regulator), self.genes().symbol(effect.target));
        let mut grounds =
            self.knowledge.base.find_effect(effect).map_or_else(Vec::new, |cited| sources(&cited.citation));
        let evidence = self.evidence(effect);
        grounds.extend(evidence.experiments.map(counts_in_words));
        grounds.extend(
            evidence.posterior.map(|share| format!("another experiment repeats it with probability {share:.2}")),
        );
        let grounds = if grounds.is_empty() { "no source given".to_owned() } else { grounds.join("; ") };
        format!("{deed} {regulator} {} {target} (effect; mechanism open): {grounds}", verb(effect_response(told), 1))
    }

    fn evidence(&self, effect: Regulation) -> Evidence {
        self.knowledge.base.evidence_for(StatementKind::Effect, effect).unwrap_or_default()
    }

    fn effect_json(&self, told: (Direction, Regulation)) -> EffectJson<'_> {
        let effect = told.1;
        let evidence = self.evidence(effect);
        EffectJson {
            perturbed: told.0,
            regulator: self.genes().symbol(effect.regulator),
            target: self.genes().symbol(effect.target),
            sign: effect.sign,
            response: effect_response(told),
            posterior: evidence.posterior,
            log_likelihood_ratio: evidence.log_likelihood_ratio,
            experiments: evidence.experiments,
            citation: self.knowledge.base.find_effect(effect).map(|cited| &cited.citation),
        }
    }

    fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let json = |effect, walks: &ShortestWalks, last| WalksJson {
            effect,
            last_step: last,
            length: walks.length,
            count: walks.count,
            listed: walks.listed.iter().map(|walk| self.walk_json(walk, last)).collect(),
        };
        let through = self.explanation.effect_walks.iter();
        let through = through.map(|(effect, walks)| json(*effect, walks, StatementKind::Effect));
        let along = self.explanation.walks().map(|(effect, walks)| json(effect, walks, StatementKind::Regulation));
        let explanation = ExplanationJson {
            perturbation: self.perturbation.label(self.genes()),
            gene: self.symbol(),
            depth: self.explanation.depth,
            reading: self.reading,
            response: self.response,
            naive: self.explanation.naive,
            nearest: self.explanation.nearest,
            majority: self.explanation.majority,
            perturbed: self.explanation.perturbed,
            conflict: self.explanation.conflict(),
            beyond_depth: self.beyond,
            effects: self.explanation.effects.iter().map(|&effect| self.effect_json(effect)).collect(),
            walks: through.chain(along).collect(),
        };
        serde_json::to_writer_pretty(&mut *out, &explanation)?;
        writeln!(out)
    }

    fn walk_json(&self, walk: &Walk, last: StatementKind) -> WalkJson<'_> {
        let step = |(&step, kind): (&Regulation, StatementKind)| StepJson {
            regulator: self.genes().symbol(step.regulator),
            target: self.genes().symbol(step.target),
            sign: step.sign,
            citation: match kind {
                StatementKind::Regulation => self.citation(step),
                StatementKind::Effect => self.knowledge.base.find_effect(step).map(|cited| &cited.citation),
            },
        };
        WalkJson { start: walk.start, steps: walk.steps.iter().zip(kinds(walk, last)).map(step).collect() }
    }
}

#[derive(Serialize)]
struct ExplanationJson<'a> {
    perturbation: String,
    gene: &'a str,
    depth: usize,
    reading: Reading,
    response: Response,
    naive: Response,
    nearest: Response,
    majority: Response,
    perturbed: Option<Direction>,
    conflict: Option<Conflict>,
    beyond_depth: Option<usize>,
    effects: Vec<EffectJson<'a>>,
    walks: Vec<WalksJson<'a>>,
}

#[derive(Serialize)]
struct EffectJson<'a> {
    perturbed: Direction,
    regulator: &'a str,
    target: &'a str,
    sign: Sign,
    response: Response,
    posterior: Option<f64>,
    log_likelihood_ratio: Option<f64>,
    experiments: Option<ExperimentCounts>,
    citation: Option<&'a Citation>,
}

#[derive(Serialize)]
struct WalksJson<'a> {
    effect: Response,
    last_step: StatementKind,
    length: usize,
    count: u64,
    listed: Vec<WalkJson<'a>>,
}

#[derive(Serialize)]
struct WalkJson<'a> {
    start: Direction,
    steps: Vec<StepJson<'a>>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    regulator: &'a str,
    target: &'a str,
    sign: Sign,
    citation: Option<&'a Citation>,
}

/// What each step of a walk is: regulations, and the `last` as said.
fn kinds(walk: &Walk, last: StatementKind) -> impl Iterator<Item = StatementKind> {
    let before = walk.steps.len().saturating_sub(1);
    std::iter::repeat_n(StatementKind::Regulation, before).chain([last])
}

const fn name(reading: Reading) -> &'static str {
    match reading {
        Reading::Naive => "naive",
        Reading::Nearest => "nearest",
        Reading::Majority { .. } => "majority",
    }
}

const fn verb(effect: Response, number: u64) -> &'static str {
    match (effect, number) {
        (Response::Up, 1) => "raises",
        (Response::Up, _) => "raise",
        (_, 1) => "lowers",
        (_, _) => "lower",
    }
}

fn sources(citation: &Citation) -> Vec<String> {
    let sources = (!citation.sources.is_empty()).then(|| citation.sources.join(", "));
    let references = (!citation.references.is_empty()).then(|| first_of(&citation.references));
    sources.into_iter().chain(references).collect()
}

/// For example `moved so in 2 of 3 experiments, the other way in 1`.
fn counts_in_words(counts: ExperimentCounts) -> String {
    let all = counted(counts.total() as usize, "experiment");
    let opposing = if counts.opposing == 0 { String::new() } else { format!(", the other way in {}", counts.opposing) };
    format!("moved so in {} of {all}{opposing}", counts.agreeing)
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn first_of(references: &[String]) -> String {
    let shown = references.iter().take(SHOWN_REFERENCES).map(String::as_str).collect::<Vec<_>>().join(", ");
    match references.len().saturating_sub(SHOWN_REFERENCES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
