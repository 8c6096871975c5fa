//! Runs a job: plans it, then one generation of the pipeline after another from the last checkpoint, by the rules of `domain::restart`.
//!
//! `StartRun` -> `Ended`. A service that runs one job at a time; keeps nothing between jobs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use actix::{Actor, Context, Handler, ResponseFuture};
use domain::access::{AllowLists, Mode, Prefixes};
use domain::catalog::{self, DocumentShape};
use domain::monitor::ErrorMonitor;
use domain::restart::{Decision, RestartBudget, decide};
use domain::rules::{RulePlan, RuleQuery, SyncRules};
use domain::{Checkpoint, Counts, EN_HELD, EN_SET_ASIDE, Ended, Fault, Hold, Job, JobStatus, JobType, ObjectPlan, RunId, Selection, Swept};
use ports::Target;
use tokio::sync::watch;

use crate::access;
use crate::content::FileText;
use crate::events::{DeletesHeld, GenerationRestarted, KeysBlank, ObjectSkipped, RunStats};
use crate::lookup::LookupCache;
use crate::messages::StartRun;
use crate::pipeline::{GenerationReport, Ports, Run, RunLimits, Tuning, run_generation};
use crate::stage::fail_point;
use crate::survey::survey;

/// What makes the jobs of one connector.
#[derive(Clone)]
pub struct ConnectorWork {
    /// Ports.
    pub ports: Ports,
    /// Which objects.
    pub selection: Selection,
    /// Which of their documents, or what in place of them.
    pub rules: Rc<SyncRules>,
    /// How documents look.
    pub shape: Rc<DocumentShape>,
    /// How what is in files gets into them.
    pub text: FileText,
    /// Whether documents say who may read them, and how; `None`: they do not, and everybody may.
    pub access: Option<Mode>,
    /// Of the configuration that decides what documents look like.
    pub fingerprint: String,
    /// Knobs.
    pub tuning: Tuning,
    /// Limits.
    pub limits: RunLimits,
    /// How often a run may start again.
    pub restarts: RestartBudget,
    /// Where displays on other threads find the counters of the current run.
    pub monitor: Arc<Monitor>,
    /// True means: finish what is in hand and stop.
    pub stop: watch::Receiver<bool>,
}

/// Shows the run in work to other threads.
#[derive(Debug, Default)]
pub struct Monitor(Mutex<Option<Arc<RunStats>>>);
impl Monitor {
    /// Counters of the run in work, or of the last one.
    pub fn stats(&self) -> Option<Arc<RunStats>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    pub(crate) fn show(&self, stats: &Arc<RunStats>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(stats));
    }
}

/// Runs the jobs of one connector.
pub(crate) struct RunSupervisor {
    work: ConnectorWork,
}
impl RunSupervisor {
    pub(crate) const NAME: &str = "run_supervisor";

    pub(crate) fn new(work: ConnectorWork) -> Self {
        Self { work }
    }
}
impl Actor for RunSupervisor {
    type Context = Context<Self>;
}
impl Handler<StartRun> for RunSupervisor {
    // Nothing of the actor's state is touched when the run ends, and a panic must not take the supervisor down.
    type Result = ResponseFuture<()>;

    fn handle(&mut self, StartRun { job, ended }: StartRun, _ctx: &mut Context<Self>) -> Self::Result {
        let work = self.work.clone();
        Box::pin(async move {
            fail_point(Self::NAME);
            let _ = ended.send(match job.kind {
                JobType::Full | JobType::Incremental => conduct(&work, &job).await,
                JobType::AccessControl => access::conduct(&work, &job).await,
            });
        })
    }
}

/// Runs one content job to its end.
pub async fn conduct(work: &ConnectorWork, job: &Job) -> Ended {
    let unplanned = |status, fault| Ended { status, fault, counts: Counts::default() };
    // Signing in may take half a minute of tries; nothing is in hand yet that would be worth finishing.
    let planned = tokio::select! {
        planned = prepare(work) => planned,
        () = asked_to_stop(&work.stop) => return unplanned(JobStatus::Suspended, None),
    };
    let (planned, allow) = match planned {
        Ok(planned) => planned,
        Err(fault) => return unplanned(JobStatus::Error, Some(fault.context("look at what the org offers"))),
    };
    planned.skipped.iter().for_each(|(object, reason)| ObjectSkipped { object, reason }.emit());
    planned.blank.iter().for_each(|(object, keys)| KeysBlank { object, keys }.emit());
    let stats = Arc::new(RunStats::new(planned.objects.iter().map(|plan| plan.name.clone())));
    work.monitor.show(&stats);
    let ended = match run_to_end(work, job, planned, allow, &stats).await {
        Ok(status) => (status, None),
        Err(fault) => (JobStatus::Error, Some(fault)),
    };
    Ended { status: ended.0, fault: ended.1, counts: stats.counts() }
}

