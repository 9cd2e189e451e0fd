//! SIF of Cytoscape, and the prior knowledge networks (PKN) of CellNOpt, which are SIF with `1` and `-1`.
//!
//! One line is `A activates B`, with tabs between, and any number of targets; a gene alone stands on a line of its own. Effects
//! are `raises` and `lowers`. In a PKN several genes may act together through a gate named `and1`, `and2`, …: each is then read
//! as acting on what the gate acts on.
//!
//! # Reference
//! Terfve et al. 2012, *BMC Syst Biol* 6:133, doi:10.1186/1752-0509-6-133 (CellNOpt).

use std::collections::BTreeMap;

use super::attributes::{meaning_of, verb};
use super::cited_network::Gathered;
use super::{CitedNetwork, ExchangeError, Losses, Lost, NetworkRead, Part, at_line, shown, text};
use crate::biology::{Citation, Regulation, Sign, StatementKind};

struct Row<'a> {
    regulator: &'a str,
    kind: StatementKind,
    signs: &'static [Sign],
    target: &'a str,
}

/// Rows with a sign, and genes that stand alone.
fn rows<'a>(part: Part<'a>, losses: &mut Losses) -> Result<(Vec<Row<'a>>, Vec<&'a str>), ExchangeError> {
    let text = text(part)?;
    let (mut rows, mut alone) = (Vec::new(), Vec::new());
    let tabs = text.contains('\t');
    for (line, content) in (1..).zip(text.lines()) {
        let words: Vec<&str> = if tabs {
            content.trim_end_matches(['\t', '\r']).split('\t').map(str::trim).collect()
        } else {
            content.split_whitespace().collect()
        };
        match words.as_slice() {
            [] | [""] => {}
            [gene] => alone.push(*gene),
            [regulator, word, targets @ ..] if !targets.is_empty() && !words.contains(&"") => {
                let (kind, signs) = meaning_of(word);
                if signs.is_empty() {
                    losses.add(Lost::Unsigned(shown(word)), targets.len());
                }
                alone.extend([*regulator].iter().chain(targets).filter(|_| signs.is_empty()));
                rows.extend(targets.iter().map(|target| Row { regulator, kind, signs, target }));
            }
            _ => {
                let problem = format!(
                    "`{}` is not a line of SIF; write `A activates B`, `A inhibits B` or a gene alone, with tabs or blanks between",
                    shown(content)
                );
                return Err(at_line(part, line, problem));
            }
        }
    }
    Ok((rows, alone))
}

pub(super) fn read(part: Part<'_>) -> Result<NetworkRead, ExchangeError> {
    let mut losses = Losses::default();
    let (rows, alone) = rows(part, &mut losses)?;
    let mut gathered = Gathered::default();
    for row in &rows {
        state(&mut gathered, row.kind, row.regulator, row.target, row.signs);
    }
    for gene in alone {
        gathered.symbol(gene);
    }
    Ok(NetworkRead { network: gathered.finish(), losses, notes: Vec::new() })
}

fn state(gathered: &mut Gathered, kind: StatementKind, regulator: &str, target: &str, signs: &[Sign]) {
    let [regulator, target] = [regulator, target].map(|symbol| gathered.symbol(symbol));
    for &sign in signs {
        gathered.state(kind, Regulation::new(regulator, target, sign), Citation::default());
    }
}

pub(super) fn read_pkn(part: Part<'_>) -> Result<NetworkRead, ExchangeError> {
    let mut losses = Losses::default();
    let (rows, alone) = rows(part, &mut losses)?;
    let mut gathered = Gathered::default();
    let mut into_gate: BTreeMap<&str, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows.iter().filter(|row| is_gate(row.target)) {
        into_gate.entry(row.target).or_default().push(row);
    }
    for row in rows.iter().filter(|row| !is_gate(row.target)) {
        if !is_gate(row.regulator) {
            state(&mut gathered, row.kind, row.regulator, row.target, row.signs);
            continue;
        }
        losses.add(Lost::Gates, 1);
        for input in into_gate.get(row.regulator).into_iter().flatten() {
            let signs: Vec<Sign> = input.signs.iter().flat_map(|a| row.signs.iter().map(|b| a.times(*b))).collect();
            state(&mut gathered, row.kind, input.regulator, row.target, &signs);
        }
    }
    for gene in alone.into_iter().filter(|gene| !is_gate(gene)) {
        gathered.symbol(gene);
    }
    Ok(NetworkRead { network: gathered.finish(), losses, notes: Vec::new() })
}

