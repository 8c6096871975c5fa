//! The scheduler with fakes and a paused clock.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use async_trait::async_trait;
use domain::{ConnectorId, Counts, ES_SILENT, ES_TAKEN_OVER, IndexName};
use ports::fakes::{FakeBoard, FakeCheckpoints, FakeClock, FakeSink, FakeSource};
use ports::{JobBoard as _, Wish};

use super::*;
use crate::desk::{OwnDesk, Served};
use crate::kit::{panic_in, small_work};
use crate::pipeline::Ports;
use crate::supervisor::RunSupervisor;

struct FakeWorkshop {
    slow: Duration,
    sink: Rc<FakeSink>,
    refuse: Cell<bool>,
}
impl Workshop for FakeWorkshop {
    fn work(&self, _assignment: &Assignment, stop: watch::Receiver<bool>) -> Result<ConnectorWork, Fault> {
        if self.refuse.get() {
            return Err(Fault::new(&domain::CF_INVALID, "no domain"));
        }
        let ports = Ports {
            source: Rc::new(FakeSource { slow: self.slow, ..FakeSource::default() }),
            sink: self.sink.clone(),
            checkpoints: Rc::<FakeCheckpoints>::default(),
            cache: None,
            clock: Arc::new(FakeClock::default()),
        };
        // All connectors share the sink, which does not tell their documents apart.
        Ok(small_work(ports, stop))
    }
}

/// A desk with one job, whose answers are set by the test.
#[derive(Default)]
struct FakeDesk {
    waiting: RefCell<Vec<Job>>,
    on_progress: RefCell<Vec<Result<Wish, Fault>>>,
    on_tend: RefCell<Vec<Result<(), Fault>>>,
    tended: Cell<usize>,
    tidied: Cell<usize>,
    finished: RefCell<Vec<(Job, Ended)>>,
    silence: Option<Duration>,
}
#[async_trait(?Send)]
impl Desk for FakeDesk {
    async fn tend(&self, _since: Timestamp, _now: Timestamp) -> Result<(), Fault> {
        self.tended.set(self.tended.get() + 1);
        self.on_tend.borrow_mut().pop().unwrap_or(Ok(()))
    }
    async fn tidy(&self, _now: Timestamp) -> Result<(), Fault> {
        self.tidied.set(self.tidied.get() + 1);
        Ok(())
    }
    async fn claim(&self, kinds: &[JobType], _now: Timestamp) -> Result<Option<Assignment>, Fault> {
        let mut waiting = self.waiting.borrow_mut();
        let found = waiting.iter().position(|job| kinds.contains(&job.kind));
        Ok(found.map(|at| Assignment { job: waiting.remove(at), definition: None }))
    }
    async fn progress(&self, _job: &Job, _counts: &Counts, _now: Timestamp) -> Result<Wish, Fault> {
        self.on_progress.borrow_mut().pop().unwrap_or(Ok(Wish::GoOn))
    }
    async fn finish(&self, job: &Job, ended: &Ended, _now: Timestamp) -> Result<(), Fault> {
        self.finished.borrow_mut().push((job.clone(), ended.clone()));
        Ok(())
    }
    fn silence(&self) -> Option<Duration> {
        self.silence
    }
}

/// Follows the paused clock of the runtime.
struct RunningClock(tokio::time::Instant);
impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + self.0.elapsed()
    }
}

struct Bench {
    handle: SchedulerHandle,
    workshop: Rc<FakeWorkshop>,
    stop: watch::Sender<bool>,
}

fn bench(desk: Rc<dyn Desk>, slow: u64, content: usize) -> Bench {
    tokio::time::pause();
    let (stop, stopped) = watch::channel(false);
    let workshop = Rc::new(FakeWorkshop { slow: Duration::from_secs(slow), sink: Rc::default(), refuse: Cell::default() });
    let clock = Arc::new(RunningClock(tokio::time::Instant::now()));
    let scheduling = Scheduling {
        desks: vec![desk],
        workshop: workshop.clone(),
        clock,
        roster: Arc::new(Roster::new(Timestamp::UNIX_EPOCH)),
        room: Room { content, access: 1 },
        stop: stopped,
    };
    Bench { handle: JobScheduler::start(scheduling), workshop, stop }
}

fn job(id: &str) -> Job {
    Job { id: JobId::new(id), connector: ConnectorId::new("c"), index: IndexName::new("i"), kind: JobType::Full }
}

fn rhythm(max_errors: usize) -> Rhythm {
    let second = Duration::from_secs;
    Rhythm { schedule: true, idling: second(30), tidy_every: Some(second(300)), max_errors, max_errors_span: second(600) }
}

