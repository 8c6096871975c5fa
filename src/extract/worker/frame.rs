//! What passes between the two processes. Numbers are 32 bits, little end first.
//!
//! | request | answer |
//! |---|---|
//! | length and bytes of the extension, length and bytes of the file | kind (one byte), length and bytes of the text or the reason |

use std::io::{self, Read, Write};

use crate::{Refusal, Text};

/// No extension is longer.
const MAX_EXTENSION: u32 = 64;
const TEXT: u8 = 0;
const CUT_TEXT: u8 = 1;
const REFUSED: u8 = 2;

/// One file to be read.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// As in the name of the file, without the dot.
    pub extension: String,
    /// The whole file.
    pub bytes: Vec<u8>,
}

impl Request {
    /// Writes a request for a file that the caller holds.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if the extension or the file is too long for a frame (64 bytes, 4 GiB), with nothing written;
    /// or what `output` says.
    pub fn write(output: &mut impl Write, extension: &str, bytes: &[u8]) -> io::Result<()> {
        if extension.len() > MAX_EXTENSION as usize || bytes.len() > u32::MAX as usize {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        write_bytes(output, extension.as_bytes())?;
        write_bytes(output, bytes)
    }

    /// Reads a request; `None` if the input ends before it.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the input ends within it, [`io::ErrorKind::InvalidData`] if it is none.
    pub fn read(input: &mut impl Read) -> io::Result<Option<Self>> {
        let Some(first) = first_byte(input)? else { return Ok(None) };
        let mut rest = [0; 3];
        input.read_exact(&mut rest)?;
        let length = u32::from_le_bytes([first, rest[0], rest[1], rest[2]]);
        if length > MAX_EXTENSION {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let extension = utf8(read_exactly(input, length)?)?;
        let length = read_length(input)?;
        Ok(Some(Self { extension, bytes: read_exactly(input, length)? }))
    }
}

/// What became of one file.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// Its text.
    Text(Text),
    /// Why there is none: the message of a [`Refusal`].
    Refused(String),
}

impl Answer {
    /// The answer that an outcome makes.
    pub fn of(outcome: Result<Text, Refusal>) -> Self {
        outcome.map_or_else(|refusal| Self::Refused(refusal.to_string()), Self::Text)
    }

    /// Writes the answer.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if the text is too long for a frame (4 GiB), or what `output` says.
    pub fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let (kind, payload) = match self {
            Self::Text(Text { body, is_cut: false }) => (TEXT, body),
            Self::Text(Text { body, is_cut: true }) => (CUT_TEXT, body),
            Self::Refused(reason) => (REFUSED, reason),
        };
        output.write_all(&[kind])?;
        write_bytes(output, payload.as_bytes())
    }

    /// Reads an answer; `None` if the input ends before it.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the input ends within it, [`io::ErrorKind::InvalidData`] if it is none.
    pub fn read(input: &mut impl Read) -> io::Result<Option<Self>> {
        let Some(kind) = first_byte(input)? else { return Ok(None) };
        let length = read_length(input)?;
        let payload = utf8(read_exactly(input, length)?)?;
        match kind {
            TEXT => Ok(Some(Self::Text(Text { body: payload, is_cut: false }))),
            CUT_TEXT => Ok(Some(Self::Text(Text { body: payload, is_cut: true }))),
            REFUSED => Ok(Some(Self::Refused(payload))),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

// By hand, so that no text of a file gets into a log.
impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Request").field("extension", &self.extension).field("length", &self.bytes.len()).finish()
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => text.fmt(formatter),
            Self::Refused(reason) => formatter.debug_tuple("Refused").field(reason).finish(),
        }
    }
}

fn write_bytes(output: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    output.write_all(&length.to_le_bytes())?;
    output.write_all(bytes)
}

fn first_byte(input: &mut impl Read) -> io::Result<Option<u8>> {
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(byte[0])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn read_length(input: &mut impl Read) -> io::Result<u32> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    Ok(u32::from_le_bytes(length))
}

/// Memory grows with what arrives, not with what was announced.
fn read_exactly(input: &mut impl Read, length: u32) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = input.take(u64::from(length)).read_to_end(&mut bytes)?;
    if read < length as usize { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}

fn utf8(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(extension in "[a-z]{0,8}", bytes: Vec<u8>, body in ".{0,40}", is_cut: bool) {
            let mut wire = Vec::new();
            Request::write(&mut wire, &extension, &bytes).unwrap();
            prop_assert_eq!(Request::read(&mut wire.as_slice()).unwrap(), Some(Request { extension, bytes }));
            for answer in [Answer::Text(Text { body: body.clone(), is_cut }), Answer::Refused(body)] {
                let mut wire = Vec::new();
                answer.write(&mut wire).unwrap();
                prop_assert_eq!(Answer::read(&mut wire.as_slice()).unwrap(), Some(answer));
            }
        }
    }

    #[test]
    fn a_request_that_fits_no_frame_leaves_nothing_on_the_wire() {
        let mut wire = Vec::new();
        assert_eq!(Request::write(&mut wire, &"x".repeat(65), b"y").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert!(wire.is_empty());
    }

    #[test]
    fn a_length_that_does_not_arrive_takes_no_memory() {
        let announced = [&[0, 0, 0, 0][..], &u32::MAX.to_le_bytes(), b"few"].concat();
        assert_eq!(Request::read(&mut announced.as_slice()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_logged_shows_no_content() {
        let request = Request { extension: "txt".into(), bytes: b"secret".to_vec() };
        let answer = Answer::Text(Text { body: "secret".into(), is_cut: false });
        assert_eq!(format!("{request:?} {answer:?}"), "Request { extension: \"txt\", length: 6 } Text { length: 6, is_cut: false }");
    }
}
