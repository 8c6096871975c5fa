//! Where log lines go: standard error, one line each, as text or JSON, never through a progress display.

mod ecs;

use std::io::{self, Write};
use std::sync::OnceLock;

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::cli::{LogArgs, LogFormat, LogLevel};

static BARS: OnceLock<MultiProgress> = OnceLock::new();

/// The progress bars that log lines step aside for.
pub(crate) fn bars() -> &'static MultiProgress {
    BARS.get_or_init(MultiProgress::new)
}

/// Starts logging. A second call does nothing.
pub(crate) fn start(log: LogArgs) {
    // Libraries speak only when something is wrong; our own crates at the level asked for.
    let level = log.log_level.unwrap_or(LogLevel::Info).as_str();
    let ours = ["sluice", "sluice_actors", "actors", "adapters", "simulator"].map(|name| format!("{name}={level}")).join(",");
    let others = if matches!(level, "off" | "error" | "debug" | "trace") { level } else { "warn" };
    let filter = EnvFilter::new(format!("{others},{ours}"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(BesideBars).with_target(false);
    let started = match log.log_format {
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Ecs => builder.event_format(ecs::Ecs).try_init(),
    };
    // Only a second start can fail, and the first one stands.
    let _ = started;
}

/// Writes to standard error while the bars are out of the way.
#[derive(Clone, Copy, Debug)]
struct BesideBars;

impl<'a> MakeWriter<'a> for BesideBars {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        Self
    }
}
impl Write for BesideBars {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        bars().suspend(|| io::stderr().write_all(text)).map(|()| text.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
