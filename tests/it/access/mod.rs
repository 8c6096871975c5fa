//! Who may find what, in random orgs: each decision of the whole engine over HTTP equals that of the simulator's judge, which walks the tables
//! of the org for every question and shares no code with the engine.

mod content;
mod dice;
mod draft;
mod job;
mod people;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actors::supervisor::Monitor;
use adapters::embedded::{Embedded, Reader, SearchRequest, Standing};
use domain::access::access_index;
use domain::{JobStatus, JobType};
use ports::Clock as _;
use serde_json::{Value, json};
use simulator::org::{Org, text_of};
use simulator::permissions::may_read_each;
use simulator::{Options, Running, spawn};
use sluice::app::{self, Index};
use sluice::clock::SystemClock;
use sluice::plan::Plan;
use sluice::settings::{Environment, Settings};
use tempfile::TempDir;
use tokio::sync::watch;

use self::draft::Draft;
use crate::program::contains_all;

const INDEX: &str = "docs";

/// How an org is synced.
#[derive(Clone, Copy, Debug)]
struct Manner {
    /// With `compatibility: elastic`.
    lists: bool,
    /// Content of files is downloaded.
    content: bool,
    rows_per_page: Option<usize>,
    /// Permissions change afterwards.
    changes: bool,
}

impl Manner {
    fn of(seed: u64) -> Self {
        Self {
            lists: seed % 4 == 1,
            content: seed % 8 == 2,
            rows_per_page: (seed % 8 == 3).then_some(30),
            changes: seed.is_multiple_of(2) || seed % 8 == 1,
        }
    }

    fn plan(self, org: &Running, data: &Path) -> Plan {
        let mut configuration = json!({
            "domain": "acme", "client_id": "sluice-demo", "client_secret": "sluice-demo-secret",
            "standard_objects_to_sync": "Account, Contact, Lead, Case",
            "sync_custom_objects": true, "custom_objects_to_sync": "Project__c, Invoice__c",
            "file_objects_to_sync": "Attachment",
            // There is no such service, so nothing is downloaded.
            "text_extraction": if self.content { "pipeline" } else { "service" },
            "use_document_level_security": true,
        });
        if self.lists {
            configuration["compatibility"] = json!("elastic");
        }
        let settings = json!({
            "index": { "kind": "embedded", "path": data },
            "connectors": [{ "connector_id": "sf", "index_name": INDEX, "configuration": configuration }],
            "salesforce": { "base_url": org.base_url, "idle_timeout": "30s" },
            "actors": { "bulk_writer": { "linger": "1ms" } },
        });
        Plan::try_from(Settings::parse(&settings.to_string(), &Environment::default()).unwrap()).unwrap()
    }
}

/// Decisions that were compared.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    orgs: u64,
    yes: u64,
    no: u64,
    /// Decisions that a change of permissions turned.
    turned: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self { orgs, yes, no, turned } = other;
        self.orgs += orgs;
        self.yes += yes;
        self.no += no;
        self.turned += turned;
    }
}

/// One decision in which engine and judge differ.
#[derive(Debug)]
struct Difference {
    user: String,
    document: String,
    /// What the judge says.
    may: bool,
    held: String,
    listed: String,
    about: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, document, may, held, listed, about } = self;
        let (judge, engine) = if *may { ("may", "does not find it") } else { ("may not", "finds it") };
        write!(out, "{user} {judge} read {document} and {engine}\n  held by the user: {held}\n  listed by the document: {listed}")?;
        about.iter().try_for_each(|row| write!(out, "\n  {row}"))
    }
}

/// Documents of an index by id.
fn documents(reader: &Reader, index: &str) -> BTreeMap<String, Vec<u8>> {
    let mut documents = BTreeMap::new();
    let read = |id: &str, body: &[u8]| {
        documents.insert(id.to_owned(), body.to_vec());
        Ok(())
    };
    reader.export(index, read).unwrap();
    documents
}

