//! Neuro-symbolic refinement of gene-regulatory knowledge.
//!
//! A knowledge base of signed regulations and a table of perturbation experiments go in; out come a refined knowledge
//! base, the evidence for each revision and a balanced-consistency report. Read the rooms from the ground up:
//! [`biology`] has the words, [`network`], [`knowledge`], [`datasets`] and [`metrics`] the materials, [`symbolic`],
//! [`prediction`], [`adaptor`] and [`refinement`] the engines, [`exchange`] the formats of others, [`pipeline`] the loop,
//! [`report`] what is told of it.

pub mod adaptor;
pub mod biology;
pub mod datasets;
pub mod evidence;
pub mod exchange;
pub mod knowledge;
pub mod metrics;
pub mod network;
pub mod pipeline;
pub mod prediction;
pub mod progress;
pub mod refinement;
pub mod report;
pub mod symbolic;