/// What the run reads, and who may read its documents.
async fn prepare(work: &ConnectorWork) -> Result<(catalog::Planned, Option<Rc<AllowLists>>), Fault> {
    let Ports { source, clock, .. } = &work.ports;
    let planned = survey(&**source, &work.selection, &work.rules.advanced).await?;
    let prefixes = || {
        let known = |object: &catalog::GlobalObject| Some((object.key_prefix.clone()?, object.name.clone()));
        Prefixes::new(planned.global.iter().filter_map(known))
    };
    let allow = match work.access {
        None => None,
        Some(Mode::Tokens) => Some(AllowLists::of_tokens(prefixes())),
        Some(Mode::UserLists) => {
            let directory = access::directory(&**source, &planned.global, clock.now(), &RunStats::default()).await?;
            Some(AllowLists::of_users(prefixes(), Arc::new(directory)))
        }
    };
    Ok((planned, allow.map(Rc::new)))
}

/// Generations, then the sweep. A fault leaves the checkpoint for the next job.
async fn run_to_end(
    work: &ConnectorWork,
    job: &Job,
    planned: catalog::Planned,
    allow: Option<Rc<AllowLists>>,
    stats: &Arc<RunStats>,
) -> Result<JobStatus, Fault> {
    let readers = allow.as_ref().map(|allow| allow.readers(planned.objects.iter().flat_map(ObjectPlan::kinds)));
    let fingerprint = fingerprint(&format!("{}{}", work.fingerprint, readers.unwrap_or_default()), &planned.objects);
    let (mut checkpoint, target) = begin(work, job, fingerprint, &planned.layout).await?;
    // Whether a search gave all it found is known only to the process that asked.
    checkpoint.objects.retain(|name, _| !planned.objects.iter().any(|plan| plan.name == *name && may_be_cut(plan)));
    let run = Run {
        target,
        kind: job.kind,
        objects: planned.objects.into_iter().map(Arc::new).collect(),
        shape: Rc::clone(&work.shape),
        rules: Rc::clone(&work.rules),
        text: work.text.clone(),
        facts: planned.files,
        allow,
        stats: Arc::clone(stats),
        cache: Arc::new(LookupCache::new(work.limits.lookup_cache)),
        strikes: Rc::default(),
        errors: Rc::new(RefCell::new(ErrorMonitor::new(work.limits.error_monitor))),
        stop: work.stop.clone(),
    };
    let (mut restarts, mut gains) = (0, Gains::default());
    loop {
        let GenerationReport { checkpoint: reached, complete, down } =
            run_generation(&run, &work.ports, &work.tuning, &work.limits, checkpoint).await?;
        checkpoint = reached;
        if complete {
            break;
        }
        if *work.stop.borrow() {
            return Ok(JobStatus::Suspended);
        }
        let fault = down.into_iter().find_map(crate::stage::StageDown::fault);
        let fault = fault.unwrap_or_else(|| Fault::new(&domain::EN_PANIC, "pages were lost and no stage said why"));
        if gains.got_further(&stats.counts(), run.objects.iter().any(|plan| starts_over(plan, &checkpoint))) {
            restarts = 0;
        }
        match decide(work.restarts, restarts, fault.clone()) {
            Decision::GiveUp(fault) => return Err(fault),
            Decision::Again(wait) => {
                GenerationRestarted { fault: &fault, wait }.emit();
                restarts += 1;
                if pause(&work.stop, wait).await {
                    return Ok(JobStatus::Suspended);
                }
            }
        }
    }
    finish(work, &run, &planned.skipped).await
}

/// What the generations of a run made. Only documents count as progress: pages set aside move the checkpoint too, and must not feed an
/// endless run.
#[derive(Default)]
struct Gains {
    /// Documents made so far.
    made: u64,
    /// The most that one generation made.
    most: u64,
}

impl Gains {
    /// Whether the generation that ended got further than those before. What starts over makes the same documents each time, so
    /// then only one that made more of them than any other did.
    fn got_further(&mut self, Counts { written, excluded, .. }: &Counts, starts_over: bool) -> bool {
        let gained = (written + excluded).saturating_sub(self.made);
        let is_further = gained > if starts_over { self.most } else { 0 };
        (self.made, self.most) = (self.made + gained, self.most.max(gained));
        is_further
    }
}

/// Whether what is left of an object is read from its beginning in the next generation.
fn starts_over(plan: &ObjectPlan, checkpoint: &Checkpoint) -> bool {
    !checkpoint.progress(&plan.name).done && plan.rule.as_ref().is_some_and(|rule| rule.shares || !rule.goes_on())
}

/// Whether an object may be a search that does not give all it finds.
fn may_be_cut(plan: &ObjectPlan) -> bool {
    matches!(plan.rule, Some(RulePlan { query: RuleQuery::Sosl { cap: Some(_), .. }, .. }))
}

