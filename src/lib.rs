//! Neuro-symbolic refinement of gene-regulatory knowledge: which regulations must change, and why.
//!
//! A knowledge base of signed regulations and a table of perturbation experiments go in. Out come a refined knowledge base, the
//! evidence for each revision, and scores on held-out experiments.
//!
//! ```
//! use aligned::biology::{Perturbation, Response};
//! use aligned::knowledge::KnowledgeBase;
//! use aligned::network::RegulatoryNetwork;
//! use aligned::symbolic::{Closure, Reading, Simulator};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = "knowledge/ecoli_core.ttl";
//! let base = KnowledgeBase::parse(&std::fs::read(file)?, file)?;
//! let genes = base.genes();
//! let known = base.regulations().iter().map(|cited| cited.regulation);
//! let network = RegulatoryNetwork::new(genes.len(), known);
//!
//! // Fur represses entC: when fur is deleted, entC should rise.
//! let deletion = Perturbation::deletion(genes.resolve("fur")?);
//! let expected = Closure::new(&network, 5, Reading::Nearest).simulate(&[deletion]);
//! assert_eq!(expected.get(0, genes.resolve("entC")?), Some(Response::Up));
//! # Ok(())
//! # }
//! ```
//!
//! Start at [`study`] for what a command does, from files to files. Read the modules from the ground up for the parts: [`biology`]
//! has the words; [`network`], [`knowledge`], [`datasets`] and [`metrics`] the materials; [`symbolic`], [`prediction`],
//! [`evidence`], [`adaptor`] and [`refinement`] the engines; [`pipeline`] the loop; [`evaluation`] and [`recovery`] ask how good it
//! is; [`exchange`] has the formats of others and [`report`] what is written of a run. The seven programs in `examples/` are lessons
//! in the same order; `docs/library.md` says where to start for what, `docs/method.md` has the formulas.

pub mod adaptor;
pub mod biology;
pub mod datasets;
pub mod evaluation;
pub mod evidence;
pub mod exchange;
pub mod knowledge;
pub mod metrics;
pub mod network;
pub mod pipeline;
pub mod prediction;
pub mod progress;
pub mod recovery;
pub mod refinement;
pub mod report;
pub mod study;
pub mod symbolic;
