//! What belongs together in a patch: a revision with all that it brings, both signs of a pair of genes, a gene.
//!
//! Start at [`blocks`]. A statement that comes in stands in every block that needs it, so that any of them can be left out; one
//! that goes out and that several blocks name stands in a block of its own at the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use oxigraph::model::{Quad, Term};

use super::block::{Block, Key};
use super::content::{Content, line_of};
use super::described::{Described, Ends};
use super::wording;
use crate::knowledge::vocab;

/// The blocks that lead from one content to the other.
pub(super) fn blocks(from: &Content, to: &Content) -> Vec<Block> {
    let described = Described::new(from, to);
    let changed = described.changed();
    let grouping = Grouping::new(&described, &changed);
    let mut blocks: BTreeMap<Key, Block> = BTreeMap::new();
    for (quad, added) in &changed {
        let keys = grouping.keys_of(quad, *added);
        let keys = if !added && keys.len() > 1 { BTreeSet::from([Key::Shared]) } else { keys };
        for key in keys {
            let block = blocks.entry(key).or_default();
            if *added {
                block.added.insert(line_of(quad))
            } else {
                block.deleted.insert(line_of(quad))
            };
        }
    }
    for (key, block) in &mut blocks {
        block.comments = wording::comments(key, &described, block);
    }
    blocks.into_values().collect()
}

/// Whose block a statement stands in.
struct Grouping<'a> {
    described: &'a Described,
    /// Resources that new revisions speak of.
    by_revision: HashMap<String, BTreeSet<Key>>,
    /// Stated ends and predicate, by which a direct triple finds the revisions of its statement.
    direct_by_revision: HashMap<(Ends, String), BTreeSet<Key>>,
    /// Runs, by what they used and who carried them out.
    by_run: HashMap<String, String>,
    /// New genes and blank nodes, by the blocks that name them.
    needed_by: HashMap<String, BTreeSet<Key>>,
}

impl<'a> Grouping<'a> {
    fn new(described: &'a Described, changed: &[(&Quad, bool)]) -> Self {
        let mut grouping = Self {
            described,
            by_revision: HashMap::new(),
            direct_by_revision: HashMap::new(),
            by_run: HashMap::new(),
            needed_by: HashMap::new(),
        };
        let subjects: BTreeSet<String> = changed.iter().map(|(quad, _)| quad.subject.to_string()).collect();
        for subject in &subjects {
            grouping.take_revision(subject);
            grouping.take_run(subject);
        }
        grouping.take_needs(changed);
        grouping
    }

    fn take_revision(&mut self, subject: &str) {
        if !self.described.is_a(subject, "Revision") {
            return;
        }
        let key = Key::Revision(self.described.order(subject), subject.to_owned());
        let alternatives = self.described.resources(subject, "alternative");
        let spoken_of = |of: &str| {
            let terms = ["concerns", "retracts", "withdraws", "gains"];
            terms.into_iter().flat_map(|term| self.described.resources(of, term)).collect::<Vec<_>>()
        };
        let mut own: Vec<String> = spoken_of(subject);
        own.extend(alternatives.iter().flat_map(|alternative| spoken_of(alternative)));
        for statement in &own {
            if let Some((ends, predicate)) = self.described.ends(statement) {
                self.direct_by_revision.entry((ends, predicate)).or_default().insert(key.clone());
            }
        }
        for resource in own.into_iter().chain(alternatives) {
            self.by_revision.entry(resource).or_default().insert(key.clone());
        }
    }

    fn take_run(&mut self, subject: &str) {
        if self.described.is_a(subject, "Run") {
            for term in ["used", "wasAssociatedWith"] {
                for used in self.described.objects(subject, &format!("{}{term}", vocab::PROV)) {
                    self.by_run.entry(used.to_string()).or_insert_with(|| subject.to_owned());
                }
            }
        }
    }

    /// Walks on until no block needs more: a blank node may name another one.
    fn take_needs(&mut self, changed: &[(&Quad, bool)]) {
        loop {
            let mut found: Vec<(String, BTreeSet<Key>)> = Vec::new();
            for (quad, added) in changed {
                let object = quad.object.to_string();
                let is_wanted =
                    matches!(quad.object, Term::BlankNode(_)) || *added && self.described.is_new_gene(&object);
                if is_wanted {
                    let keys = self.keys_of(quad, *added);
                    let has = self.needed_by.get(&object);
                    if !keys.iter().all(|key| has.is_some_and(|has| has.contains(key))) {
                        found.push((object, keys));
                    }
                }
                if *added && self.described.is_direct(quad) {
                    let subject = quad.subject.to_string();
                    let keys = self.keys_of_direct(quad);
                    let has = self.needed_by.get(&subject);
                    let is_new = self.described.is_new_gene(&subject);
                    if is_new && !keys.iter().all(|key| has.is_some_and(|has| has.contains(key))) {
                        found.push((subject, keys));
                    }
                }
            }
            if found.is_empty() {
                return;
            }
            found.into_iter().for_each(|(needed, keys)| self.needed_by.entry(needed).or_default().extend(keys));
        }
    }

    fn keys_of(&self, quad: &Quad, added: bool) -> BTreeSet<Key> {
        if self.described.is_direct(quad) {
            return self.keys_of_direct(quad);
        }
        let subject = quad.subject.to_string();
        let one = |key: Key| BTreeSet::from([key]);
        if self.described.is_a(&subject, "Revision") {
            return one(Key::Revision(self.described.order(&subject), subject));
        }
        if self.described.is_a(&subject, "Run") {
            return one(Key::Run(subject));
        }
        if let Some(run) = self.by_run.get(&subject) {
            return one(Key::Run(run.clone()));
        }
        if let Some(keys) = self.by_revision.get(&subject) {
            return keys.clone();
        }
        if let Some((ends, _)) = self.described.ends(&subject) {
            return one(Key::Pair(ends));
        }
        match self.needed_by.get(&subject) {
            Some(keys) if added || subject.starts_with("_:") => keys.clone(),
            _ if self.described.is_a(&subject, "Gene") => one(Key::Gene(self.described.label(&subject), subject)),
            _ => one(Key::Rest(subject)),
        }
    }

    fn keys_of_direct(&self, quad: &Quad) -> BTreeSet<Key> {
        let ends = self.described.ends_of_direct(quad);
        let of_revisions = self.direct_by_revision.get(&(ends.clone(), quad.predicate.as_str().to_owned()));
        of_revisions.cloned().unwrap_or_else(|| BTreeSet::from([Key::Pair(ends)]))
    }
}