/// The checkpoint to start from, and the index made ready for it. An unfinished run goes on only if documents would look the same and the
/// index is still the one that it began with.
async fn begin(work: &ConnectorWork, job: &Job, fingerprint: String, layout: &catalog::Layout) -> Result<(Checkpoint, Target), Fault> {
    let Ports { sink, checkpoints, clock, .. } = &work.ports;
    let prepared = async |checkpoint: &Checkpoint| {
        let run = checkpoint.run.clone();
        let target = Target { connector: job.connector.clone(), index: job.index.clone(), run, mark: checkpoint.mark.clone() };
        let mark = sink.prepare(&target, layout).await.map_err(|fault| fault.context("prepare the index"))?;
        Ok::<_, Fault>(Target { mark, ..target })
    };
    let unfinished = checkpoints.load(&job.connector, job.kind).await?.filter(|checkpoint| checkpoint.fingerprint == fingerprint);
    if let Some(checkpoint) = unfinished {
        let target = prepared(&checkpoint).await?;
        if target.mark == checkpoint.mark {
            tracing::info!(run = %checkpoint.run, "an unfinished run goes on from its checkpoint");
            return Ok((checkpoint, target));
        }
        tracing::warn!(run = %checkpoint.run, "the index was made anew since the run broke off; it starts from the beginning");
    }
    let mut checkpoint = Checkpoint::fresh(RunId::new(format!("{}-{}", job.id, clock.now().as_millisecond())), fingerprint);
    let target = prepared(&checkpoint).await?;
    checkpoint.mark.clone_from(&target.mark);
    Ok((checkpoint, target))
}

/// Deletes what the run did not meet, unless it could not look at everything, and forgets the checkpoint.
async fn finish(work: &ConnectorWork, run: &Run, skipped: &[(String, String)]) -> Result<JobStatus, Fault> {
    let pages = run.stats.pages_aside();
    let held = match spared(run, skipped) {
        Some(spare) if pages == 0 => sweep(work, run, &spare).await?,
        Some(_) => None,
        None => {
            tracing::warn!("a search that names no objects did not give all it found; nothing is deleted in this run");
            None
        }
    };
    // After the hold is kept: a run that dies in between finds the checkpoint, sweeps again, and holds again.
    work.ports.checkpoints.clear(&run.target.connector, run.kind).await?;
    match (pages, held) {
        (0, None) => Ok(JobStatus::Completed),
        (0, Some(Hold { connector, index, doomed, total, .. })) => Err(Fault::new(
            &EN_HELD,
            format!(
                "the org no longer shows {doomed} of {total} documents that connector `{connector}` has in `{index}`; nothing was deleted"
            ),
        )),
        (pages, _) => {
            Err(Fault::new(&EN_SET_ASIDE, format!("everything was read but {pages} page(s), which were set aside; nothing was deleted")))
        }
    }
}

/// Kinds of documents that the run could not look at; `None` when nobody can say which those are.
fn spared(run: &Run, skipped: &[(String, String)]) -> Option<Vec<String>> {
    let nameless = || run.objects.iter().zip(&run.stats.objects).filter(|(_, stats)| stats.is_nameless()).map(|(plan, _)| plan);
    if nameless().any(|plan| plan.kinds().next().is_none()) {
        return None;
    }
    let mut spare: Vec<_> = skipped.iter().map(|(object, _)| object.clone()).collect();
    spare.extend(nameless().flat_map(|plan| plan.kinds()).map(str::to_owned));
    // A file may hang on nothing but a record that was not looked at. With advanced rules, only files that they find are wanted.
    let finds_files = |plan: &Arc<ObjectPlan>| plan.rule.is_some() || plan.children.iter().any(|child| child.key == catalog::LINKS);
    if !spare.is_empty() || run.stats.has_nameless_files() || !run.objects.iter().any(finds_files) {
        spare.push("content_document".to_owned());
    }
    Some(spare)
}

/// Deletes what the run did not meet, or keeps in mind what somebody has to look at first.
async fn sweep(work: &ConnectorWork, run: &Run, spare: &[String]) -> Result<Option<Hold>, Fault> {
    let Ports { sink, checkpoints, .. } = &work.ports;
    match sink.sweep(&run.target, spare, work.limits.brake).await? {
        Swept::Deleted(deleted) => {
            run.stats.swept(deleted);
            // What an earlier run held back is among it, or was met again.
            checkpoints.drop_hold(&run.target.connector).await?;
            Ok(None)
        }
        Swept::Held(hold) => {
            DeletesHeld(&hold).emit();
            checkpoints.keep_hold(&hold).await?;
            Ok(Some(hold))
        }
    }
}

/// Of the configuration and of the columns: a checkpoint is worth nothing when documents would look different.
fn fingerprint(configuration: &str, objects: &[ObjectPlan]) -> String {
    // FNV-1a: stable over builds, which the hashers of the standard library do not promise.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in format!("{configuration}{objects:?}").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// Waits, or returns true as soon as a stop is asked for.
async fn pause(stop: &watch::Receiver<bool>, wait: std::time::Duration) -> bool {
    tokio::select! {
        () = asked_to_stop(stop) => true,
        () = tokio::time::sleep(wait) => false,
    }
}

/// Ends when a stop is asked for; never when nobody is left who could ask.
pub(crate) async fn asked_to_stop(stop: &watch::Receiver<bool>) {
    if stop.clone().wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}
