//! Text of many files, for `benches/extraction/run.sh`: one process reads them all, so that whoever starts it can tell what they cost.
//!
//! `recall read < LIST` takes lines of extension, file, and where its text goes, parted by tabs; it answers each with the file and, behind
//! a tab, the reason if there is no text. `recall sample EXTENSION WORDS FILE` writes a file as the tests make them, for formats that
//! nothing else writes.

#[expect(dead_code, unused_imports, clippy::unwrap_used, reason = "the tests use all of it, and it is theirs")]
#[path = "../samples/mod.rs"]
mod samples;

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, Write};

use extract::{Limits, extract};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["read"] => read(),
        ["sample", extension, words, file] => Ok(fs::write(file, samples::sample(extension, words))?),
        _ => Err("usage: recall read < LIST | recall sample EXTENSION WORDS FILE".into()),
    }
}

fn read() -> Result<(), Box<dyn Error>> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let [extension, file, target] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("three columns are needed: {line}").into());
        };
        let bytes = fs::read(file)?;
        let found = extract(extension, &bytes, &Limits::default());
        let (text, reason) = found.map_or_else(|refusal| (String::new(), refusal.to_string()), |text| (text.body, String::new()));
        fs::write(target, text)?;
        writeln!(output, "{file}\t{reason}")?;
    }
    Ok(())
}
