//! Two services that look, claim, report, end, tidy and crash at random, at a cluster that loses and refuses requests: nothing is ever done
//! twice, and when the storm is over everything comes to its end.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::*;

/// A service and the jobs that it has in work.
struct Player {
    service: Cluster,
    jobs: BTreeMap<String, domain::Job>,
    since: Timestamp,
}

impl Player {
    async fn new(bench: &Bench, since: Timestamp) -> Self {
        let ids = ["a", "b", "c"];
        loop {
            let connectors = ids.iter().map(|id| ConnectorId::new(*id)).collect();
            // The same name, so that nothing but the claims tells the two apart.
            if let Ok(service) = bench.connect(ProtocolOptions { connectors, ..options("host") }).await {
                // Which way is used must not depend on the weather.
                if service.uses_api() == bench.fake.world().api {
                    return Self { service, jobs: BTreeMap::new(), since };
                }
            }
        }
    }

    async fn look(&mut self, now: Timestamp) {
        if self.service.tend(self.since, now).await.is_ok() {
            self.since = now;
        }
    }

    async fn claim(&mut self, now: Timestamp) -> Option<domain::Job> {
        let job = self.service.claim(CONTENT, now).await.ok().flatten()?.job;
        self.jobs.insert(job.id.to_string(), job.clone());
        Some(job)
    }

    async fn report(&mut self, now: Timestamp) {
        for (id, job) in self.jobs.clone() {
            if let Err(fault) = self.service.progress(&job, &Counts::default(), now).await
                && fault.code == &domain::ES_TAKEN_OVER
            {
                self.jobs.remove(&id);
                self.service.leave(&job);
            }
        }
    }

    async fn end(&mut self, how: JobStatus, now: Timestamp) {
        if let Some((_, job)) = self.jobs.pop_first() {
            // As an engine does: whether it could be told or not, the job is out of its hands.
            let _ = self.service.finish(&job, &ended(how), now).await;
            self.service.leave(&job);
        }
    }
}

/// Of each connector, one job at most is in work, and the connector says so.
fn check(bench: &Bench) {
    let world = bench.fake.world();
    for (id, connector) in &world.connectors {
        let is_in_work = |job: &Value| job["connector"]["id"] == id.as_str() && matches!(text(&job["status"]), "in_progress" | "canceling");
        let in_work = world.jobs.values().filter(|job| is_in_work(&json!(job.source))).count();
        assert!(in_work == 0 || (in_work == 1 && connector.source["last_sync_status"] == "in_progress"), "{id} has {in_work}");
    }
}

async fn step(random: &mut Rng, players: &mut [Player; 2], bench: &Bench, now: Timestamp) {
    let me = random.usize(..2);
    match random.u32(..10) {
        0..3 => {
            let [one, two] = players;
            futures::join!(one.look(now), two.look(now));
        }
        3..6 => {
            let [one, two] = players;
            let (first, second) = futures::join!(one.claim(now), two.claim(now));
            for (job, has) in [(first, &players[1]), (second, &players[0])] {
                assert!(job.is_none_or(|job| !has.jobs.contains_key(job.id.as_str())), "both have a job");
            }
        }
        6 => players[me].report(now).await,
        7 => {
            let all = [JobStatus::Completed, JobStatus::Error, JobStatus::Suspended];
            players[me].end(all[random.usize(..3)], now).await;
        }
        8 => {
            let [one, two] = players;
            let (first, second) = futures::join!(one.service.tidy(now), two.service.tidy(now));
            // The next round tries again.
            let _ = (first, second);
        }
        _ => players[me] = Player::new(bench, now).await,
    }
    check(bench);
}

async fn weathered(api: bool, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let bench = Bench::new(api).await;
    for id in ["a", "b", "c"] {
        bench.put_connector(id, &json!({ "scheduling": { "full": { "enabled": true, "interval": "0 * * * * ?" } } }));
    }
    let mut players = [Player::new(&bench, after(0)).await, Player::new(&bench, after(0)).await];
    let mut seconds = 0;
    bench.fake.world().storm = Some((Rng::with_seed(seed), 6));
    for _ in 0..60 {
        seconds += random.i64(1..120);
        let now = bench.later(seconds);
        step(&mut random, &mut players, &bench, now).await;
    }
    bench.fake.world().storm = None;
    // One job of a kind waits at most, and each was made for a minute of its own.
    let made = bench.fake.world().jobs.len();
    assert!(made > 3 && i64::try_from(made).unwrap() <= 3 * (seconds / 60 + 1), "{made} jobs in {seconds} s");

    for id in ["a", "b", "c"] {
        bench.fake.world().edit(false, id, &json!({ "scheduling": { "full": { "enabled": false } } }));
    }
    for _ in 0..20 {
        seconds += 150;
        let now = bench.later(seconds);
        for player in &mut players {
            player.service.tidy(now).await.unwrap();
            player.report(now).await;
            while player.claim(now).await.is_some() {}
            while !player.jobs.is_empty() {
                player.end(JobStatus::Completed, now).await;
            }
        }
        check(&bench);
    }
    let world = bench.fake.world();
    for (id, job) in &world.jobs {
        assert!(matches!(text(&job.source["status"]), "completed" | "error" | "canceled"), "{id} is {}", job.source["status"]);
    }
    for (id, connector) in &world.connectors {
        assert_ne!(connector.source["last_sync_status"], "in_progress", "{id}");
    }
}

#[actix_rt::test]
async fn whatever_the_weather_nothing_is_done_twice_and_everything_ends() {
    for seed in 0..6 {
        for api in BOTH {
            weathered(api, seed).await;
        }
    }
}
