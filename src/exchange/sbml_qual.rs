//! Qualitative models of SBML level 3: one species for each gene, one transition for each gene that is regulated.
//!
//! Written are the signs of all inputs (`dual` where a regulator acts both ways) and, as the function, the default rule: some
//! activator is on and no inhibitor is; a gene by itself and a dual input are left out of it. Read are the signs of the inputs; where an input has
//! none, its sign is taken from the function, as far as that is Boolean.
//!
//! # Reference
//! Chaouiya et al. 2013, *BMC Syst Biol* 7:135, doi:10.1186/1752-0509-7-135.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::bnet::regulators;
use super::cited_network::Gathered;
use super::unate::{Influence, influences};
use super::xml::{Element, escaped, parse, unfit};
use super::{CitedNetwork, ExchangeError, Losses, Lost, NetworkRead, Part, at_line, shown};
use crate::biology::{GeneId, Sign};
use crate::symbolic::BooleanModel;

pub(super) fn read(part: Part<'_>) -> Result<NetworkRead, ExchangeError> {
    let root = parse(part)?;
    if root.name != "sbml" {
        return Err(at_line(part, root.line, format!("the root element is `{}`, not `sbml`", shown(&root.name))));
    }
    let model = root.first("model").ok_or_else(|| at_line(part, root.line, "there is no `model`"))?;
    let Some(species) = model.first("listOfQualitativeSpecies") else {
        let problem =
            "the model has no `listOfQualitativeSpecies`; a model of rates and reactions tells no signed regulation";
        return Err(at_line(part, model.line, problem));
    };
    let mut reading =
        Reading { part, gathered: Gathered::default(), losses: Losses::default(), symbols: HashMap::new() };
    reading.species(species)?;
    for transition in model.first("listOfTransitions").into_iter().flat_map(|list| list.all("transition")) {
        reading.transition(transition)?;
    }
    Ok(NetworkRead { network: reading.gathered.finish(), losses: reading.losses, notes: Vec::new() })
}

struct Reading<'a> {
    part: Part<'a>,
    gathered: Gathered,
    losses: Losses,
    /// Symbol of each species by its id.
    symbols: HashMap<String, String>,
}

impl Reading<'_> {
    /// Genes are called by the name of their species, or by its id where several have one name.
    fn species(&mut self, list: &Element) -> Result<(), ExchangeError> {
        let mut named: BTreeMap<&str, usize> = BTreeMap::new();
        let name = |species: &Element| {
            species.attribute("name").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
        };
        let all: Vec<(&Element, Option<String>)> =
            list.all("qualitativeSpecies").map(|species| (species, name(species))).collect();
        all.iter().filter_map(|(_, name)| name.as_deref()).for_each(|name| *named.entry(name).or_default() += 1);
        for (species, name) in &all {
            let id =
                species.attribute("id").ok_or_else(|| at_line(self.part, species.line, "a species needs an `id`"))?;
            let symbol = name.as_deref().filter(|name| named[name] == 1).unwrap_or(id);
            let level: Option<u32> = species.attribute("maxLevel").and_then(|level| level.trim().parse().ok());
            self.losses.add(Lost::Levels, usize::from(level.is_some_and(|level| level > 1)));
            self.gathered.symbol(symbol);
            if self.symbols.insert(id.to_owned(), symbol.to_owned()).is_some() {
                let problem = format!("a second species has the id `{}`; ids must differ", shown(id));
                return Err(at_line(self.part, species.line, problem));
            }
        }
        Ok(())
    }

    fn symbol(&self, element: &Element) -> Result<String, ExchangeError> {
        let id = element.attribute("qualitativeSpecies").unwrap_or_default();
        let missing = || at_line(self.part, element.line, format!("`{}` is the id of no species", shown(id)));
        self.symbols.get(id).cloned().ok_or_else(missing)
    }

    fn transition(&mut self, transition: &Element) -> Result<(), ExchangeError> {
        let children = |list: &str, name: &'static str| -> Vec<&Element> {
            transition.first(list).into_iter().flat_map(|list| list.all(name)).collect()
        };
        let (inputs, outputs) = (children("listOfInputs", "input"), children("listOfOutputs", "output"));
        let targets = outputs.iter().map(|output| self.symbol(output)).collect::<Result<Vec<_>, _>>()?;
        let mut by_function: Option<HashMap<String, Influence>> = None;
        for input in inputs {
            let regulator = self.symbol(input)?;
            let signs: &[Sign] = match input.attribute("sign") {
                Some("positive") => &[Sign::Activation],
                Some("negative") => &[Sign::Inhibition],
                Some("dual") => &Sign::BOTH,
                other => {
                    let id = input.attribute("qualitativeSpecies").unwrap_or_default();
                    let told = by_function.get_or_insert_with(|| function_signs(transition)).get(id);
                    match told {
                        Some(Influence::Signed(Sign::Activation)) => &[Sign::Activation],
                        Some(Influence::Signed(Sign::Inhibition)) => &[Sign::Inhibition],
                        Some(Influence::Both) => {
                            self.losses.add(Lost::NonMonotone, 1);
                            &[]
                        }
                        _ => {
                            self.losses.add(Lost::Unsigned(shown(other.unwrap_or("without a sign"))), 1);
                            &[]
                        }
                    }
                }
            };
            for target in &targets {
                signs.iter().for_each(|&sign| self.gathered.regulate(&regulator, target, sign));
            }
        }
        Ok(())
    }
}

