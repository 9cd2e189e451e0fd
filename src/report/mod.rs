//! Outcome to JSON, Markdown, HTML and tables.
