//! The engine against a real cluster: documents per second beside a plain loader that sends the same documents, and peak memory of long runs.
//!
//! `SLUICE_LIVE_ELASTICSEARCH=http://127.0.0.1:9310 cargo bench --bench cluster [-- speed|memory [RECORDS]]`; without arguments both, with
//! 500,000 and 1,000,000 records. Simulated org, engine and loader are processes of their own. Indices are named `bench-*`.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actors::supervisor::Monitor;
use domain::JobStatus;
use serde_json::{Value, json};
use simulator::{Options, generate_plain, spawn};
use sluice::app::{self, Index};
use sluice::plan::{IndexPlan, Plan};
use sluice::settings::{Environment, Settings};
use tokio::sync::watch;

use common::{Failure, Process, say};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of one record on the wire, about; of a small one less.
const RECORD: usize = 1600;
const SMALL: usize = 900;
/// Documents in one body of the loader, as in a batch of the engine.
const BATCH: usize = 1000;
/// Requests in flight that the loader is tried with.
const CONCURRENCY: [usize; 4] = [1, 2, 4, 8];
/// Pairs of runs, engine and loader.
const PAIRS: usize = 3;
/// Documents in the index that the org does not have, for the sweep.
const GONE: usize = 1000;
/// Written documents at which the peak of memory is noted.
const MARKS: [u64; 4] = [50_000, 250_000, 500_000, 1_000_000];

fn main() -> Result<ExitCode, Failure> {
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["simulate", records, bytes] => simulate(records.parse()?, bytes.parse()?)?,
        ["engine", url, index] => say(&engine(url, index)?),
        ["load", index, concurrency] => load(index, concurrency.parse()?)?,
        ["speed"] => speed(500_000)?,
        ["speed", records] => speed(records.parse()?)?,
        ["memory"] => memory(1_000_000)?,
        ["memory", records] => memory(records.parse()?)?,
        [] => {
            speed(500_000)?;
            memory(1_000_000)?;
        }
        _ => return Err("give `speed` or `memory`, and a number of records".into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Documents per second of the engine beside those of the loader, in turns.
fn speed(records: usize) -> Result<(), Failure> {
    let mut org = Process::start(&["simulate", &records.to_string(), &RECORD.to_string()])?;
    let url = org.line()?;
    let by_engine = |index: &str| -> Result<Rate, Failure> {
        delete(index)?;
        Rate::of(&Process::start(&["engine", &url, index])?.line()?)
    };
    // The first run warms the server up and leaves the documents that the loader sends.
    by_engine("bench-source")?;
    let loader = |concurrency: usize| Rate::of(&Process::start(&["load", "bench-source", &concurrency.to_string()])?.line()?);
    let (mut best, mut fastest) = (1, 0.0);
    for concurrency in CONCURRENCY {
        let rate = loader(concurrency)?;
        say(&format!("loader, {concurrency} in flight: {rate}"));
        if rate.wall > fastest {
            (best, fastest) = (concurrency, rate.wall);
        }
    }
    say(&format!("\n| pair | engine | loader with {best} in flight | ratio of rates | ratio per CPU second |\n|---|---|---|---|---|"));
    let mut ratios = [Vec::new(), Vec::new()];
    for pair in 1..=PAIRS {
        // The one that comes second finds the server with merges of the first behind it.
        let (engine, loader) = if pair % 2 == 1 {
            let engine = by_engine("bench-engine")?;
            (engine, loader(best)?)
        } else {
            let loader = loader(best)?;
            (by_engine("bench-engine")?, loader)
        };
        let [wall, cpu] = [engine.wall / loader.wall, engine.cpu / loader.cpu];
        ratios[0].push(wall);
        ratios[1].push(cpu);
        say(&format!("| {pair} | {engine} | {loader} | {wall:.2} | {cpu:.2} |"));
    }
    for (what, mut ratios) in ["rates", "documents per CPU second"].into_iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        say(&format!("\nratio of {what}: worst {:.2}, median {:.2}", ratios[0], ratios[PAIRS / 2]));
    }
    ["bench-source", "bench-engine", "bench-loader", "bench-state"].iter().try_for_each(|index| delete(index))
}

/// Peak memory of the engine: a first run, and a second one that meets everything but a few documents and deletes those.
fn memory(records: usize) -> Result<(), Failure> {
    let mut org = Process::start(&["simulate", &records.to_string(), &SMALL.to_string()])?;
    let (url, index) = (org.line()?, "bench-memory");
    delete(index)?;
    say(&format!("| run | {} | in the sweep | deleted | wall s |", MARKS.map(|mark| format!("at {mark}")).join(" | ")));
    say(&"|---|---|---|---|---|---|---|---|");
    for run in ["first", "second"] {
        if run == "second" {
            let lines = (0..GONE).fold(String::new(), |all, no| all + &format!("{{\"index\":{{\"_id\":\"gone-{no}\"}}}}\n{{}}\n"));
            expect(&Connection::open()?.send(&bulk(index, lines.as_bytes()))?)?;
        }
        let measured: Value = serde_json::from_str(&Process::start(&["engine", &url, index])?.line()?)?;
        let peak = |value: &Value| value.as_f64().map_or_else(|| "-".to_owned(), |bytes| format!("{:.0} MB", bytes / 1e6));
        let peaks: Vec<_> = (0..MARKS.len()).map(|mark| peak(&measured["peaks"][mark])).collect();
        let (deleted, wall) = (number(&measured, "deleted")?, number(&measured, "wall_seconds")?);
        say(&format!("| {run} | {} | {} | {deleted} | {wall:.0} |", peaks.join(" | "), peak(&measured["sweep_peak"])));
    }
    delete(index)?;
    delete("bench-state")
}

/// Documents per second.
struct Rate {
    wall: f64,
    /// Of all CPU time that server and client together spent meanwhile.
    cpu: f64,
}

impl Rate {
    fn of(line: &str) -> Result<Self, Failure> {
        let measured: Value = serde_json::from_str(line)?;
        let documents = number(&measured, "written")?;
        let cpu = number(&measured, "cpu_seconds")? + number(&measured, "server_cpu_seconds")?;
        Ok(Self { wall: documents / number(&measured, "wall_seconds")?, cpu: documents / cpu })
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:.0} documents/s, {:.0} per CPU second", self.wall, self.cpu)
    }
}