/// The influence of each species, by id, on the terms of a transition that give a level above 0; empty if they are not Boolean.
fn function_signs(transition: &Element) -> HashMap<String, Influence> {
    let terms = transition.first("listOfFunctionTerms").into_iter().flat_map(|list| list.all("functionTerm"));
    let raising = terms.filter(|term| term.attribute("resultLevel").is_some_and(|level| level.trim() != "0"));
    let rules: Option<Vec<String>> = raising.map(|term| boolean(term.first("math")?.children.first()?)).collect();
    let Some(rules) = rules.filter(|rules| !rules.is_empty()) else { return HashMap::new() };
    let text = format!("aligned.target, {}\n", rules.join(" | "));
    let Ok(model) = BooleanModel::parse(text.as_bytes(), "function") else { return HashMap::new() };
    let genes = model.genes();
    let Ok(rules) = model.rules(&genes) else { return HashMap::new() };
    let of =
        |(gene, influence): (GeneId, Influence)| (genes.symbol(gene).trim_start_matches("id.").to_owned(), influence);
    rules.iter().flat_map(|(_, rule)| influences(rule)).map(of).collect()
}

/// MathML as text of a rule, species as `id.` and their id; `None` for what is not Boolean. The tree is at most as deep as a document may be.
pub(super) fn boolean(math: &Element) -> Option<String> {
    let applied = math.children.first().filter(|_| math.name == "apply");
    let Some(operator) = applied else {
        return match math.name.as_str() {
            "true" => Some("1".to_owned()),
            "false" => Some("0".to_owned()),
            "ci" => Some(format!("id.{}", math.text.trim())),
            _ => None,
        };
    };
    let operands = &math.children[1..];
    let joined = |mark: &str| {
        let operands: Option<Vec<String>> = operands.iter().map(boolean).collect();
        operands.filter(|operands| !operands.is_empty()).map(|operands| format!("({})", operands.join(mark)))
    };
    match (operator.name.as_str(), operands) {
        ("and", _) => joined(" & "),
        ("or", _) => joined(" | "),
        ("not", [operand]) => Some(format!("!{}", boolean(operand)?)),
        (comparison, [left, right]) => compared(comparison, left, right),
        _ => None,
    }
}

/// `x ≥ 1`, `x = 0` and the like, of a species with levels 0 and 1.
fn compared(comparison: &str, left: &Element, right: &Element) -> Option<String> {
    let species = |element: &Element| (element.name == "ci").then(|| format!("id.{}", element.text.trim()));
    let level = |element: &Element| (element.name == "cn").then(|| element.text.trim().parse::<f64>().ok()).flatten();
    let (species, level, comparison) = match (species(left), level(right)) {
        (Some(species), Some(level)) => (species, level, comparison),
        _ => {
            let turned = match comparison {
                "lt" => "gt",
                "gt" => "lt",
                "leq" => "geq",
                "geq" => "leq",
                same => same,
            };
            (species(right)?, level(left)?, turned)
        }
    };
    let holds = |value: f64| match comparison {
        "eq" => Some(value == level),
        "neq" => Some(value != level),
        "lt" => Some(value < level),
        "gt" => Some(value > level),
        "leq" => Some(value <= level),
        "geq" => Some(value >= level),
        _ => None,
    };
    Some(match (holds(0.0)?, holds(1.0)?) {
        (false, true) => species,
        (true, false) => format!("!{species}"),
        (true, true) => "1".to_owned(),
        (false, false) => "0".to_owned(),
    })
}