/// `and1`, `and2`, …
fn is_gate(name: &str) -> bool {
    name.strip_prefix("and")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

pub(super) fn write(network: &CitedNetwork) -> Result<Vec<u8>, ExchangeError> {
    check_symbols(network, "SIF")?;
    let mut out = String::new();
    for (kind, cited) in network.statements() {
        let edge = cited.regulation;
        let [regulator, target] = [edge.regulator, edge.target].map(|gene| network.symbol(gene));
        push_row(&mut out, regulator, verb(kind, edge.sign), target);
    }
    let takes_part = network.taking_part(|_, _| true);
    for (_, gene) in network.genes().iter().filter(|(id, _)| !takes_part[id.index()]) {
        out.push_str(&gene.symbol);
        out.push('\n');
    }
    Ok(out.into_bytes())
}

pub(super) fn write_pkn(network: &CitedNetwork) -> Result<Vec<u8>, ExchangeError> {
    check_symbols(network, "PKN")?;
    if let Some((_, gene)) = network.genes().iter().find(|(_, gene)| is_gate(&gene.symbol)) {
        let reason = "CellNOpt takes such a name for a gate of several genes";
        return Err(ExchangeError::Symbol { symbol: gene.symbol.clone(), format: "PKN", reason });
    }
    let mut out = String::new();
    for cited in network.regulations() {
        let edge = cited.regulation;
        let [regulator, target] = [edge.regulator, edge.target].map(|gene| network.symbol(gene));
        push_row(&mut out, regulator, if edge.sign == Sign::Activation { "1" } else { "-1" }, target);
    }
    Ok(out.into_bytes())
}

fn push_row(out: &mut String, regulator: &str, word: &str, target: &str) {
    for part in [regulator, "\t", word, "\t", target, "\n"] {
        out.push_str(part);
    }
}

fn check_symbols(network: &CitedNetwork, format: &'static str) -> Result<(), ExchangeError> {
    super::check_symbols(network, format, |symbol| {
        if symbol.contains(['\t', '\n', '\r']) {
            return Some("a tab or a line break in it separates fields and rows");
        }
        (symbol.is_empty() || symbol.trim() != symbol).then_some("blanks around it are not kept")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(content: &str) -> Part<'_> {
        Part { name: "t.sif", content: content.as_bytes() }
    }

    fn written(content: &str) -> String {
        String::from_utf8(write(&read(part(content)).expect("a network").network).expect("room")).expect("text")
    }

    #[test]
    fn the_toggle_of_gata1_and_spi1_has_one_regulation_a_line_and_lone_genes_last() {
        let text = "GATA1 inhibits SPI1\nSPI1 inhibits GATA1\nGATA1 activates GATA1\nALONE\n";
        assert_eq!(written(text), "GATA1\tactivates\tGATA1\nGATA1\tinhibits\tSPI1\nSPI1\tinhibits\tGATA1\nALONE\n");
    }

    #[test]
    fn one_line_may_name_several_targets_of_fur() {
        assert_eq!(written("fur -| entC fepA\n"), "fur\tinhibits\tentC\nfur\tinhibits\tfepA\n");
    }

    #[test]
    fn a_word_without_sign_is_counted_and_a_broken_line_is_told_with_its_number() {
        let binding = read(part("A activates B\nA binds C D\n")).expect("a network");
        assert_eq!(binding.losses.count(&Lost::Unsigned("binds".to_owned())), 2);
        assert_eq!(binding.network.genes().len(), 4);
        let broken = read(part("A activates\n")).expect_err("broken").to_string();
        assert!(broken.starts_with("t.sif:1: `A activates` is not a line of SIF"), "{broken}");
    }

    #[test]
    fn effects_are_told_from_regulations() {
        let sif = "A\tactivates\tB\nA\tlowers\tB\nB\traises\tC\n";
        let network = read(part(sif)).expect("a network").network;
        assert_eq!((network.regulations().len(), network.effects().len()), (1, 2));
        assert_eq!(written(sif), sif);
    }

    #[test]
    fn genes_that_act_through_a_gate_act_on_its_target_each_with_its_sign() {
        let pkn = "EGF\t1\tEGFR\nEGFR\t1\tand1\nPTEN\t-1\tand1\nand1\t1\tAKT\nAKT\t-1\tFOXO\n";
        let read = read_pkn(part(pkn)).expect("a network");
        let written = write_pkn(&read.network).expect("room");
        let expected = "AKT\t-1\tFOXO\nEGF\t1\tEGFR\nEGFR\t1\tAKT\nPTEN\t-1\tAKT\n";
        assert_eq!(String::from_utf8(written).expect("text"), expected);
        assert_eq!(read.losses.count(&Lost::Gates), 1);
    }

    #[test]
    fn a_symbol_that_sif_cannot_hold_is_refused() {
        let mut gathered = Gathered::default();
        gathered.symbol("a\tb");
        assert!(write(&gathered.finish()).expect_err("a tab").to_string().contains("rename the gene"));
    }
}
