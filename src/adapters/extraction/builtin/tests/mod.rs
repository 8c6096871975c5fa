//! Conversations with real children: this program itself, where it plays the child, and shells that misbehave.

mod hostile;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use domain::{FILE_GONE, FILE_TOO_LARGE, TX_DIED, TX_KILLED, TX_NO_READER, TX_REFUSED, TX_SLOW};
use futures::future::join_all;
use futures::{FutureExt as _, stream};

use super::*;

const LONG: Duration = Duration::from_secs(600);
/// What a shell does first: takes the file without content that every child is tried with, and answers that it has no text.
const BEGINS: &str = "head -c 11 >/dev/null; printf '\\0\\0\\0\\0\\0' >&0;";

/// Not a test of its own: the part of the child, which does nothing unless a pool has started it.
#[test]
fn child() {
    let numbers: Vec<u64> = std::env::args().rev().take(2).filter_map(|argument| argument.parse().ok()).collect();
    let [cpu_seconds, memory] = numbers[..] else { return };
    assert!(worker::live(memory, cpu_seconds).is_ok());
}

/// This program as the child.
fn config() -> ReaderConfig {
    ReaderConfig {
        program: this_program().unwrap(),
        args: ["--exact", "extraction::builtin::tests::child"].map(OsString::from).into(),
        children: 1,
        memory: 1 << 30,
        time: LONG,
        files_per_child: 1_000,
    }
}

fn shell(script: &str) -> ReaderConfig {
    ReaderConfig { program: "/bin/sh".into(), args: ["-c", script].map(OsString::from).into(), ..config() }
}

fn text_of(pool: &ReaderPool, extension: &str, bytes: &[u8]) -> Result<String, Fault> {
    futures::executor::block_on(pool.read(extension, bytes.to_vec())).map(|text| text.body)
}

/// A PDF whose tree of pages has no end.
fn endless() -> Vec<u8> {
    hostile::pdf_of(&["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2000000000 >>"])
}

fn until(done: impl Fn() -> bool) {
    while !done() {
        std::thread::yield_now();
    }
}