pub(super) fn write(network: &CitedNetwork) -> Result<Vec<u8>, ExchangeError> {
    super::check_symbols(network, "SBML-qual", |symbol| {
        let is_bare = !symbol.is_empty() && symbol.trim() == symbol;
        unfit(symbol).or((!is_bare).then_some("blanks around it are not kept"))
    })?;
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <sbml xmlns=\"http://www.sbml.org/sbml/level3/version1/core\" level=\"3\" version=\"1\" \
        xmlns:qual=\"http://www.sbml.org/sbml/level3/version1/qual/version1\" qual:required=\"true\">\n\
        \x20 <model id=\"network\">\n\
        \x20   <listOfCompartments>\n      <compartment id=\"cell\" constant=\"true\"/>\n    </listOfCompartments>\n"
        .to_owned();
    push_species(&mut out, network);
    push_transitions(&mut out, network);
    out.push_str("  </model>\n</sbml>\n");
    Ok(out.into_bytes())
}

fn push_species(out: &mut String, network: &CitedNetwork) {
    if network.genes().is_empty() {
        return;
    }
    out.push_str("    <qual:listOfQualitativeSpecies>\n");
    for (id, gene) in network.genes().iter() {
        let _ = writeln!(
            out,
            "      <qual:qualitativeSpecies qual:id=\"g{}\" qual:name=\"{}\" qual:compartment=\"cell\" qual:constant=\"false\" \
             qual:maxLevel=\"1\"/>",
            id.index(),
            escaped(&gene.symbol)
        );
    }
    out.push_str("    </qual:listOfQualitativeSpecies>\n");
}

fn push_transitions(out: &mut String, network: &CitedNetwork) {
    let mut inputs: BTreeMap<GeneId, BTreeMap<GeneId, Vec<Sign>>> = BTreeMap::new();
    for cited in network.regulations() {
        let edge = cited.regulation;
        inputs.entry(edge.target).or_default().entry(edge.regulator).or_default().push(edge.sign);
    }
    if inputs.is_empty() {
        return;
    }
    let rules = regulators(network);
    out.push_str("    <qual:listOfTransitions>\n");
    for (target, inputs) in &inputs {
        let target_index = target.index();
        let _ = writeln!(out, "      <qual:transition qual:id=\"t{target_index}\">\n        <qual:listOfInputs>");
        for (regulator, signs) in inputs {
            let sign = match signs.as_slice() {
                [Sign::Activation] => "positive",
                [Sign::Inhibition] => "negative",
                _ => "dual",
            };
            let regulator = regulator.index();
            let _ = writeln!(
                out,
                "          <qual:input qual:id=\"t{target_index}_g{regulator}\" qual:qualitativeSpecies=\"g{regulator}\" \
                 qual:transitionEffect=\"none\" qual:sign=\"{sign}\"/>"
            );
        }
        let _ = writeln!(
            out,
            "        </qual:listOfInputs>\n        <qual:listOfOutputs>\n          <qual:output qual:qualitativeSpecies=\
             \"g{target_index}\" qual:transitionEffect=\"assignmentLevel\"/>\n        </qual:listOfOutputs>\n        \
             <qual:listOfFunctionTerms>\n          <qual:defaultTerm qual:resultLevel=\"0\"/>"
        );
        if let Some(rule) = rules.get(target) {
            push_function(out, rule);
        } else {
            push_itself(out, *target);
        }
        out.push_str("        </qual:listOfFunctionTerms>\n      </qual:transition>\n");
    }
    out.push_str("    </qual:listOfTransitions>\n");
}

const FUNCTION: &str =
    "          <qual:functionTerm qual:resultLevel=\"1\"><math xmlns=\"http://www.w3.org/1998/Math/MathML\">";

