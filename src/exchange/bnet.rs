//! Boolean rules of BoolNet and PyBoolNet: `lacZ, crp & !lacI`.
//!
//! Written is the default rule of each gene, *some activator is on and no inhibitor is*; a gene without regulators is an input,
//! `crp, crp`. A regulation of a gene by itself and two of opposite sign between two genes are not part of that rule. Names of
//! letters, digits and `_` are written as they are; any other gets such a name, with a comment that says what it stands for.
//! Read is the sign of each input of a rule, see `unate.rs`.
//!
//! # Reference
//! Müssel, Hopfensitz & Kestler 2010, *Bioinformatics* 26:1378, doi:10.1093/bioinformatics/btq124.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cited_network::Gathered;
use super::unate::{Influence, default_rule, influences, is_default};
use super::{CitedNetwork, ExchangeError, Losses, Lost, NetworkRead, Part};
use crate::biology::{Citation, GeneId, Regulation, Sign, StatementKind};
use crate::symbolic::{BooleanModel, Expression};

const STANDS_FOR: &str = " stands for ";

pub(super) fn read(part: Part<'_>) -> Result<NetworkRead, ExchangeError> {
    let model = BooleanModel::parse(part.content, part.name)?;
    let genes = model.genes();
    let rules = model.rules(&genes)?;
    let symbols = symbols_told(&String::from_utf8_lossy(part.content));
    let (mut gathered, mut losses) = (Gathered::default(), Losses::default());
    let ids: Vec<GeneId> = genes
        .iter()
        .map(|(_, gene)| gathered.symbol(symbols.get(&gene.symbol).map_or(&gene.symbol, String::as_str)))
        .collect();
    for (target, rule) in rules.iter() {
        read_rule(&mut gathered, &mut losses, &ids, target, rule);
    }
    Ok(NetworkRead { network: gathered.finish(), losses, notes: Vec::new() })
}

/// The signs of one rule; the genes that it names are numbered as in `ids`.
pub(super) fn read_rule(
    gathered: &mut Gathered,
    losses: &mut Losses,
    ids: &[GeneId],
    target: GeneId,
    rule: &Expression<GeneId>,
) {
    let is_input = rule.len() == 1 && rule.genes().eq([&target]);
    if is_input {
        return;
    }
    let influences = influences(rule);
    for &(input, influence) in &influences {
        match influence {
            Influence::Signed(sign) => {
                let regulation = Regulation::new(ids[input.index()], ids[target.index()], sign);
                gathered.state(StatementKind::Regulation, regulation, Citation::default());
            }
            Influence::Both => losses.add(Lost::NonMonotone, 1),
            Influence::None => losses.add(Lost::WithoutInfluence, 1),
            Influence::Undecided => losses.add(Lost::Undecided, 1),
        }
    }
    losses.add(Lost::Functions, usize::from(!is_default(rule, &influences, target)));
}

/// What the comments say that names stand for.
fn symbols_told(text: &str) -> HashMap<String, String> {
    let told = text.lines().filter_map(|line| {
        let (name, symbol) = line.strip_prefix("# ")?.split_once(STANDS_FOR)?;
        Some((name.to_owned(), serde_json::from_str(symbol.trim()).ok()?))
    });
    let told: HashMap<String, String> = told.collect();
    // Two genes under one symbol would become one.
    let distinct: BTreeSet<&String> = told.values().collect();
    if distinct.len() == told.len() { told } else { HashMap::new() }
}

pub(super) fn write(network: &CitedNetwork, losses: &mut Losses, notes: &mut Vec<String>) -> Vec<u8> {
    let names = plain_names(network);
    let regulators = regulators(network);
    let kept: usize = regulators.values().flatten().map(Vec::len).sum();
    let by_itself = |regulation: Regulation| regulation.regulator == regulation.target;
    let of_itself = network.regulations().iter().filter(|cited| by_itself(cited.regulation)).count();
    losses.add(Lost::SelfRegulations, of_itself);
    losses.add(Lost::Conflicts, network.regulations().len() - of_itself - kept);
    let mut out =
        "# Default rule: some activator is on and no inhibitor is. A gene without regulators is an input.\n".to_owned();
    let renamed: Vec<_> = network.genes().iter().filter(|(id, gene)| names[id.index()] != gene.symbol).collect();
    for (id, gene) in &renamed {
        let symbol = serde_json::Value::from(gene.symbol.as_str());
        out.push_str(&format!("# {}{STANDS_FOR}{symbol}\n", names[id.index()]));
    }
    if let [(id, first), ..] = renamed.as_slice() {
        notes.push(format!(
            "{} of {} genes got names of letters, digits and `_`, which a comment in the file explains (`{}` for `{}`)",
            renamed.len(),
            network.genes().len(),
            names[id.index()],
            super::shown(&first.symbol),
        ));
    }
    out.push_str("targets, factors\n");
    for (id, _) in network.genes().iter() {
        let name = &names[id.index()];
        let of = |genes: &Vec<GeneId>| genes.iter().map(|gene| names[gene.index()].as_str()).collect::<Vec<_>>();
        let rule =
            regulators.get(&id).and_then(|[activators, inhibitors]| default_rule(&of(activators), &of(inhibitors)));
        out.push_str(&format!("{name}, {}\n", rule.as_ref().unwrap_or(name)));
    }
    out.into_bytes()
}

