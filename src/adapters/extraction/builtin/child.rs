//! One child process: started, asked within a time limit, and never left behind.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use extract::worker::frame::{Answer, Request};

use super::ReaderConfig;

/// Longest time that a child may take to begin; it takes milliseconds, on a machine that is not drowning.
const START: Duration = Duration::from_secs(20);
/// Largest answer that is taken. A child that keeps to its rules sends no more than a text and a length.
const LARGEST_ANSWER: u64 = 16 << 20;
/// Seconds on a processor beside those for files: beginning takes a part of one.
const SPARE_CPU: u64 = 10;

/// A child that waits for a file. Dropping it ends the process and takes it off the system's list.
pub(super) struct Reader {
    process: Child,
    line: UnixStream,
    lines: Arc<Lines>,
    files: u64,
}

/// Why a file has no answer.
pub(super) enum Unanswered {
    /// The request fits no frame; the child knows nothing of it.
    Unsendable,
    /// The time is over; the child is of no use any more.
    Slow,
    /// The child ended, or is of no use any more: how it was.
    Ended(String),
    /// The child was ended from outside, as far as can be told.
    Stopped(String),
}

impl Reader {
    /// Starts a child and sees it read a file without content: what fails later fails by its file.
    pub(super) fn start(config: &ReaderConfig, lines: &Arc<Lines>) -> Result<Self, String> {
        let mut reader = Self::spawn(config, lines).map_err(|error| format!("`{}`: {error}", config.program.display()))?;
        match reader.ask("txt", b"", START) {
            Ok(Answer::Text(text)) if text.body.is_empty() => {}
            Ok(_) => return Err("it gave a wrong answer".to_owned()),
            Err(Unanswered::Unsendable | Unanswered::Slow) => return Err(format!("it did not answer within {START:?}")),
            Err(Unanswered::Ended(how) | Unanswered::Stopped(how)) => return Err(format!("{how} before it read a file")),
        }
        reader.files = 0;
        tracing::debug!(pid = reader.process.id(), "a process that reads files began");
        Ok(reader)
    }

    fn spawn(config: &ReaderConfig, lines: &Arc<Lines>) -> io::Result<Self> {
        let (line, theirs) = UnixStream::pair()?;
        // Only a backstop, for the whole life: each file is timed from here.
        let cpu_seconds = (config.time.as_secs() + 1).saturating_mul(config.files_per_child).saturating_add(SPARE_CPU);
        let process = Command::new(&config.program)
            .args(&config.args)
            .args([config.memory.to_string(), cpu_seconds.to_string()])
            .env_clear()
            .current_dir("/")
            // What a terminal sends to this process is for this process: it may want to finish its files.
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(nowhere()?)
            .stderr(nowhere()?)
            .spawn()?;
        let reader = Self { process, line, lines: Arc::clone(lines), files: 0 };
        lines.add(reader.process.id(), reader.line.try_clone()?)?;
        Ok(reader)
    }

    /// Files that it was given.
    pub(super) fn files(&self) -> u64 {
        self.files
    }

    /// Whether it still waits for a file.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Has it read one file, within `time`.
    pub(super) fn ask(&mut self, extension: &str, bytes: &[u8], time: Duration) -> Result<Answer, Unanswered> {
        self.files += 1;
        let timed = Timed { line: &self.line, until: Instant::now() + time };
        let answer = converse(&timed, extension, bytes);
        answer.map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => Unanswered::Unsendable,
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Unanswered::Slow,
            ErrorKind::InvalidData => Unanswered::Ended("it gave an answer that is none".to_owned()),
            _ => self.end(),
        })
    }

    /// How it ended, after its side of the line was closed; if it only closed that, it is made to end.
    fn end(&mut self) -> Unanswered {
        // Does nothing to a process that is ending already: how it ends is settled before its line is closed.
        let ended = self.process.kill().and_then(|()| self.process.wait());
        match ended {
            Ok(status) if status.signal().is_some_and(is_sent_by_others) => Unanswered::Stopped(described(status)),
            Ok(status) => Unanswered::Ended(described(status)),
            Err(error) => Unanswered::Ended(format!("it ended and nobody knows how: {error}")),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let pid = self.process.id();
        // Neither can fail for a child of ours that nobody else waits for; and there would be nothing to do about it.
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.lines.remove(pid);
        tracing::debug!(pid, files = self.files, "a process that reads files ended");
    }
}

