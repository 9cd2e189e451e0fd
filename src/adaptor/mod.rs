//! Per-gene choice between the symbolic and the neural response: whom to believe.
//!
//! Start at [`align`], which takes the choice that costs least under the objective of [`AdaptorConfig`];
//! [`representation_weights`] says how well the knowledge represents each gene. Nothing here knows how either response
//! was made.

mod error;
mod exact;
mod objective;
mod representation;

pub use error::AdaptorError;
pub use exact::{Alignment, align, solve};
pub use objective::{AdaptorConfig, gain, objective};
pub use representation::{Agreement, agreement, representation_weights};
