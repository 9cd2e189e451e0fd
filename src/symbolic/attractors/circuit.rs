//! The update functions of all genes as one circuit of counting gates.
//!
//! A gate is on if at least `needs` of its children are: one makes it an *or*, all an *and*, and what lies between a threshold.
//! Children are literals (a gene has a value) or gates made before. Negations stand at the literals alone, so that the gates of
//! a unate rule, each gene of which appears with one value, tell exactly what the rule *can* become in a subspace.

use super::space::Subspace;

/// No gate.
pub(super) const NO_GATE: u32 = u32::MAX;

/// That a gene has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal(u32);

impl Literal {
    pub(super) fn new(gene: usize, value: bool) -> Self {
        Self(narrow(gene) << 1 | u32::from(value))
    }

    pub(super) const fn gene(self) -> usize {
        (self.0 >> 1) as usize
    }

    pub(super) const fn value(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Gates in which each comes after its children, those of one gene side by side.
#[derive(Clone, Debug)]
pub(super) struct Circuit {
    needs: Vec<u32>,
    sizes: Vec<u32>,
    parents: Vec<u32>,
    owners: Vec<u32>,
    literal_starts: Vec<u32>,
    literals: Vec<Literal>,
    on: Vec<u32>,
    /// The gate that is on where the rule is off, for rules that are not unate.
    off: Vec<u32>,
    gate_starts: Vec<u32>,
    use_starts: Vec<u32>,
    /// Gate and value of each literal, by gene.
    uses: Vec<u32>,
}

/// How the gates of a gene are to be read to learn whether its rule can become a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The gate whose value is asked for.
    pub(super) root: u32,
    /// Every literal negated, every gate in need of `size − needs + 1` children: the rule's complement.
    pub(super) is_dual: bool,
}

impl Circuit {
    pub(super) fn n_genes(&self) -> usize {
        self.on.len()
    }

    pub(super) fn n_gates(&self) -> usize {
        self.needs.len()
    }

    pub(super) fn parent(&self, gate: usize) -> u32 {
        self.parents[gate]
    }

    pub(super) fn owner(&self, gate: usize) -> usize {
        self.owners[gate] as usize
    }

    pub(super) fn needs(&self, gate: usize, is_dual: bool) -> u32 {
        if is_dual { self.sizes[gate] + 1 - self.needs[gate] } else { self.needs[gate] }
    }

    pub(super) fn size(&self, gate: usize) -> u32 {
        self.sizes[gate]
    }

    pub(super) fn literals(&self, gate: usize) -> &[Literal] {
        &self.literals[self.literal_starts[gate] as usize..self.literal_starts[gate + 1] as usize]
    }

    /// The gates of a gene, children first.
    pub(super) fn gates_of(&self, gene: usize) -> std::ops::Range<usize> {
        self.gate_starts[gene] as usize..self.gate_starts[gene + 1] as usize
    }

    /// The gate that is on where the rule of a gene is.
    pub(super) fn on(&self, gene: usize) -> u32 {
        self.on[gene]
    }

    pub(super) fn reading(&self, gene: usize, value: bool) -> Reading {
        match (value, self.off[gene]) {
            (true, _) => Reading { root: self.on[gene], is_dual: false },
            (false, NO_GATE) => Reading { root: self.on[gene], is_dual: true },
            (false, root) => Reading { root, is_dual: false },
        }
    }

    /// The gates that name a gene, each with the value that it names.
    pub(super) fn uses(&self, gene: usize) -> impl Iterator<Item = (usize, bool)> + '_ {
        let range = self.use_starts[gene] as usize..self.use_starts[gene + 1] as usize;
        self.uses[range].iter().map(|&entry| ((entry >> 1) as usize, entry & 1 == 1))
    }

    /// Whether the rule of `gene` can become `value` somewhere in a subspace.
    pub(super) fn can_become(&self, gene: usize, value: bool, space: &Subspace) -> bool {
        let Reading { root, is_dual } = self.reading(gene, value);
        let gates = self.gates_of(gene);
        let first = gates.start;
        let mut on_children = vec![0_u32; gates.len()];
        for gate in gates {
            let can = |literal: &&Literal| space.may_be(literal.gene(), literal.value() != is_dual);
            let from_literals = narrow(self.literals(gate).iter().filter(can).count());
            let is_on = on_children[gate - first] + from_literals >= self.needs(gate, is_dual);
            if gate == root as usize {
                return is_on;
            }
            let parent = self.parents[gate];
            if is_on && parent != NO_GATE {
                on_children[parent as usize - first] += 1;
            }
        }
        false
    }