fn number(measured: &Value, key: &str) -> Result<f64, Failure> {
    measured[key].as_f64().ok_or_else(|| format!("`{key}` was not measured: {measured}").into())
}

fn server() -> Result<String, Failure> {
    std::env::var("SLUICE_LIVE_ELASTICSEARCH").map_err(|_| "set SLUICE_LIVE_ELASTICSEARCH to the address of a server".into())
}

// --- the simulated org

fn simulate(records: usize, bytes: usize) -> Result<(), Failure> {
    let org = spawn(Options::new(Arc::new(generate_plain(1, records, bytes))))?;
    say(&org.base_url);
    loop {
        std::thread::park();
    }
}

// --- the engine

fn plan(org: &str, index: &str) -> Result<Plan, Failure> {
    let mut settings = json!({
        "elasticsearch": { "host": server()? },
        "index": { "state": "bench-state" },
        "connectors": [{
            "connector_id": index,
            "index_name": index,
            "configuration": { "domain": "bench", "client_id": "sluice-demo", "client_secret": "sluice-demo-secret", "standard_objects_to_sync": "Account" },
            "pipeline": { "name": "_none" },
        }],
        "salesforce": { "base_url": org },
    });
    // What another setting brings: for example `{"index":{"compress":false,"state":"bench-state"}}`.
    if let Ok(more) = std::env::var("BENCH_SETTINGS") {
        for (section, value) in serde_json::from_str::<serde_json::Map<String, Value>>(&more)? {
            settings[section] = value;
        }
    }
    Ok(Plan::try_from(Settings::parse(&settings.to_string(), &Environment::default())?)?)
}