async fn posted() -> (Rc<FakeBoard>, Rc<OwnDesk>) {
    let board = Rc::<FakeBoard>::default();
    board.post(&job("j"), Timestamp::UNIX_EPOCH).await.unwrap();
    let served = Served { connector: ConnectorId::new("c"), index: IndexName::new("i"), schedules: vec![] };
    (board.clone(), Rc::new(OwnDesk::new(board, vec![served])))
}

#[actix_rt::test]
async fn a_panic_of_the_supervisor_ends_the_job_with_an_error_and_the_next_one_runs() {
    let (board, desk) = posted().await;
    let mut bench = bench(desk, 0, 1);
    panic_in(RunSupervisor::NAME, 1);
    let Finished::Job(_, ended) = bench.handle.run_next().await else { panic!("the job ended") };
    assert_eq!((ended.status, ended.fault.map(|fault| fault.code)), (JobStatus::Error, Some(&EN_PANIC)));
    assert_eq!(board.0.borrow()[0].status, JobStatus::Error);
    board.post(&job("k"), Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(matches!(bench.handle.run_next().await, Finished::Job(_, ended) if ended.status == JobStatus::Completed));
}

#[actix_rt::test]
async fn a_panic_of_the_scheduler_is_told_and_never_a_hang() {
    let (_, desk) = posted().await;
    let mut bench = bench(desk, 0, 1);
    panic_in(JobScheduler::NAME, 1);
    assert!(matches!(bench.handle.run_next().await, Finished::Over(fault) if fault.code == &EN_PANIC));
    assert!(matches!(bench.handle.run_next().await, Finished::Over(_)));
    assert_eq!(bench.handle.serve(rhythm(20), bench.stop.subscribe()).await.unwrap_err().code, &EN_PANIC);
}

#[actix_rt::test]
async fn a_job_that_waits_is_claimed_reported_on_and_seen_through() {
    let (board, desk) = posted().await;
    let theirs = Job { connector: ConnectorId::new("theirs"), ..job("t") };
    board.post(&theirs, Timestamp::UNIX_EPOCH).await.unwrap();
    let mut bench = bench(desk, 4, 1);
    let watched = async {
        tokio::time::sleep(Duration::from_secs(25)).await;
        board.0.borrow()[0].counts.read
    };
    let (finished, read_midway) = tokio::join!(bench.handle.run_next(), watched);
    assert!(matches!(finished, Finished::Job(done, ended) if done == job("j") && ended.status == JobStatus::Completed));
    assert!((3..30).contains(&read_midway), "the board knew of {read_midway} records midway");
    assert_eq!(board.0.borrow()[0].status, JobStatus::Completed);
    assert!(matches!(bench.handle.run_next().await, Finished::Nothing), "a job of a connector that is not served is left alone");
}

#[actix_rt::test]
async fn a_connector_that_cannot_be_worked_on_ends_its_job_with_the_reason() {
    let desk = Rc::new(FakeDesk { waiting: RefCell::new(vec![job("j")]), ..FakeDesk::default() });
    let mut bench = bench(desk.clone(), 0, 1);
    bench.workshop.refuse.set(true);
    assert!(matches!(bench.handle.run_next().await, Finished::Job(..)));
    let finished = desk.finished.borrow();
    assert_eq!((finished[0].1.status, finished[0].1.fault.as_ref().unwrap().message.as_str()), (JobStatus::Error, "no domain"));
}

#[actix_rt::test]
async fn a_job_that_is_canceled_finishes_what_is_in_hand_and_is_canceled() {
    let answers = vec![Ok(Wish::Cancel), Err(Fault::new(&ES_SILENT, "no answer")), Ok(Wish::GoOn)];
    let desk = Rc::new(FakeDesk { waiting: RefCell::new(vec![job("j")]), on_progress: RefCell::new(answers), ..FakeDesk::default() });
    let mut bench = bench(desk.clone(), 9, 1);
    let Finished::Job(_, ended) = bench.handle.run_next().await else { panic!("the job ended") };
    assert_eq!((ended.status, ended.fault), (JobStatus::Canceled, None));
    assert!(ended.counts.read > 0, "a fault of a report stops nothing");
    assert_eq!(desk.finished.borrow()[0].1.status, JobStatus::Canceled);
}

#[actix_rt::test]
async fn a_job_that_another_process_took_over_is_written_for_no_more_and_not_ended_by_us() {
    let taken = vec![Err(Fault::new(&ES_TAKEN_OVER, "another worker has it"))];
    let desk = Rc::new(FakeDesk { waiting: RefCell::new(vec![job("j")]), on_progress: RefCell::new(taken), ..FakeDesk::default() });
    let mut bench = bench(desk.clone(), 9, 1);
    let sink = Rc::clone(&bench.workshop.sink);
    let watched = async {
        tokio::time::sleep(Duration::from_millis(10_001)).await;
        sink.docs.borrow().len()
    };
    let (finished, written) = tokio::join!(bench.handle.run_next(), watched);
    assert!(matches!(finished, Finished::Job(_, ended) if ended.status != JobStatus::Completed));
    assert!(desk.finished.borrow().is_empty());
    assert_eq!(sink.docs.borrow().len(), written);
}

#[actix_rt::test]
async fn a_process_that_hears_nothing_for_long_stops_writing_before_another_one_may_claim() {
    let silent = || Err(Fault::new(&ES_SILENT, "no answer"));
    let desk = Rc::new(FakeDesk {
        waiting: RefCell::new(vec![job("j")]),
        on_progress: RefCell::new((0..100).map(|_| silent()).collect()),
        silence: Some(Duration::from_secs(30)),
        ..FakeDesk::default()
    });
    let mut bench = bench(desk.clone(), 7, 1);
    let sink = Rc::clone(&bench.workshop.sink);
    let watched = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        sink.docs.borrow().len()
    };
    let (finished, written) = tokio::join!(bench.handle.run_next(), watched);
    let Finished::Job(_, ended) = finished else { panic!("the job ended") };
    assert_eq!(ended.fault.map(|fault| fault.code), Some(&ES_TAKEN_OVER));
    assert!(written > 0 && sink.docs.borrow().len() == written);
}