fn converse(mut timed: &Timed<'_>, extension: &str, bytes: &[u8]) -> io::Result<Answer> {
    Request::write(&mut timed, extension, bytes)?;
    let mut answers = BufReader::new(timed.take(LARGEST_ANSWER));
    let answer = Answer::read(&mut answers)?.ok_or(ErrorKind::UnexpectedEof)?;
    // More than was asked for would be taken for the answer to the next file.
    if answers.buffer().is_empty() { Ok(answer) } else { Err(ErrorKind::InvalidData.into()) }
}

/// A line that is listened to until a moment.
struct Timed<'a> {
    line: &'a UnixStream,
    until: Instant,
}

impl Timed<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for &Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.line.set_read_timeout(self.left()?)?;
        (&mut &*self.line).read(buffer)
    }
}

impl Write for &Timed<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.line.set_write_timeout(self.left()?)?;
        (&mut &*self.line).write(buffer)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines to all children of a pool, by process id; `None` once the pool is closed.
#[derive(Debug)]
pub(super) struct Lines(Mutex<Option<BTreeMap<u32, UnixStream>>>);

impl Lines {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Some(BTreeMap::new())))
    }

    fn add(&self, pid: u32, line: UnixStream) -> io::Result<()> {
        let mut lines = self.lock();
        let lines = lines.as_mut().ok_or_else(|| io::Error::other("the pool is closed"))?;
        lines.insert(pid, line);
        Ok(())
    }

    fn remove(&self, pid: u32) {
        if let Some(lines) = self.lock().as_mut() {
            lines.remove(&pid);
        }
    }

    /// Ends every conversation, now and for good; whoever is in one ends its child.
    pub(super) fn close(&self) {
        for line in self.lock().take().unwrap_or_default().into_values() {
            // A line that is broken already is closed well enough.
            let _ = line.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn are_closed(&self) -> bool {
        self.lock().is_none()
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.lock().as_ref().map(|lines| lines.keys().copied().collect()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Option<BTreeMap<u32, UnixStream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn described(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("it ended by signal {signal}{}", name_of(signal)),
        (None, Some(code)) => format!("it ended with exit code {code}"),
        (None, None) => "it ended".to_owned(),
    }
}

/// Whether it is a signal by which people and service managers end processes (hang-up, interrupt, quit, kill, terminate), and the system
/// when memory runs out. No file makes its reader send one of these to itself.
fn is_sent_by_others(signal: i32) -> bool {
    matches!(signal, 1 | 2 | 3 | 9 | 15)
}

/// Those that a process brings upon itself, or that the system sends for its limits; they have these numbers wherever this runs.
fn name_of(signal: i32) -> &'static str {
    match signal {
        4 => " (illegal instruction)",
        6 => " (abort: its memory or its stack is used up, or a check failed)",
        8 => " (arithmetic)",
        9 => " (killed from outside, perhaps for the memory that it took)",
        11 => " (invalid memory access)",
        24 => " (its time on a processor is used up)",
        25 => " (it wanted to write to a file)",
        _ => "",
    }
}

/// Where what is written is lost: the device for it, or a line that nobody reads where a root has no devices.
fn nowhere() -> io::Result<Stdio> {
    match File::options().write(true).open("/dev/null") {
        Ok(device) => Ok(device.into()),
        Err(_) => UnixStream::pair().map(|(line, _)| OwnedFd::from(line).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_process_ended_is_told_in_words() {
        assert_eq!(described(ExitStatus::from_raw(3 << 8)), "it ended with exit code 3");
        assert!(described(ExitStatus::from_raw(6)).starts_with("it ended by signal 6 (abort"));
        assert_eq!(described(ExitStatus::from_raw(50)), "it ended by signal 50");
    }

    #[test]
    fn a_line_is_listened_to_until_its_moment_only() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let over = Timed { line: &ours, until: Instant::now() };
        assert_eq!((&over).read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!((&over).write(b"x").unwrap_err().kind(), ErrorKind::TimedOut);
        drop(theirs);
    }
}
