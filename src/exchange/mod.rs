//! Other people's formats for signed regulatory networks: one file for each, both ways where the format allows it.
//!
//! Start at [`read`] and [`write()`], which take and give a [`CitedNetwork`]; [`Format`] lists the formats and tells one by the
//! name of a file. Whatever a format cannot hold is counted by kind in [`Losses`], never left out in silence. A relation whose
//! sign is not known is counted under its own word; a row that cannot be understood is an error with its line. Nothing here
//! opens a file.

mod attributes;
mod bnet;
mod boolean_model;
mod cited_network;
mod cytoscape;
mod dot;
mod ecocyc;
mod error;
mod format;
mod gmt;
mod graphml;
mod kgx;
mod losses;
mod midas;
mod obo;
mod rdf;
mod sbml_qual;
mod sif;
mod unate;
mod weights;
mod xml;

pub use boolean_model::{ModelRead, read_model};
pub use cited_network::CitedNetwork;
pub use error::ExchangeError;
pub use format::Format;
pub use losses::{Losses, Lost};
pub use midas::{MidasResponses, is_midas, read_midas};
pub use weights::Conflicts;

/// One file of a network: most formats have one, KGX has two.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Its name, for messages, a final `.gz` left aside.
    pub name: &'a str,
    /// What it holds, unpacked.
    pub content: &'a [u8],
}

/// What was read from a file.
#[derive(Clone, Debug)]
pub struct NetworkRead {
    /// Genes, regulations and effects with what is cited for them.
    pub network: CitedNetwork,
    /// What the file says next to them, which the network cannot hold.
    pub losses: Losses,
    /// What was taken for what, a sentence each.
    pub notes: Vec<String>,
}

/// What was written, and what the format could not hold.
#[derive(Clone, Debug)]
pub struct NetworkWritten {
    /// The text; for KGX that of the edges.
    pub content: Vec<u8>,
    /// The second file of KGX, that of the nodes.
    pub nodes: Option<Vec<u8>>,
    /// What the format cannot hold.
    pub losses: Losses,
    /// What was done with names, a sentence each.
    pub notes: Vec<String>,
}

/// What a format may be told next to the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// The species, by its number at NCBI, for example `562`; KGX names it at each regulation.
    pub organism: Option<String>,
    /// What a table of weights does with two regulations of opposite sign between two genes.
    pub conflicts: Conflicts,
}

/// Reads a network.
///
/// `parts` are the files of one network: one for every format but KGX, which may bring its nodes and edges in any order.
///
/// # Errors
/// [`ExchangeError`] with file and line for content that is not of the format, and a sentence for a format that states no
/// signed regulation.
///
/// # Examples
/// ```
/// use aligned::exchange::{Format, Part, WriteOptions, read, write};
///
/// let sif = Part { name: "net.sif", content: b"lacI\tinhibits\tlacZ\ncrp\tactivates\tlacZ\n" };
/// let network = read(Format::Sif, &[sif])?.network;
/// let rules = write(Format::Bnet, &network, &WriteOptions::default())?;
/// assert!(String::from_utf8_lossy(&rules.content).contains("lacZ, crp & !lacI"));
/// # Ok::<(), aligned::exchange::ExchangeError>(())
/// ```
pub fn read(format: Format, parts: &[Part<'_>]) -> Result<NetworkRead, ExchangeError> {
    let Some(&part) = parts.first() else { return Err(ExchangeError::NoFile) };
    let read = match format {
        Format::Rdf(syntax) => rdf::read(part, syntax),
        Format::Sif => sif::read(part),
        Format::Pkn => sif::read_pkn(part),
        Format::Gmt => gmt::read(part),
        Format::Bnet => bnet::read(part),
        Format::SbmlQual => sbml_qual::read(part),
        Format::Kgx => kgx::read(parts),
        Format::GraphMl => graphml::read(part),
        Format::Cytoscape => cytoscape::read(part),
        Format::Weights => weights::read(part),
        Format::EcoCyc => ecocyc::read(part),
        Format::Obo => obo::read(part),
        Format::Dot | Format::Midas | Format::Gaf | Format::Gpad => Err(format.unreadable(part.name)),
    }?;
    if read.network.regulations().is_empty() && read.network.effects().is_empty() {
        return Err(ExchangeError::NoRegulation { file: part.name.to_owned(), losses: read.losses });
    }
    Ok(read)
}

/// Writes a network; the same network gives the same bytes.
///
/// # Errors
/// [`ExchangeError::Unwritable`] for a format that is only read, [`ExchangeError::Symbol`] for a symbol that the format cannot
/// hold, [`ExchangeError::Conflict`] if conflicts are to be refused and there is one.
pub fn write(format: Format, network: &CitedNetwork, options: &WriteOptions) -> Result<NetworkWritten, ExchangeError> {
    let mut losses = format.losses(network);
    let mut notes = Vec::new();
    let mut nodes = None;
    let content = match format {
        Format::Rdf(syntax) => rdf::write(network, syntax)?,
        Format::Sif => sif::write(network)?,
        Format::Pkn => sif::write_pkn(network)?,
        Format::Gmt => gmt::write(network)?,
        Format::Bnet => bnet::write(network, &mut losses, &mut notes),
        Format::SbmlQual => sbml_qual::write(network)?,
        Format::Kgx => {
            let (edges, own_nodes) = kgx::write(network, options, &mut losses)?;
            nodes = Some(own_nodes);
            edges
        }
        Format::GraphMl => graphml::write(network, &mut losses)?,
        Format::Cytoscape => cytoscape::write(network),
        Format::Weights => weights::write(network, options.conflicts, &mut losses)?,
        Format::EcoCyc => ecocyc::write(network, &mut losses)?,
        Format::Obo => obo::write(network, &mut losses)?,
        Format::Dot => dot::write(network),
        Format::Midas | Format::Gaf | Format::Gpad => return Err(ExchangeError::Unwritable { format: format.title() }),
    };
    Ok(NetworkWritten { content, nodes, losses, notes })
}

/// The text of a part, or the line at which it is none.
fn text<'a>(part: Part<'a>) -> Result<&'a str, ExchangeError> {
    let content = part.content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(part.content);
    str::from_utf8(content).map_err(|error| {
        let before = &content[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let problem = "this is not UTF-8 text; save the file as UTF-8".to_owned();
        ExchangeError::Line { file: part.name.to_owned(), line, problem }
    })
}

/// That a line cannot be understood.
fn at_line(part: Part<'_>, line: usize, problem: impl Into<String>) -> ExchangeError {
    ExchangeError::Line { file: part.name.to_owned(), line, problem: problem.into() }
}

/// A text for a message, cut short.
fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// Refuses a symbol for which there is a reason.
fn check_symbols(
    network: &CitedNetwork,
    format: &'static str,
    reason: impl Fn(&str) -> Option<&'static str>,
) -> Result<(), ExchangeError> {
    for (_, gene) in network.genes().iter() {
        if let Some(reason) = reason(&gene.symbol) {
            return Err(ExchangeError::Symbol { symbol: gene.symbol.clone(), format, reason });
        }
    }
    Ok(())
}

/// A network from lines of SIF.
#[cfg(test)]
fn sif_network(text: &str) -> CitedNetwork {
    read(Format::Sif, &[Part { name: "test.sif", content: text.as_bytes() }]).expect("SIF").network
}