fn is_there(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn one_child_reads_file_after_file_and_there_is_none_before_the_first() {
    let pool = ReaderPool::new(config());
    assert!(pool.children().is_empty());
    assert_eq!(text_of(&pool, "txt", b"one").unwrap(), "one");
    let children = pool.children();
    assert_eq!(text_of(&pool, "html", b"<p>two</p>").unwrap(), "two");
    assert_eq!((pool.children(), children.len()), (children, 1));
}

#[test]
fn a_child_makes_room_for_a_new_one_after_its_files() {
    let pool = ReaderPool::new(ReaderConfig { files_per_child: 2, ..config() });
    let mut before = vec![];
    for _ in 0..3 {
        assert_eq!(text_of(&pool, "txt", b"first").unwrap(), "first");
        let children = pool.children();
        assert!(children.len() == 1 && children != before);
        assert_eq!(text_of(&pool, "txt", b"second").unwrap(), "second");
        assert!(pool.children().is_empty() && !is_there(children[0]));
        before = children;
    }
}

#[test]
fn every_answer_goes_to_its_asker() {
    let pool = ReaderPool::new(ReaderConfig { children: 2, files_per_child: 3, ..config() });
    let bodies: Vec<String> = (1..=8).map(|number| format!("{number} ").repeat(5_000 * number)).collect();
    let texts = join_all(bodies.iter().map(|body| pool.read("txt", body.clone().into_bytes())));
    let texts = futures::executor::block_on(texts);
    for (text, body) in texts.into_iter().zip(&bodies) {
        assert!(text.unwrap().body == body.trim());
    }
    assert!(pool.children().len() <= 2);
}

#[test]
fn two_files_are_read_at_the_same_time_where_two_children_may_be() {
    // Each child waits until it sees that the other one has a file too.
    let place = tempfile::tempdir().unwrap();
    let at = place.path().display();
    let meet = format!(
        "{BEGINS} head -c 12 >/dev/null; touch {at}/$$; while [ $(ls {at} | wc -l) -lt 2 ]; do :; done; printf '\\0\\0\\0\\0\\0' >&0; cat >/dev/null"
    );
    let pool = ReaderPool::new(ReaderConfig { children: 2, ..shell(&meet) });
    let both = join_all([pool.read("txt", b"a".to_vec()), pool.read("txt", b"b".to_vec())]);
    assert!(futures::executor::block_on(both).iter().all(Result::is_ok));
}

#[test]
fn a_file_that_takes_too_long_costs_its_text_only() {
    let pool = ReaderPool::new(ReaderConfig { time: Duration::from_millis(500), ..config() });
    assert_eq!(text_of(&pool, "pdf", &endless()).unwrap_err().code, &TX_SLOW);
    assert!(pool.children().is_empty());
    let patient = ReaderPool::new(config());
    assert_eq!(text_of(&patient, "txt", b"next").unwrap(), "next");
}

#[test]
fn a_file_that_ends_its_child_is_told_how() {
    let pool = ReaderPool::new(shell(&format!("{BEGINS} head -c 12 >/dev/null; exit 3")));
    let fault = text_of(&pool, "txt", b"x").unwrap_err();
    assert_eq!((fault.code, fault.message.as_str()), (&TX_DIED, "the process that read the file is gone: it ended with exit code 3"));
    let pool = ReaderPool::new(shell(&format!("{BEGINS} head -c 12 >/dev/null; kill -11 $$")));
    let fault = text_of(&pool, "txt", b"x").unwrap_err();
    assert!(fault.code == &TX_DIED && fault.message.contains("signal 11"), "{fault}");
}

#[test]
fn a_file_whose_child_was_stopped_from_outside_has_a_second_one() {
    let place = tempfile::tempdir().unwrap();
    let mark = place.path().join("mark");
    let stopped =
        |when: &str| format!("{BEGINS} head -c 12 >/dev/null; {when} kill -15 $$; printf '\\000\\001\\000\\000\\0002' >&0; cat >/dev/null");
    let pool = ReaderPool::new(shell(&stopped(&format!("[ ! -e {0} ] && touch {0} &&", mark.display()))));
    assert_eq!(text_of(&pool, "txt", b"x").unwrap(), "2");
    let pool = ReaderPool::new(shell(&stopped("")));
    let fault = text_of(&pool, "txt", b"x").unwrap_err();
    assert!(fault.code == &TX_KILLED && fault.message.ends_with("it ended by signal 15"), "{fault}");
}

#[test]
fn a_child_that_says_more_than_it_was_asked_for_is_not_believed() {
    let pool = ReaderPool::new(shell(&format!(
        "{BEGINS} head -c 12 >/dev/null; printf '\\0\\001\\0\\0\\0a\\0\\001\\0\\0\\0b' >&0; cat >/dev/null"
    )));
    let fault = text_of(&pool, "txt", b"x").unwrap_err();
    assert!(fault.code == &TX_DIED && fault.message.ends_with("an answer that is none"), "{fault}");
    assert!(pool.children().is_empty());
}

#[test]
fn a_child_that_never_begins_is_no_fault_of_the_file() {
    for (config, word) in [
        (shell("exit 7"), "exit code 7 before it read a file"),
        (shell("printf '\\007\\0\\0\\0\\0' >&0; cat >/dev/null"), "an answer that is none"),
        (ReaderConfig { program: "/no/such/program".into(), ..config() }, "/no/such/program"),
    ] {
        let pool = ReaderPool::new(config);
        let fault = text_of(&pool, "txt", b"x").unwrap_err();
        assert!(fault.code == &TX_NO_READER && fault.message.contains(word), "{fault}");
        assert!(pool.children().is_empty());
    }
}

#[test]
fn a_child_has_no_environment_and_no_place() {
    // `PATH` is there where tests run. The shell adds variables of its own, but what it was given is what the system remembers.
    assert!(std::env::vars_os().next().is_some());
    let pool = ReaderPool::new(shell("[ \"$(pwd)\" = / ] && [ -z \"$(tr -d '\\0' </proc/$$/environ)\" ] && exit 40; exit 41"));
    let fault = text_of(&pool, "txt", b"x").unwrap_err();
    assert!(fault.message.contains("exit code 40"), "{fault}");
}

#[test]
fn a_child_that_ended_between_two_files_costs_none() {
    let pool = ReaderPool::new(config());
    assert_eq!(text_of(&pool, "txt", b"one").unwrap(), "one");
    let before = pool.children();
    assert!(Command::new("kill").args(["-9", &before[0].to_string()]).status().unwrap().success());
    until(|| std::fs::read_to_string(format!("/proc/{}/stat", before[0])).unwrap().contains(") Z "));
    assert_eq!(text_of(&pool, "txt", b"two").unwrap(), "two");
    assert!(pool.children().len() == 1 && pool.children() != before);
}

#[test]
fn a_child_without_work_ends_and_comes_again() {
    let pool = ReaderPool::with_idle_limit(config(), Duration::from_millis(1));
    for word in ["one", "two"] {
        assert_eq!(text_of(&pool, "txt", word.as_bytes()).unwrap(), word);
        until(|| pool.children().is_empty());
    }
}

#[test]
fn a_file_that_nobody_waits_for_any_more_is_not_read() {
    // The first file is held until the gate is there; each answer says which file it was.
    let place = tempfile::tempdir().unwrap();
    let gate = place.path().join("gate");
    let count = format!(
        "{BEGINS} n=0; while [ \"$(head -c 12 | wc -c)\" = 12 ]; do n=$((n+1)); while [ ! -e {} ]; do :; done; printf \"\\\\000\\\\001\\\\000\\\\000\\\\000$n\" >&0; done",
        gate.display()
    );
    let pool = ReaderPool::new(shell(&count));
    let mut held = Box::pin(pool.read("txt", b"a".to_vec()));
    assert!(held.as_mut().now_or_never().is_none());
    assert!(pool.read("txt", b"b".to_vec()).now_or_never().is_none());
    let mut last = Box::pin(pool.read("txt", b"c".to_vec()));
    assert!(last.as_mut().now_or_never().is_none());
    std::fs::write(gate, "").unwrap();
    assert_eq!(futures::executor::block_on(held).unwrap().body, "1");
    assert_eq!(futures::executor::block_on(last).unwrap().body, "2");
}

#[test]
fn dropping_the_pool_ends_its_children_in_the_middle_of_a_file_too() {
    let pool = ReaderPool::new(ReaderConfig { children: 2, ..config() });
    assert_eq!(text_of(&pool, "txt", b"waits then").unwrap(), "waits then");
    assert!(pool.read("pdf", endless()).now_or_never().is_none());
    assert!(pool.read("pdf", endless()).now_or_never().is_none());
    let children = pool.children();
    drop(pool);
    assert!(!children.is_empty() && !children.into_iter().any(is_there));
}

#[test]
fn a_child_at_work_does_not_outlive_the_thread_that_started_it() {
    use extract::worker::frame::{Answer, Request};
    use std::os::fd::OwnedFd;
    use std::os::unix::{net::UnixStream, process::ExitStatusExt as _};

    let ReaderConfig { program, args, memory, .. } = config();
    let (mut line, theirs) = UnixStream::pair().unwrap();
    let begin = move || {
        let mut command = Command::new(program);
        command.args(args).args([memory.to_string(), "600".into()]).stdin(OwnedFd::from(theirs));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Request::write(&mut line, "txt", b"").unwrap();
        assert!(Answer::read(&mut line).unwrap().is_some());
        Request::write(&mut line, "pdf", &endless()).unwrap();
        (child, line)
    };
    // The line stays open, so that it is not the end of its input that ends the child.
    let (mut child, _line) = std::thread::spawn(begin).join().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
}

fn builtin(max_file: u64) -> BuiltinText {
    BuiltinText::new(Arc::new(ReaderPool::new(config())), max_file)
}

fn content(pieces: &[Result<&'static [u8], Fault>]) -> LocalBoxStream<'static, Result<Bytes, Fault>> {
    stream::iter(pieces.to_vec()).map(|piece| piece.map(Bytes::from_static)).boxed_local()
}

#[actix_rt::test]
async fn a_file_is_read_whole_whatever_its_pieces() {
    let builtin = builtin(11);
    assert_eq!(builtin.text("txt", content(&[Ok(b"some "), Ok(b""), Ok(b"words\n")])).await.unwrap(), "some words");
    assert!(builtin.holds_whole());
}

#[actix_rt::test]
async fn a_fault_of_the_content_is_given_as_it_is() {
    let gone = Fault::new(&FILE_GONE, "404");
    assert_eq!(builtin(100).text("txt", content(&[Ok(b"some "), Err(gone.clone())])).await.unwrap_err(), gone);
}

#[actix_rt::test]
async fn a_file_beyond_the_limit_is_not_read() {
    let builtin = builtin(3);
    assert_eq!(builtin.text("txt", content(&[Ok(b"two"), Ok(b"x")])).await.unwrap_err().code, &FILE_TOO_LARGE);
    assert_eq!(builtin.text("txt", content(&[Ok(b"two")])).await.unwrap(), "two");
}

#[actix_rt::test]
async fn a_refusal_has_the_reason_and_no_end() {
    let builtin = builtin(100);
    let fault = builtin.text("pdf", content(&[Ok(b"no pdf")])).await.unwrap_err();
    assert_eq!((fault.code, fault.message.as_str()), (&TX_REFUSED, "the content is not of this format"));
    let long = "x".repeat(100);
    assert_eq!(builtin.text(&long, content(&[Ok(b"words")])).await.unwrap_err().code, &TX_REFUSED);
    assert_eq!(builtin.text("txt", content(&[Ok(b"words")])).await.unwrap(), "words");
}

#[test]
fn the_name_tells_whether_text_would_be_the_same() {
    let name = |config| BuiltinText::new(Arc::new(ReaderPool::new(config)), 1).name().to_owned();
    let expected = format!("builtin-{}-1073741824-600s", extract::VERSION);
    assert_eq!(name(config()), expected);
    assert_eq!(name(ReaderConfig { children: 9, files_per_child: 1, ..config() }), expected);
    assert_ne!(name(ReaderConfig { memory: 1 << 29, ..config() }), expected);
    assert_ne!(name(ReaderConfig { time: Duration::from_secs(1), ..config() }), expected);
}
