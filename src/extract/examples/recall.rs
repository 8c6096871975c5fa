//! Text of many files, for `benches/extraction/run.sh`: one process reads them all, and the CPU time of each is noted.
//!
//! `recall read < LIST > MEASURES` takes lines of extension, file, and where its text goes, parted by tabs; it answers each with the file,
//! its bytes, nanoseconds of CPU, and the reason if there is no text. `recall sample EXTENSION WORDS FILE` writes a file as the tests make
//! them, for formats that nothing else here writes.

#[expect(dead_code, reason = "the tests use all of it")]
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
        let before = cpu_nanoseconds()?;
        let found = extract(extension, &bytes, &Limits::default());
        let spent = cpu_nanoseconds()? - before;
        let (text, reason) = found.map_or_else(|refusal| (String::new(), refusal.to_string()), |text| (text.body, String::new()));
        fs::write(target, text)?;
        writeln!(output, "{file}\t{}\t{spent}\t{reason}", bytes.len())?;
    }
    Ok(())
}

/// What this thread has had of a processor; the kernel counts it exactly, unlike the ticks of `/proc/self/stat`.
fn cpu_nanoseconds() -> Result<u64, Box<dyn Error>> {
    let spent = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(spent.split(' ').next().unwrap_or_default().parse()?)
}