    /// Genes fixed by rules that cannot become but one value, and by what follows from these, in a space that is a trap.
    pub(super) fn with_constants(&self, mut space: Subspace) -> Subspace {
        let mut waiting: Vec<usize> = (0..self.n_genes()).rev().collect();
        while let Some(gene) = waiting.pop() {
            if space.value(gene).is_some() {
                continue;
            }
            let fixed = [true, false].into_iter().find(|&value| !self.can_become(gene, !value, &space));
            if let Some(value) = fixed {
                space.fix(gene, value);
                waiting.extend(self.uses(gene).map(|(gate, _)| self.owner(gate)));
            }
        }
        space
    }
}

/// Makes a circuit gene by gene.
#[derive(Debug)]
pub(super) struct Builder {
    circuit: Circuit,
}

impl Builder {
    pub(super) fn new() -> Self {
        let circuit = Circuit {
            needs: Vec::new(),
            sizes: Vec::new(),
            parents: Vec::new(),
            owners: Vec::new(),
            literal_starts: vec![0],
            literals: Vec::new(),
            on: Vec::new(),
            off: Vec::new(),
            gate_starts: vec![0],
            use_starts: Vec::new(),
            uses: Vec::new(),
        };
        Self { circuit }
    }

    /// The gene whose gates are being made.
    pub(super) fn gene(&self) -> usize {
        self.circuit.on.len()
    }

    /// A gate over literals and gates, which thereby get their one parent.
    pub(super) fn gate(&mut self, needs: usize, literals: impl IntoIterator<Item = Literal>, gates: &[u32]) -> u32 {
        let circuit = &mut self.circuit;
        let made = narrow(circuit.needs.len());
        let before = circuit.literals.len();
        circuit.literals.extend(literals);
        circuit.literal_starts.push(narrow(circuit.literals.len()));
        circuit.needs.push(narrow(needs));
        circuit.sizes.push(narrow(circuit.literals.len() - before + gates.len()));
        circuit.parents.push(NO_GATE);
        circuit.owners.push(narrow(circuit.on.len()));
        for &gate in gates {
            circuit.parents[gate as usize] = made;
        }
        made
    }

    pub(super) fn any(&mut self, literals: impl IntoIterator<Item = Literal>, gates: &[u32]) -> u32 {
        self.gate(1, literals, gates)
    }

    pub(super) fn all(&mut self, literals: impl IntoIterator<Item = Literal>, gates: &[u32]) -> u32 {
        let made = self.gate(0, literals, gates);
        self.circuit.needs[made as usize] = self.circuit.sizes[made as usize];
        made
    }

    /// A gate that is always on, or never.
    pub(super) fn constant(&mut self, value: bool) -> u32 {
        self.gate(usize::from(!value), [], &[])
    }

    /// Ends the gates of a gene: `on` tells its rule; `off` the complement of one that is not unate.
    pub(super) fn end_gene(&mut self, on: u32, off: Option<u32>) {
        self.circuit.on.push(on);
        self.circuit.off.push(off.unwrap_or(NO_GATE));
        self.circuit.gate_starts.push(narrow(self.circuit.needs.len()));
    }

    pub(super) fn finish(mut self) -> Circuit {
        let circuit = &mut self.circuit;
        let mut starts = vec![0_u32; circuit.on.len() + 1];
        for literal in &circuit.literals {
            starts[literal.gene() + 1] += 1;
        }
        for gene in 0..circuit.on.len() {
            starts[gene + 1] += starts[gene];
        }
        let mut next = starts.clone();
        let mut uses = vec![0; circuit.literals.len()];
        for gate in 0..circuit.needs.len() {
            for literal in circuit.literals(gate) {
                let place = &mut next[literal.gene()];
                uses[*place as usize] = narrow(gate) << 1 | u32::from(literal.value());
                *place += 1;
            }
        }
        (circuit.use_starts, circuit.uses) = (starts, uses);
        self.circuit
    }
}

pub(super) fn narrow(number: usize) -> u32 {
    u32::try_from(number).expect("a network has fewer than 2^32 genes, gates and regulations")
}
