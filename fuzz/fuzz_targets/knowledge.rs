//! Turtle, N-Quads and SPARQL.
#![no_main]

use aligned::knowledge::{AnswerFormat, KnowledgeBase};
use libfuzzer_sys::fuzz_target;

const GOOD: &[u8] = b"<http://x/a> <http://purl.obolibrary.org/obo/RO_0002213> <http://x/b> .\n";

fuzz_target!(|bytes: &[u8]| {
    drop(KnowledgeBase::parse(bytes, "kb.ttl"));
    drop(KnowledgeBase::parse(bytes, "kb.nq"));
    let (Ok(base), Ok(question)) = (KnowledgeBase::parse(GOOD, "kb.ttl"), std::str::from_utf8(bytes)) else { return };
    if let Ok(answer) = base.query(question) {
        drop(answer.write(AnswerFormat::Table, &mut std::io::sink()));
    }
});