/// Ids of everything that a user finds, page by page.
fn found(reader: &Reader, user: &str) -> (BTreeSet<String>, Option<Standing>) {
    let (mut ids, mut from) = (BTreeSet::new(), 0);
    loop {
        let request = SearchRequest { index: Some(INDEX.into()), reader: Some(user.into()), from, size: 120, ..SearchRequest::default() };
        let answer = reader.search(&request).unwrap();
        from += answer.hits.len();
        if answer.hits.is_empty() {
            assert_eq!((ids.len(), answer.total), (from, from as u64), "each once, and as many as are counted");
            return (ids, answer.reader);
        }
        ids.extend(answer.hits.into_iter().map(|hit| hit.id));
    }
}

/// What a row of the org says, for messages.
fn about(org: &Org, id: &str) -> String {
    let Some(row) = org.row(id) else { return "no such row".into() };
    let fields = row.schema().fields.iter().filter_map(|field| Some(format!("{}={}", field.name, text_of(row.json(&field.name)?))));
    format!("{}: {}", row.schema().name, fields.collect::<Vec<_>>().join(" "))
}

/// Compares all decisions about the documents of an index. Gives the pairs of user and document that are yes by the judge, and what differs.
fn compare(reader: &Reader, draft: &Draft, tally: &mut Tally) -> (BTreeSet<(String, String)>, Vec<Difference>) {
    let (org, now) = (draft.org_of_the_judge(), SystemClock.now());
    let (bodies, held) = (documents(reader, INDEX), documents(reader, &access_index(INDEX)));
    let (mut yes, mut differences) = (BTreeSet::new(), Vec::new());
    for row in org.rows("User") {
        let user = row.id();
        let (found, standing) = found(reader, &user);
        let served = row.json("IsActive") == Some(b"true") && row.json("UserType") == Some(b"\"Standard\"");
        assert_eq!(held.contains_key(&user), standing == Some(Standing::Known), "{user}");
        assert!(found.iter().all(|id| bodies.contains_key(id)));
        let documents = bodies.keys().map(String::as_str);
        // Users who are not served find nothing, whatever they may read in Salesforce.
        let judged = if served { may_read_each(&org, &user, documents, now) } else { vec![false; bodies.len()] };
        for (document, may) in bodies.keys().zip(judged) {
            let may = served && may_by_tokens(&org, &user, document).unwrap_or(may);
            *if may { &mut tally.yes } else { &mut tally.no } += 1;
            if may != found.contains(document) {
                differences.push(difference(&org, (&user, document, may), held.get(&user), &bodies[document]));
            }
            if may {
                yes.insert((user.clone(), document.clone()));
            }
        }
    }
    (yes, differences)
}

/// What one list of tokens cannot say, and how the engine decides instead: a private attachment is its owner's, who in Salesforce has to read
/// the record as well.
fn may_by_tokens(org: &Org, user: &str, document: &str) -> Option<bool> {
    let row = org.row(document).filter(|row| row.schema().name == "Attachment" && row.json("IsPrivate") == Some(b"true"))?;
    Some(row.json("OwnerId").is_some_and(|owner| text_of(owner) == user))
}

fn difference(org: &Org, (user, document, may): (&str, &str, bool), held: Option<&Vec<u8>>, body: &[u8]) -> Difference {
    let parse = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap();
    let links = org.rows("ContentDocumentLink").filter(|link| link.json("ContentDocumentId").is_some_and(|file| text_of(file) == document));
    Difference {
        user: user.to_owned(),
        document: document.to_owned(),
        may,
        held: held.map_or_else(|| "nothing".to_owned(), |held| parse(held)["query"]["template"]["params"].to_string()),
        listed: parse(body)["_allow_access_control"].to_string(),
        about: std::iter::once(document.to_owned()).chain(links.map(|link| link.id())).map(|id| about(org, &id)).collect(),
    }
}

/// One org that is synced again and again into an index of its own.
struct Scene {
    manner: Manner,
    draft: Draft,
    data: TempDir,
    reader: Reader,
    index: Index,
}

impl Scene {
    fn of(seed: u64) -> Self {
        let data = tempfile::tempdir().unwrap();
        let embedded = Embedded::open(data.path(), Arc::new(SystemClock)).unwrap();
        let reader = embedded.reader();
        Self { manner: Manner::of(seed), draft: Draft::of(seed), data, reader, index: Index::new(Rc::new(embedded)) }
    }

