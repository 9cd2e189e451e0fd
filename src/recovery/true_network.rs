//! Where the true network of a trial comes from.

use std::borrow::Cow;

use super::RecoveryError;
use crate::network::RegulatoryNetwork;
use crate::network::generate::{NetworkConfig, generate, subnetwork};

/// The network that experiments are made on.
#[derive(Clone, Debug, PartialEq)]
pub enum TrueNetwork {
    /// A given one, the same for each seed.
    Given(RegulatoryNetwork),
    /// A random one, another for each seed.
    Random(NetworkConfig),
    /// A connected part of a given one, another for each seed.
    Grown {
        /// The network that it is grown out of.
        from: RegulatoryNetwork,
        /// Genes of the part.
        genes: usize,
    },
}

impl TrueNetwork {
    /// The network of one seed.
    ///
    /// # Errors
    /// [`RecoveryError::Network`] if there is no such network.
    pub fn of_seed(&self, seed: u64) -> Result<Cow<'_, RegulatoryNetwork>, RecoveryError> {
        match self {
            Self::Given(network) => Ok(Cow::Borrowed(network)),
            Self::Random(config) => Ok(Cow::Owned(generate(&NetworkConfig { seed, ..*config })?)),
            Self::Grown { from, genes } => Ok(Cow::Owned(subnetwork(from, *genes, seed)?.network)),
        }
    }
}
