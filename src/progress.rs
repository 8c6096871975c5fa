//! The live display of a sync on a terminal: one bar per object.

use std::fmt::Write;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use actors::events::RunStats;
use actors::supervisor::Monitor;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressState, ProgressStyle};

use crate::telemetry;

const TICK: Duration = Duration::from_millis(150);

/// Draws until it is dropped or cancelled; for ever pending elsewhere than on a terminal.
pub(crate) async fn show(monitor: Arc<Monitor>) {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let stats = loop {
        tokio::time::sleep(TICK).await;
        if let Some(stats) = monitor.stats() {
            break stats;
        }
    };
    let bars = Bars::new(&stats);
    loop {
        bars.update(&stats);
        tokio::time::sleep(TICK).await;
    }
}

struct Bars {
    objects: Vec<ProgressBar>,
    files: ProgressBar,
}

impl Bars {
    fn new(stats: &RunStats) -> Self {
        let width = stats.objects.iter().map(|object| object.name.len()).max().unwrap_or(0).max(5);
        let known =
            style("{prefix} {wide_bar:.cyan/black.bright} {msg:>20} {human_pos:>9} written of {human_len:<9} {rate:>9} {remaining:>9}");
        let open = style("{prefix} {human_pos:>9} written of {human_len} found");
        let bar = |name: &str, style: ProgressStyle| {
            let bar = telemetry::bars().add(ProgressBar::new(0));
            bar.set_style(style);
            bar.set_prefix(format!("{name:<width$}"));
            bar
        };
        Self { objects: stats.objects.iter().map(|object| bar(&object.name, known.clone())).collect(), files: bar("files", open) }
    }

    fn update(&self, stats: &RunStats) {
        for (bar, object) in self.objects.iter().zip(&stats.objects) {
            bar.set_length(object.total().unwrap_or_else(|| object.read()));
            bar.set_position(object.written());
            bar.set_message(format!("{} read", HumanCount(object.read())));
            if object.done() && !bar.is_finished() {
                bar.abandon();
            }
        }
        let (found, done) = stats.files();
        self.files.set_length(found);
        self.files.set_position(done);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.objects.iter().chain([&self.files]).for_each(ProgressBar::finish_and_clear);
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; a wrong one would show in the first run.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    // Formatting into a line of the display cannot fail.
    let rate = |state: &ProgressState, line: &mut dyn Write| {
        let _ = write!(line, "{}/s", HumanCount(state.per_sec().round() as u64));
    };
    let remaining = |state: &ProgressState, line: &mut dyn Write| {
        let left = match (state.is_finished(), state.pos()) {
            (true, _) => "done".to_owned(),
            (false, 0) => String::new(),
            (false, _) => format!("{:#} left", HumanDuration(state.eta())),
        };
        let _ = line.write_str(&left);
    };
    style.with_key("rate", rate).with_key("remaining", remaining).progress_chars("━━─")
}
