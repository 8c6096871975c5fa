//! A zip archive whose parts are read within limits.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::{Limits, Refusal};

/// An archive and what its parts may still take.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be unpacked; what the archive says of its sizes is not believed.
    room: usize,
}

impl<'a> Archive<'a> {
    /// Reads the directory.
    ///
    /// # Errors
    /// [`Refusal::Damaged`] without a directory, [`Refusal::TooLarge`] with too many entries.
    pub(crate) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Refusal> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Refusal::Damaged("its archive"))?;
        if zip.len() > limits.max_entries {
            return Err(Refusal::TooLarge);
        }
        Ok(Self { zip, room: limits.max_unpacked })
    }

    /// Names of the parts, in the order of the directory.
    pub(crate) fn names(&self) -> Vec<String> {
        self.zip.file_names().flatten().map(|name| name.into_owned()).collect()
    }

    /// Bytes of a part, `None` if there is no such part.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] once all parts read take more than allowed; [`Refusal::Damaged`] if it cannot be unpacked.
    pub(crate) fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let part = match self.zip.by_name(name) {
            Ok(part) => part,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(ZipError::UnsupportedArchive(reason)) if reason == ZipError::PASSWORD_REQUIRED => return Err(Refusal::Encrypted),
            Err(_) => return Err(Refusal::Damaged("an entry of its archive")),
        };
        let mut unpacked = Vec::new();
        // One byte more than fits tells "all of it" from "too much". What comes before damage is kept.
        let read = part.take(self.room as u64 + 1).read_to_end(&mut unpacked);
        if unpacked.len() > self.room {
            return Err(Refusal::TooLarge);
        }
        if read.is_err() && unpacked.is_empty() {
            return Err(Refusal::Damaged("an entry of its archive"));
        }
        self.room -= unpacked.len();
        Ok(Some(unpacked))
    }
}