/// Activators and inhibitors of each gene in its default rule: other genes that act one way only.
pub(super) fn regulators(network: &CitedNetwork) -> BTreeMap<GeneId, [Vec<GeneId>; 2]> {
    let conflicting: BTreeSet<Regulation> = network.conflicting().map(|cited| cited.regulation).collect();
    let mut regulators: BTreeMap<GeneId, [Vec<GeneId>; 2]> = BTreeMap::new();
    for cited in network.regulations() {
        let Regulation { regulator, target, sign } = cited.regulation;
        if regulator != target && !conflicting.contains(&cited.regulation) {
            regulators.entry(target).or_default()[usize::from(sign == Sign::Inhibition)].push(regulator);
        }
    }
    regulators
}

/// For each gene a name of letters, digits and `_` that is not a word of the format; no two are alike.
fn plain_names(network: &CitedNetwork) -> Vec<String> {
    let mut taken: BTreeSet<String> =
        network.genes().iter().map(|(_, gene)| gene.symbol.clone()).filter(|symbol| is_plain(symbol)).collect();
    let name = |symbol: &str, taken: &mut BTreeSet<String>| {
        if is_plain(symbol) {
            return symbol.to_owned();
        }
        let letters = symbol.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
        let mut name: String = letters.collect();
        if !is_plain(&name) {
            name.insert_str(0, "g_");
        }
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        name
    };
    network.genes().iter().map(|(_, gene)| name(&gene.symbol, &mut taken)).collect()
}

fn is_plain(name: &str) -> bool {
    const WORDS: [&str; 7] = ["not", "and", "or", "true", "false", "targets", "factors"];
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(fits)
        && !WORDS.iter().any(|word| name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::super::sif_network;
    use super::*;

    fn written(network: &CitedNetwork) -> (String, Losses) {
        let mut losses = Losses::default();
        let bytes = write(network, &mut losses, &mut Vec::new());
        (String::from_utf8(bytes).expect("text"), losses)
    }

    fn rules(text: &str) -> Vec<&str> {
        text.lines().skip_while(|line| *line != "targets, factors").skip(1).collect()
    }

    #[test]
    fn the_lac_operon_is_on_by_crp_unless_lac_i_is_there() {
        let (text, losses) = written(&sif_network("crp activates lacZ\nlacI inhibits lacZ\n"));
        assert_eq!(rules(&text), ["crp, crp", "lacI, lacI", "lacZ, crp & !lacI"]);
        assert!(losses.is_empty());
    }

    #[test]
    fn self_regulation_and_both_signs_are_no_part_of_the_default_rule() {
        let (text, losses) = written(&sif_network("a -> a\na -| b\na -> b\nc -> b\n"));
        assert_eq!(rules(&text), ["a, a", "b, c", "c, c"]);
        assert_eq!((losses.count(&Lost::SelfRegulations), losses.count(&Lost::Conflicts)), (1, 2));
    }

    #[test]
    fn names_with_hyphens_and_words_of_the_format_are_explained_in_a_comment_and_read_back() {
        let network = sif_network("HLA-A\tactivates\tNOT\nHLA_A\tinhibits\t4EBP1\n");
        let (text, _) = written(&network);
        assert!(text.contains("# HLA_A_ stands for \"HLA-A\"\n"), "{text}");
        let again = read(Part { name: "m.bnet", content: text.as_bytes() }).expect("our own file");
        assert_eq!(super::super::sif::write(&again.network).ok(), super::super::sif::write(&network).ok());
        assert!(again.losses.is_empty(), "{}", again.losses);
    }

    #[test]
    fn signs_are_read_from_the_rule_and_what_has_none_is_told() {
        let text = "targets, factors\nz, (a & !b) | (!a & b)\ny, a & b\nx, x | a\nw, w\nv, 1\n";
        let read = read(Part { name: "m.bnet", content: text.as_bytes() }).expect("rules");
        let sif = super::super::sif::write(&read.network).expect("room");
        assert_eq!(
            String::from_utf8(sif).expect("text"),
            "a\tactivates\tx\na\tactivates\ty\nb\tactivates\ty\nx\tactivates\tx\nv\nw\nz\n"
        );
        assert_eq!(read.losses.count(&Lost::NonMonotone), 2);
        assert_eq!(read.losses.count(&Lost::Functions), 4, "z, y, x and the constant v");
    }
}
