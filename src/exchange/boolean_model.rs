//! The rules themselves of a Boolean model, where a network would keep their signs alone: `.bnet` and SBML-qual.

use std::collections::HashMap;

use super::sbml_qual::boolean;
use super::xml::{Element, parse};
use super::{ExchangeError, Format, Part, at_line, shown};
use crate::biology::GeneTable;
use crate::symbolic::{BooleanModel, UpdateRules};

/// Genes and the rules of those that have one.
#[derive(Clone, Debug)]
pub struct ModelRead {
    /// All genes that the model names, in its order.
    pub genes: GeneTable,
    /// Their rules; a gene without one is an input.
    pub rules: UpdateRules,
}

/// Reads the rules of a Boolean model.
///
/// # Errors
/// [`ExchangeError`] with file and line for what cannot be read: a rule out of form, a species with more than two levels, a
/// function that is not Boolean; and for a format that holds no rules.
pub fn read_model(format: Format, part: Part<'_>) -> Result<ModelRead, ExchangeError> {
    match format {
        Format::Bnet => {
            let model = BooleanModel::parse(part.content, part.name)?;
            let genes = model.genes();
            let rules = model.rules(&genes)?;
            Ok(ModelRead { genes, rules })
        }
        Format::SbmlQual => read_sbml(part),
        other => Err(ExchangeError::File {
            file: part.name.to_owned(),
            problem: format!(
                "{} holds no Boolean rules; a Boolean model is a .bnet file or SBML-qual (.sbml)",
                other.title()
            ),
        }),
    }
}

fn read_sbml(part: Part<'_>) -> Result<ModelRead, ExchangeError> {
    let root = parse(part)?;
    let model = root.first("model").ok_or_else(|| at_line(part, root.line, "there is no `model`"))?;
    let Some(species) = model.first("listOfQualitativeSpecies") else {
        return Err(at_line(
            part,
            model.line,
            "the model has no `listOfQualitativeSpecies`; it is not a Boolean model",
        ));
    };
    let mut symbols = Symbols { part, places: HashMap::new(), genes: GeneTable::new() };
    symbols.read(species)?;
    // Species are called by their place, so that no name is a word of the rules.
    let mut text = String::new();
    let mut ruled: HashMap<usize, usize> = HashMap::new();
    let mut lines = Vec::new();
    for transition in model.first("listOfTransitions").into_iter().flat_map(|list| list.all("transition")) {
        let outputs = transition.first("listOfOutputs").into_iter().flat_map(|list| list.all("output"));
        for output in outputs {
            let place = symbols.place(output)?;
            if let Some(line) = ruled.insert(place, transition.line) {
                let problem = format!("a second transition sets the same species as that of line {line}; keep one");
                return Err(at_line(part, transition.line, problem));
            }
            text.push_str(&format!("s{place}, {}\n", symbols.function(transition)?));
            lines.push(transition.line);
        }
    }
    let placed: GeneTable = (0..symbols.genes.len()).fold(GeneTable::new(), |mut placed, place| {
        placed.intern(&format!("s{place}"));
        placed
    });
    let rules = BooleanModel::parse(text.as_bytes(), part.name)
        .and_then(|model| model.rules(&placed))
        .map_err(|error| at_line(part, lines.first().copied().unwrap_or(root.line), error.to_string()))?;
    Ok(ModelRead { genes: symbols.genes, rules })
}

struct Symbols<'a> {
    part: Part<'a>,
    /// Place of each species by its id.
    places: HashMap<String, usize>,
    genes: GeneTable,
}

