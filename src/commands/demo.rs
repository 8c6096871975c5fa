//! `sluice demo`: a simulated org, a full sync of it through all actors over real HTTP, and a page to search it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actors::supervisor::Monitor;
use adapters::embedded::Embedded;
use domain::{Ended, JobStatus, JobType};
use ports::Secret;
use simulator::{Options, spawn};
use tokio::sync::watch;

use super::sync::{attend, exit_code};
use super::{Failure, say, simulate};
use crate::app::{self, Index};
use crate::cli::DemoArgs;
use crate::clock::SystemClock;
use crate::demo::{OneIndex, Page, serve};
use crate::plan::{Demo, Plan};
use crate::status;

pub(super) fn run(args: &DemoArgs) -> Result<ExitCode, Failure> {
    let data = Data::of(args.data.clone())?;
    actix_rt::System::new().block_on(present(args, &data))
}

async fn present(args: &DemoArgs, data: &Data) -> Result<ExitCode, Failure> {
    let options = Options::new(Arc::new(simulate::org(None, args.seed, args.scale)?));
    let credentials = options.credentials.clone();
    let org = spawn(options)?;
    let plan = Plan::for_demo(Demo {
        base_url: org.base_url.clone(),
        data: data.path.clone(),
        client_id: credentials.client_id,
        client_secret: Secret::new(credentials.client_secret),
    })?;
    let connector = plan.connector(None)?;
    let embedded = Embedded::open(&data.path, Arc::new(SystemClock))?;
    let reader = embedded.reader();
    let index = Index::new(Rc::new(embedded));
    let (stop, monitor, shown) = (watch::channel(false).0, Arc::new(Monitor::default()), Arc::new(Shown::new()));
    let page = if args.once {
        None
    } else {
        let status = {
            let (monitor, shown) = (Arc::clone(&monitor), Arc::clone(&shown));
            Arc::new(move || shown.status(&monitor))
        };
        let searched = OneIndex { reader, index: connector.index.to_string() };
        let running = serve(Page { index: Arc::new(searched), status }, args.port)?;
        say(format_args!("search page at {} (the org is being synced; the page fills as it goes)", running.url))?;
        Some(running)
    };
    say(format_args!("data in {}", data.name()))?;
    let (_, access) = attend(&plan, connector, JobType::AccessControl, &index, &monitor, &stop).await?;
    if access.status != JobStatus::Completed {
        return exit_code(access);
    }
    let (_, ended) = attend(&plan, connector, JobType::Full, &index, &monitor, &stop).await?;
    let took = shown.end(&ended);
    say(status::summary_text(&ended, monitor.stats().as_deref(), took))?;
    let Some(page) = page else {
        org.stop().await;
        return exit_code(ended);
    };
    if *stop.borrow() {
        return exit_code(ended);
    }
    say(format_args!("search at {}; ctrl-c ends it", page.url))?;
    app::signal().await;
    page.stop().await;
    org.stop().await;
    exit_code(ended)
}

/// What the page is told about the sync.
struct Shown {
    since: Instant,
    ended: OnceLock<(Ended, Duration)>,
}

impl Shown {
    fn new() -> Self {
        Self { since: Instant::now(), ended: OnceLock::new() }
    }

    /// Stops the watch; returns how long the sync took.
    fn end(&self, ended: &Ended) -> Duration {
        self.ended.get_or_init(|| (ended.clone(), self.since.elapsed())).1
    }

    fn status(&self, monitor: &Monitor) -> serde_json::Value {
        let (ended, took) = self.ended.get().map_or((None, self.since.elapsed()), |(ended, took)| (Some(ended), *took));
        status::page_status(monitor.stats().as_deref(), ended, took)
    }
}

/// Where the demo keeps its index.
struct Data {
    path: PathBuf,
    /// Removes the directory when the demo ends.
    temporary: Option<tempfile::TempDir>,
}

impl Data {
    fn of(path: Option<PathBuf>) -> Result<Self, Failure> {
        if let Some(path) = path {
            return Ok(Self { path, temporary: None });
        }
        let temporary = tempfile::Builder::new().prefix("sluice-demo-").tempdir()?;
        Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary) })
    }

    fn name(&self) -> String {
        let fate = if self.temporary.is_some() { " (removed at the end; keep it with `--data DIR`)" } else { "" };
        format!("{}{fate}", self.path.display())
    }
}