/// One sync of everything that is there; what it took.
fn engine(org: &str, index: &str) -> Result<Value, Failure> {
    let (plan, monitor) = (plan(org, index)?, Arc::new(Monitor::default()));
    let watched = Arc::clone(&monitor);
    quiet()?;
    let (since, cpu, server_cpu) = (Instant::now(), cpu_seconds()?, server_cpu_seconds()?);
    std::thread::spawn(move || watch_memory(&watched, since));
    let ended = actix_rt::System::new().block_on(async {
        let (_stop, stopped) = watch::channel(false);
        let (connector, index) = (plan.connector(None)?, Index::open(&plan.index).await?);
        let (_, ended) = app::run_job(&plan, connector, domain::JobType::Full, &index, Arc::clone(&monitor), stopped).await?;
        Ok::<_, Failure>(ended)
    })?;
    if ended.status != JobStatus::Completed {
        return Err(format!("the job did not complete: {:?}", ended.fault).into());
    }
    let peaks = PEAKS.each_ref().map(|peak| Some(peak.load(Ordering::Relaxed)).filter(|peak| *peak > 0));
    Ok(json!({
        "written": ended.counts.written,
        "deleted": ended.counts.deleted,
        "wall_seconds": since.elapsed().as_secs_f64(),
        "written_ms": WRITTEN_MS.load(Ordering::Relaxed),
        "cpu_seconds": cpu_seconds()? - cpu,
        "server_cpu_seconds": server_cpu_seconds()? - server_cpu,
        "peaks": peaks,
        "sweep_peak": peak_bytes()?,
    }))
}

/// Peaks at the marks; 0 for a mark that was not reached.
static PEAKS: [AtomicUsize; MARKS.len()] = [const { AtomicUsize::new(0) }; MARKS.len()];

/// Milliseconds until everything was written.
static WRITTEN_MS: AtomicUsize = AtomicUsize::new(0);

/// Notes the peak at each mark. When everything is written, the count of the peak begins anew: the rest is the sweep.
fn watch_memory(monitor: &Monitor, since: Instant) {
    let mut swept = false;
    loop {
        std::thread::sleep(Duration::from_millis(5));
        let Some(stats) = monitor.stats() else { continue };
        let written = stats.counts().written;
        for (mark, peak) in MARKS.iter().zip(&PEAKS) {
            if written >= *mark && peak.load(Ordering::Relaxed) == 0 {
                peak.store(peak_bytes().unwrap_or_default(), Ordering::Relaxed);
            }
        }
        if !swept && written > 0 && stats.objects.iter().all(|object| object.total() == Some(object.written())) {
            // Where the kernel does not let it, the peak of the sweep is that of the whole run.
            let _ = std::fs::write("/proc/self/clear_refs", "5");
            swept = true;
            WRITTEN_MS.store(usize::try_from(since.elapsed().as_millis()).unwrap_or_default(), Ordering::Relaxed);
        }
    }
}

/// User and system time of this process.
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields are counted from behind the command's closing parenthesis: 12 and 13 are utime and stime, in hundredths of a second.
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).ok_or("unknown form of /proc/self/stat");
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

/// Peak of the resident set of this process.
fn peak_bytes() -> Result<usize, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("unknown form of /proc/self/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<usize>()? << 10)
}

// --- the loader

/// Sends the documents of an index to another one with the same mapping, and says how long that took.
fn load(source: &str, concurrency: usize) -> Result<(), Failure> {
    let (index, bodies, documents) = ("bench-loader", bodies(source)?, AtomicUsize::new(0));
    delete(index)?;
    let made: Value = serde_json::from_slice(&expect(&Connection::open()?.send(&request("GET", &format!("/{source}"), b""))?)?)?;
    let same = json!({ "mappings": made[source]["mappings"] }).to_string();
    expect(&Connection::open()?.send(&request("PUT", &format!("/{index}"), same.as_bytes()))?)?;
    let requests: Vec<_> = bodies.iter().map(|(count, body)| (*count, bulk(index, body))).collect();
    quiet()?;
    let (next, cpu, server_cpu, since) = (AtomicUsize::new(0), cpu_seconds()?, server_cpu_seconds()?, Instant::now());
    let work = || -> Result<(), Failure> {
        let mut connection = Connection::open()?;
        while let Some((count, request)) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer = expect(&connection.send(request)?)?;
            if !answer.starts_with(br#"{"errors":false"#) {
                return Err(format!("the loader was refused: {}", String::from_utf8_lossy(&answer)).into());
            }
            documents.fetch_add(*count, Ordering::Relaxed);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..concurrency).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a thread of the loader panicked")?)
    })?;
    let wall = since.elapsed().as_secs_f64();
    say(&json!({
        "written": documents,
        "wall_seconds": wall,
        "cpu_seconds": cpu_seconds()? - cpu,
        "server_cpu_seconds": server_cpu_seconds()? - server_cpu,
    }));
    Ok(())
}