    /// Runs jobs over the org as it is now.
    async fn run(&self, kinds: &[JobType]) {
        let org = spawn(Options { page_size: self.manner.rows_per_page, ..Options::new(self.draft.org()) }).unwrap();
        let plan = self.manner.plan(&org, self.data.path());
        let connector = plan.connector(None).unwrap();
        for kind in kinds {
            let (_stop, stopped) = watch::channel(false);
            let (_, ended) = app::run_job(&plan, connector, *kind, &self.index, Arc::new(Monitor::default()), stopped).await.unwrap();
            assert_eq!((ended.status, ended.fault, ended.counts.set_aside), (JobStatus::Completed, None, 0), "{kind:?}");
        }
    }
}

/// Syncs the org of a seed and compares. In most orgs then changes permissions, runs the access job (alone, unless documents list users), and
/// compares again.
async fn check(seed: u64) -> Tally {
    let (mut scene, mut tally) = (Scene::of(seed), Tally { orgs: 1, ..Tally::default() });
    let compare = |scene: &Scene, tally: &mut Tally, when: &str| {
        let (yes, differences) = compare(&scene.reader, &scene.draft, tally);
        assert!(differences.is_empty(), "{when}, {} differences, the first: {}", differences.len(), differences[0]);
        yes
    };
    scene.run(&[JobType::AccessControl, JobType::Full]).await;
    let before = compare(&scene, &mut tally, "after both jobs");
    if !scene.manner.changes {
        return tally;
    }
    let bodies = documents(&scene.reader, INDEX);
    people::change(&mut scene.draft);
    if scene.manner.lists {
        // Lists of users are those of the last full job.
        scene.run(&[JobType::AccessControl, JobType::Full]).await;
    } else {
        scene.run(&[JobType::AccessControl]).await;
        assert!(documents(&scene.reader, INDEX) == bodies, "the access job has touched content");
    }
    let after = compare(&scene, &mut tally, "after a change of permissions");
    tally.turned += before.symmetric_difference(&after).count() as u64;
    tally
}

/// Checks these orgs, several at a time; fails with the seed of one that is not as it should be.
fn check_all(first: u64, orgs: u64) -> Tally {
    let next = AtomicU64::new(first);
    let work = || {
        let mut sum = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + orgs {
                return Ok(sum);
            }
            let checked = catch_unwind(AssertUnwindSafe(|| actix_rt::System::new().block_on(check(seed))));
            sum += checked.map_err(|panic| {
                // The other workers need not go on.
                next.store(first + orgs, Ordering::Relaxed);
                (seed, panic)
            })?;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        let mut sum = Tally::default();
        for worker in workers {
            match worker.join().unwrap() {
                Ok(part) => sum += part,
                Err((seed, panic)) => {
                    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
                    panic!("seed {seed}, {:?}: {}", Manner::of(seed), text.unwrap_or("no words"));
                }
            }
        }
        sum
    })
}

/// A number from the environment, for long runs and for a single seed.
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// `SLUICE_ACCESS_ORGS=1000 SLUICE_ACCESS_SEED=5000` checks as many other orgs.
#[test]
fn every_decision_of_the_engine_is_that_of_the_judge() {
    let (first, orgs) = (number("SLUICE_ACCESS_SEED", 1), number("SLUICE_ACCESS_ORGS", 200));
    let tally = check_all(first, orgs);
    assert_eq!(tally.orgs, orgs);
    let each = tally.orgs * 20 * 300;
    assert!(tally.yes > each / 8 && tally.no > each / 2 && tally.turned > each / 200, "too much is open, or closed: {tally:?}");
}

#[test]
fn a_difference_is_found_and_told_with_the_tokens_of_both_sides() {
    let told = actix_rt::System::new().block_on(async {
        let mut scene = Scene::of(4);
        scene.run(&[JobType::AccessControl, JobType::Full]).await;
        // Nobody tells the index.
        people::change(&mut scene.draft);
        compare(&scene.reader, &scene.draft, &mut Tally::default()).1
    });
    for may in [true, false] {
        let difference = told.iter().find(|difference| difference.may == may).unwrap().to_string();
        contains_all(&difference, &["005Hs0", "held by the user: ", "listed by the document: [\"", "Id="]);
    }
}