#[actix_rt::test]
async fn a_service_runs_what_waits_side_by_side_up_to_its_room() {
    let jobs = (0..5).map(|no| job(&format!("j{no}"))).chain([Job { kind: JobType::AccessControl, ..job("a") }]);
    let desk = Rc::new(FakeDesk { waiting: RefCell::new(jobs.collect()), ..FakeDesk::default() });
    let mut bench = bench(desk.clone(), 1, 2);
    let stop = bench.stop.clone();
    let watched = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let waiting = desk.waiting.borrow().len();
        // Room that becomes free is used at once, long before the next round.
        while desk.finished.borrow().len() < 6 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let rounds = desk.tended.get();
        stop.send_replace(true);
        (waiting, rounds)
    };
    let (served, (waiting, _)) = tokio::join!(bench.handle.serve(rhythm(20), bench.stop.subscribe()), watched);
    assert_eq!((served, waiting), (Ok(()), 3), "two content jobs and one of access control began at once");
    assert!(desk.finished.borrow().iter().all(|(_, ended)| ended.status == JobStatus::Completed));
}

#[actix_rt::test]
async fn a_stop_suspends_what_is_in_hand_and_claims_nothing_more() {
    let desk = Rc::new(FakeDesk { waiting: RefCell::new(vec![job("j"), job("k")]), ..FakeDesk::default() });
    let mut bench = bench(desk.clone(), 9, 1);
    let stop = bench.stop.clone();
    let watched = async {
        tokio::time::sleep(Duration::from_secs(15)).await;
        stop.send_replace(true);
    };
    let (served, ()) = tokio::join!(bench.handle.serve(rhythm(20), bench.stop.subscribe()), watched);
    assert_eq!(served, Ok(()));
    let finished = desk.finished.borrow();
    assert_eq!((finished.len(), finished[0].1.status, desk.waiting.borrow().len()), (1, JobStatus::Suspended, 1));
}

#[actix_rt::test]
async fn rounds_go_on_over_faults_until_there_are_too_many() {
    let fault = || Err(Fault::new(&ES_SILENT, "no answer"));
    let desk = Rc::new(FakeDesk { on_tend: RefCell::new(vec![fault(), fault(), fault(), Ok(()), fault()]), ..FakeDesk::default() });
    let mut bench = bench(desk.clone(), 0, 1);
    let served = bench.handle.serve(rhythm(3), bench.stop.subscribe()).await;
    assert_eq!((served.unwrap_err().code, desk.tended.get()), (&ES_SILENT, 5));
    assert_eq!(desk.tidied.get(), 0, "a desk that does not answer is not tidied");
}

#[actix_rt::test]
async fn desks_are_tidied_at_their_own_rhythm() {
    let desk = Rc::<FakeDesk>::default();
    let mut bench = bench(desk.clone(), 0, 1);
    let stop = bench.stop.clone();
    let watched = async {
        tokio::time::sleep(Duration::from_secs(630)).await;
        stop.send_replace(true);
    };
    let (served, ()) = tokio::join!(bench.handle.serve(rhythm(0), bench.stop.subscribe()), watched);
    assert_eq!(served, Ok(()));
    assert!((20..=22).contains(&desk.tended.get()), "{}", desk.tended.get());
    assert_eq!(desk.tidied.get(), 3);
}
