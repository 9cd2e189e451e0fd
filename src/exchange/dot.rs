//! DOT of Graphviz, for pictures: arrows activate, blunt ends inhibit, effects are dashed.

use std::fmt::Write as _;

use super::CitedNetwork;
use crate::biology::{Sign, StatementKind};

pub(super) fn write(network: &CitedNetwork) -> Vec<u8> {
    let mut out = "digraph {\n".to_owned();
    for (id, gene) in network.genes().iter() {
        let label = gene.symbol.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = writeln!(out, "    {} [ label = \"{label}\" ]", id.index());
    }
    for (kind, cited) in network.statements() {
        let edge = cited.regulation;
        let arrow = match edge.sign {
            Sign::Activation => "arrowhead = normal, color = \"#1b7837\"",
            Sign::Inhibition => "arrowhead = tee, color = \"#b2182b\"",
        };
        let line = if kind == StatementKind::Effect { ", style = dashed" } else { "" };
        let _ = writeln!(out, "    {} -> {} [ {arrow}{line} ]", edge.regulator.index(), edge.target.index());
    }
    out.push_str("}\n");
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(sif: &str) -> String {
        String::from_utf8(write(&super::super::sif_network(sif))).expect("text")
    }

    #[test]
    fn inhibition_is_drawn_with_a_blunt_end_and_an_effect_dashed() {
        let dot = drawn("GATA1 inhibits SPI1\nSPI1 raises GATA1\n");
        let inhibition = dot.lines().find(|line| line.contains("0 -> 1")).expect("an edge");
        assert!(inhibition.contains("arrowhead = tee"), "{inhibition}");
        assert_eq!((dot.matches("style = dashed").count(), dot.matches("arrowhead").count()), (1, 2), "{dot}");
    }

    #[test]
    fn a_quote_in_a_symbol_cannot_leave_its_label() {
        let dot = drawn("ab\"] c [\"\tactivates\tB\n");
        assert!(dot.contains(r#"label = "ab\"] c [\"""#), "{dot}");
    }
}
