//! The simple predictors that every table of scores shows, one file each.
