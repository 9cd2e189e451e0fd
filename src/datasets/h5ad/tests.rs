//! Claims about cells in AnnData files.
