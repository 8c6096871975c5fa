//! Serves a made-up or loaded org until it is interrupted: `serve [--org DIR | --seed N --scale N | --plain RECORDS] [--port N] [--page-size N] [--faults FILE] [--running-user USER]`.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use sluice_simulator::faults::FaultPlan;
use sluice_simulator::{Options, generate, generate_plain, load_dir, spawn};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let given: HashMap<&str, &str> =
        words.chunks_exact(2).filter_map(|pair| Some((pair[0].strip_prefix("--")?, pair[1].as_str()))).collect();
    let number = |name: &str, default: usize| given.get(name).map_or(Ok(default), |text| text.parse());
    let seed = number("seed", 1)? as u64;
    let org = match (given.get("org"), given.get("plain")) {
        (Some(folder), _) => load_dir(folder)?,
        (None, Some(records)) => generate_plain(seed, records.parse()?, 1_600),
        (None, None) => generate(seed, u32::try_from(number("scale", 1)?)?),
    };
    let mut options = Options::new(Arc::new(org));
    options.port = u16::try_from(number("port", 0)?)?;
    options.page_size = given.get("page-size").map(|text| text.parse()).transpose()?;
    options.faults = given.get("faults").map(FaultPlan::load).transpose()?.unwrap_or_default();
    options.running_user = given.get("running-user").map(|name| (*name).to_owned());
    let running = spawn(options)?;
    #[expect(clippy::print_stdout, reason = "the one thing that the caller needs to know")]
    {
        println!("{}", running.base_url);
    }
    loop {
        std::thread::park();
    }
}
