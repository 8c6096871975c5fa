//! Conversations with the child's side, in this process and with a real child.

use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::samples::{WORDS, pdf_of, sample};
use crate::{EXTENSIONS, Refusal, Text};

fn conversation(requests: &[(&str, &[u8])]) -> (Vec<Answer>, u64) {
    let mut asked = Vec::new();
    for (extension, bytes) in requests {
        Request::write(&mut asked, extension, bytes).unwrap();
    }
    let mut said = Vec::new();
    let served = serve(asked.as_slice(), &mut said, Limits::default()).unwrap();
    let mut said = said.as_slice();
    (std::iter::from_fn(|| Answer::read(&mut said).unwrap()).collect(), served)
}

#[test]
fn every_request_is_answered_in_order() {
    let (answers, served) = conversation(&[("txt", b"one"), ("pdf", b"no"), ("exe", b""), ("md", "два".as_bytes())]);
    let text = |body: &str| Answer::Text(Text { body: body.into(), is_cut: false });
    let expected = [
        text("one"),
        Answer::Refused(Refusal::NotThisFormat.to_string()),
        Answer::Refused(Refusal::Unsupported("this extension").to_string()),
        text("два"),
    ];
    assert_eq!((answers.as_slice(), served), (&expected[..], 4));
}

#[test]
fn an_input_that_ends_within_a_request_is_an_error() {
    let mut asked = Vec::new();
    Request::write(&mut asked, "txt", b"some text").unwrap();
    for length in 1..asked.len() {
        let served = serve(&asked[..length], &mut Vec::new(), Limits::default());
        assert_eq!(served.unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{length}");
    }
    assert_eq!(serve(&asked[..0], &mut Vec::new(), Limits::default()).unwrap(), 0);
}

/// Set for the child: where it is to answer, and how many seconds it may take.
const SOCKET: &str = "EXTRACT_TEST_SOCKET";
const SECONDS: &str = "EXTRACT_TEST_SECONDS";

/// Not a test of its own: the part of the child, which does nothing unless a test below has started it.
#[test]
fn child() {
    let Some(socket) = std::env::var_os(SOCKET) else { return };
    let seconds = std::env::var(SECONDS).unwrap().parse().unwrap();
    limit_self(1 << 30, seconds).unwrap();
    silence_panics();
    let stream = UnixStream::connect(socket).unwrap();
    seal_self().unwrap();
    assert!(nothing_can_be_opened());
    assert!(serve(&stream, &stream, Limits::within(1 << 30)).is_ok());
}

fn nothing_can_be_opened() -> bool {
    std::fs::File::open("/").is_err() && UnixStream::pair().is_err() && std::net::UdpSocket::bind("127.0.0.1:0").is_err()
}

/// A child that is killed with the test, and the line to it.
struct Line {
    child: Child,
    stream: UnixStream,
}

impl Line {
    fn open(seconds: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("line");
        let listener = UnixListener::bind(&socket).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "worker::tests::child"])
            .env_clear()
            .env(SOCKET, &socket)
            .env(SECONDS, seconds.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (stream, _) = listener.accept().unwrap();
        Self { child, stream }
    }

    fn ask(&mut self, extension: &str, bytes: &[u8]) -> Option<Answer> {
        Request::write(&mut self.stream, extension, bytes).unwrap();
        // A child that dies with bytes unread resets the line.
        Answer::read(&mut self.stream).unwrap_or(None)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_child_within_its_limits_reads_every_kind() {
    let mut line = Line::open(60);
    for extension in EXTENSIONS {
        let Some(Answer::Text(text)) = line.ask(extension, &sample(extension, WORDS[1])) else { panic!("{extension}") };
        assert!(text.body.contains(WORDS[1]), "{extension}");
    }
}

#[test]
fn a_file_that_overflows_the_stack_ends_the_child_only() {
    let nested = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let mut line = Line::open(60);
    assert_eq!(line.ask("pdf", &pdf_of(&["<< /Type /Catalog /Pages 2 0 R >>".into(), nested])), None);
    assert!(line.child.wait().unwrap().signal().is_some());
}

#[test]
fn a_file_that_never_ends_uses_up_the_time_of_the_child_only() {
    let tree = "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2000000000 >>";
    let mut line = Line::open(1);
    assert_eq!(line.ask("pdf", &pdf_of(&["<< /Type /Catalog /Pages 2 0 R >>".into(), tree.into()])), None);
    assert!(line.child.wait().unwrap().signal().is_some());
}