/// Bulk bodies of all documents of an index.
fn bodies(index: &str) -> Result<Vec<(usize, Vec<u8>)>, Failure> {
    let plan = plan("http://unused", index)?;
    let IndexPlan::Cluster(cluster) = &plan.index else { return Err("the index is no cluster".into()) };
    let mut bodies: Vec<(usize, Vec<u8>)> = vec![(0, Vec::new())];
    actix_rt::System::new().block_on(async {
        let add = |id: &str, document: &[u8]| {
            if bodies.last().is_some_and(|(count, _)| *count == BATCH) {
                bodies.push((0, Vec::new()));
            }
            if let Some((count, body)) = bodies.last_mut() {
                *count += 1;
                body.extend_from_slice(format!("{{\"index\":{{\"_id\":\"{id}\"}}}}\n").as_bytes());
                body.extend_from_slice(document);
                body.push(b'\n');
            }
            Ok(())
        };
        app::connect(cluster).await?.export(index, add).await?;
        Ok::<_, Failure>(())
    })?;
    Ok(bodies)
}

/// Waits until the server has done with what came before: merges, deletes, warm-up. Whoever begins earlier pays for that.
fn quiet() -> Result<(), Failure> {
    let mut calm = 0;
    while calm < 3 {
        std::thread::sleep(Duration::from_millis(500));
        calm = if processors("percent")?.iter().all(|percent| *percent <= 5.0) { calm + 1 } else { 0 };
    }
    Ok(())
}

/// User and system time of all nodes.
fn server_cpu_seconds() -> Result<f64, Failure> {
    Ok(processors("total_in_millis")?.iter().sum::<f64>() / 1000.0)
}

/// What each node says of its use of processors.
fn processors(what: &str) -> Result<Vec<f64>, Failure> {
    let ask = request("GET", &format!("/_nodes/stats/process?filter_path=nodes.*.process.cpu.{what}"), b"");
    let answer: Value = serde_json::from_slice(&expect(&Connection::open()?.send(&ask)?)?)?;
    let nodes = answer["nodes"].as_object().ok_or("no nodes")?;
    nodes.values().map(|node| number(&node["process"]["cpu"], what)).collect()
}

fn delete(index: &str) -> Result<(), Failure> {
    expect(&Connection::open()?.send(&request("DELETE", &format!("/{index}?ignore_unavailable=true"), b""))?).map(|_| ())
}

fn bulk(index: &str, lines: &[u8]) -> Vec<u8> {
    request("POST", &format!("/{index}/_bulk?filter_path=errors,items.*.error"), lines)
}

fn request(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn expect((status, body): &(u16, Vec<u8>)) -> Result<Vec<u8>, Failure> {
    if (200..300).contains(status) { Ok(body.clone()) } else { Err(format!("{status}: {}", String::from_utf8_lossy(body)).into()) }
}

/// A connection to the server, kept open.
struct Connection(BufReader<TcpStream>);
impl Connection {
    fn open() -> Result<Self, Failure> {
        let socket = TcpStream::connect(server()?.trim_start_matches("http://").trim_end_matches('/'))?;
        socket.set_nodelay(true)?;
        Ok(Self(BufReader::new(socket)))
    }

    fn send(&mut self, request: &[u8]) -> Result<(u16, Vec<u8>), Failure> {
        self.0.get_mut().write_all(request)?;
        let mut line = self.line()?;
        let status = line.split_whitespace().nth(1).ok_or("no status")?.parse()?;
        let (mut length, mut chunked) = (0, false);
        while !line.is_empty() {
            line = self.line()?.to_lowercase();
            chunked |= line == "transfer-encoding: chunked";
            length = line.strip_prefix("content-length: ").map_or(Ok(length), str::parse)?;
        }
        let mut body = Vec::new();
        loop {
            let size = if chunked { usize::from_str_radix(&self.line()?, 16)? } else { length };
            let end = body.len();
            body.resize(end + size, 0);
            self.0.read_exact(&mut body[end..])?;
            if !chunked || (self.line()?.is_empty() && size == 0) {
                return Ok((status, body));
            }
        }
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}