fn push_function(out: &mut String, [activators, inhibitors]: &[Vec<GeneId>; 2]) {
    let is = |gene: &GeneId, level: u8| {
        format!("<apply><eq/><ci>g{}</ci><cn type=\"integer\">{level}</cn></apply>", gene.index())
    };
    let any: Vec<String> = activators.iter().map(|gene| is(gene, 1)).collect();
    let mut all: Vec<String> = (!any.is_empty()).then(|| applied("or", &any)).into_iter().collect();
    all.extend(inhibitors.iter().map(|gene| is(gene, 0)));
    let _ = writeln!(out, "{FUNCTION}{}</math></qual:functionTerm>", applied("and", &all));
}

/// A gene whose only regulators are itself and such as act both ways keeps its value.
fn push_itself(out: &mut String, gene: GeneId) {
    let index = gene.index();
    let _ = writeln!(
        out,
        "{FUNCTION}<apply><eq/><ci>g{index}</ci><cn type=\"integer\">1</cn></apply></math></qual:functionTerm>"
    );
}

fn applied(operator: &str, operands: &[String]) -> String {
    match operands {
        [one] => one.clone(),
        several => format!("<apply><{operator}/>{}</apply>", several.concat()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sif_network;
    use super::*;

    fn again(network: &CitedNetwork) -> NetworkRead {
        let content = write(network).expect("room");
        read(Part { name: "m.sbml", content: &content }).expect("our own model")
    }

    #[test]
    fn lac_z_needs_crp_and_no_lac_i() {
        let text = String::from_utf8(write(&sif_network("crp -> lacZ\nlacI -| lacZ\n")).expect("room")).expect("text");
        let function = "<apply><and/><apply><eq/><ci>g0</ci><cn type=\"integer\">1</cn></apply>\
            <apply><eq/><ci>g1</ci><cn type=\"integer\">0</cn></apply></apply>";
        assert!(text.contains(function), "{text}");
        assert!(text.contains("qual:qualitativeSpecies=\"g1\" qual:transitionEffect=\"none\" qual:sign=\"negative\""));
    }

    #[test]
    fn a_dual_input_and_self_regulation_come_back() {
        let network = sif_network("fur -> sodA\nfur -| sodA\nfur -| fur\nx -> x\nALONE\n");
        let again = again(&network);
        assert_eq!(super::super::sif::write(&again.network).ok(), super::super::sif::write(&network).ok());
        assert!(again.losses.is_empty(), "{}", again.losses);
    }

    #[test]
    fn an_input_without_sign_has_that_of_its_function() {
        let model = r#"<sbml><model><listOfQualitativeSpecies><qualitativeSpecies id="a"/><qualitativeSpecies id="b"/>
            <qualitativeSpecies id="c" maxLevel="2"/></listOfQualitativeSpecies><listOfTransitions><transition><listOfInputs>
            <input qualitativeSpecies="a"/><input qualitativeSpecies="b" sign="unknown"/></listOfInputs><listOfOutputs>
            <output qualitativeSpecies="c"/></listOfOutputs><listOfFunctionTerms><defaultTerm resultLevel="0"/>
            <functionTerm resultLevel="1"><math><apply><and/><apply><geq/><ci>a</ci><cn>1</cn></apply><apply><lt/>
            <ci> b </ci><cn>1</cn></apply></apply></math></functionTerm></listOfFunctionTerms></transition>
            </listOfTransitions></model></sbml>"#;
        let read = read(Part { name: "m.sbml", content: model.as_bytes() }).expect("a model");
        let sif = super::super::sif::write(&read.network).expect("room");
        assert_eq!(String::from_utf8(sif).expect("text"), "a\tactivates\tc\nb\tinhibits\tc\n");
        assert_eq!(read.losses.count(&Lost::Levels), 1);
    }

    #[test]
    fn a_model_of_rates_is_refused_with_a_sentence() {
        let model = "<sbml>\n<model><listOfSpecies/></model></sbml>";
        let message = read(Part { name: "m.xml", content: model.as_bytes() }).expect_err("rates").to_string();
        assert!(message.starts_with("m.xml:2: the model has no `listOfQualitativeSpecies`"), "{message}");
    }
}