impl Symbols<'_> {
    fn read(&mut self, list: &Element) -> Result<(), ExchangeError> {
        let name = |species: &Element| {
            species.attribute("name").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
        };
        let mut named: HashMap<String, usize> = HashMap::new();
        list.all("qualitativeSpecies").filter_map(name).for_each(|name| *named.entry(name).or_default() += 1);
        for species in list.all("qualitativeSpecies") {
            let id =
                species.attribute("id").ok_or_else(|| at_line(self.part, species.line, "a species needs an `id`"))?;
            let level: Option<u32> = species.attribute("maxLevel").and_then(|level| level.trim().parse().ok());
            if let Some(level) = level.filter(|&level| level > 1) {
                let problem = format!(
                    "species `{}` has {} levels; a Boolean model has two: split it into one species for each level",
                    shown(id),
                    u64::from(level) + 1
                );
                return Err(at_line(self.part, species.line, problem));
            }
            let symbol = name(species).filter(|name| named[name] == 1).unwrap_or_else(|| id.to_owned());
            let before = self.genes.len();
            let place = self.genes.intern(&symbol).index();
            if place < before || self.places.insert(id.to_owned(), place).is_some() {
                let problem = format!("a second species is called `{}`; names and ids must differ", shown(id));
                return Err(at_line(self.part, species.line, problem));
            }
        }
        Ok(())
    }

    fn place(&self, element: &Element) -> Result<usize, ExchangeError> {
        let id = element.attribute("qualitativeSpecies").unwrap_or_default();
        let missing = || at_line(self.part, element.line, format!("`{}` is the id of no species", shown(id)));
        self.places.get(id).copied().ok_or_else(missing)
    }

    /// The terms of a transition as the text of one rule: the first that holds decides, else the default.
    fn function(&self, transition: &Element) -> Result<String, ExchangeError> {
        let terms = transition.first("listOfFunctionTerms");
        let is_on = |term: &Element| match term.attribute("resultLevel").map(str::trim) {
            Some("0") => Ok(false),
            Some("1") => Ok(true),
            _ => Err(at_line(self.part, term.line, "the `resultLevel` of a term of a Boolean model is 0 or 1")),
        };
        let default = terms.and_then(|terms| terms.first("defaultTerm")).map(is_on).transpose()?.unwrap_or(false);
        let mut rule = u8::from(default).to_string();
        let all: Vec<&Element> = terms.into_iter().flat_map(|terms| terms.all("functionTerm")).collect();
        for term in all.into_iter().rev() {
            let math = term.first("math").and_then(|math| math.children.first());
            let text = math.and_then(boolean).ok_or_else(|| {
                at_line(
                    self.part,
                    term.line,
                    "the function of this term is not Boolean: and, or, not, = and the like of levels",
                )
            })?;
            let text = self.by_place(&text, term)?;
            rule = if is_on(term)? { format!("({text}) | ({rule})") } else { format!("!({text}) & ({rule})") };
        }
        Ok(rule)
    }

    /// Each `id.` and id as `s` and its place.
    fn by_place(&self, text: &str, term: &Element) -> Result<String, ExchangeError> {
        let mut rule = String::new();
        for (at, piece) in text.split("id.").enumerate() {
            if at == 0 {
                rule.push_str(piece);
                continue;
            }
            let length = piece.find([' ', ')', '&', '|']).unwrap_or(piece.len());
            let (id, after) = piece.split_at(length);
            let place = self
                .places
                .get(id)
                .ok_or_else(|| at_line(self.part, term.line, format!("`{}` is the id of no species", shown(id))))?;
            rule.push_str(&format!("s{place}{after}"));
        }
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{WriteOptions, sif_network, write};
    use super::*;

    #[test]
    fn the_rules_of_our_own_model_come_back() {
        let network = sif_network("crp -> lacZ\nlacI -| lacZ\n");
        let options = WriteOptions::default();
        let read = |format, name| {
            let content = write(format, &network, &options).expect("room").content;
            read_model(format, Part { name, content: &content }).expect("our own file")
        };
        let (bnet, sbml) = (read(Format::Bnet, "m.bnet"), read(Format::SbmlQual, "m.sbml"));
        let symbols = |genes: &GeneTable| genes.iter().map(|(_, gene)| gene.symbol.clone()).collect::<Vec<_>>();
        assert_eq!(symbols(&bnet.genes), symbols(&sbml.genes));
        let lac_z = sbml.genes.id("lacZ").expect("lacZ");
        let rule = sbml.rules.get(lac_z).expect("a rule");
        for state in 0..8_u64 {
            let on = |gene: &crate::biology::GeneId| (state >> gene.index() & 1).wrapping_neg();
            let expected = bnet.rules.get(lac_z).expect("a rule").evaluate(on, &mut Vec::new());
            assert_eq!(rule.evaluate(on, &mut Vec::new()), expected);
        }
        assert!(sbml.rules.get(sbml.genes.id("crp").expect("crp")).is_none(), "an input has no rule");
    }

    #[test]
    fn a_third_level_is_refused_with_its_line() {
        let text = "<sbml><model>\n<listOfQualitativeSpecies>\n<qualitativeSpecies id='a' maxLevel='2'/>\n\
            </listOfQualitativeSpecies></model></sbml>";
        let error = read_model(Format::SbmlQual, Part { name: "m.sbml", content: text.as_bytes() });
        let message = error.expect_err("three levels").to_string();
        assert!(message.starts_with("m.sbml:3: species `a` has 3 levels"), "{message}");
    }

    #[test]
    fn a_format_without_rules_is_refused() {
        let error = read_model(Format::Sif, Part { name: "n.sif", content: b"a -> b" }).expect_err("no rules");
        assert!(error.to_string().contains("holds no Boolean rules"), "{error}");
    }
}
