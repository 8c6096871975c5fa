//! The allow lists of records and files.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::token::{self, AllowList};
use super::{Directory, Mode};
use crate::RecordId;

/// Which object the ids of records belong to, by their first three characters.
#[derive(Clone, Debug, Default)]
pub struct Prefixes(HashMap<String, Option<String>>);

impl Prefixes {
    /// From pairs `(prefix, object)`. A prefix that two objects claim belongs to neither.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut map = HashMap::<_, Option<String>>::new();
        for (prefix, object) in pairs {
            map.entry(prefix).and_modify(|known| *known = known.take().filter(|known| *known == object)).or_insert(Some(object));
        }
        Self(map)
    }

    /// The object of a record.
    pub fn object(&self, id: RecordId) -> Option<&str> {
        self.0.get(id.key_prefix())?.as_deref()
    }
}

/// What opens a file.
#[derive(Clone, Copy, Debug)]
pub struct FileLinks<'a> {
    /// `ContentDocument.OwnerId`.
    pub owner: Option<RecordId>,
    /// `ContentDocumentLink.LinkedEntityId` of all its links. `Visibility` tells internal users from portal users, and none of those
    /// are served; `ShareType` tells reading from writing. Neither matters here.
    pub linked: &'a [RecordId],
    /// `ContentDocument.SharingPrivacy` is `P`: links to records open it to nobody.
    pub private_on_records: bool,
}

/// Makes the allow lists of documents.
#[derive(Debug)]
pub struct AllowLists {
    prefixes: Prefixes,
    /// When documents list users.
    users: Option<Users>,
}

/// The directory, and the readers of each of its objects once they were asked for.
#[derive(Debug)]
struct Users {
    directory: Arc<Directory>,
    readers: HashMap<String, OnceLock<AllowList>>,
}

impl AllowLists {
    /// [`Mode::Tokens`]: documents name permissions. Needs no directory, so that a change of permissions touches no document.
    pub fn of_tokens(prefixes: Prefixes) -> Self {
        Self { prefixes, users: None }
    }

    /// [`Mode::UserLists`]: documents list users, as the reference connector's do.
    pub fn of_users(prefixes: Prefixes, directory: Arc<Directory>) -> Self {
        let readers = directory.objects().map(|object| (object.to_owned(), OnceLock::new())).collect();
        Self { prefixes, users: Some(Users { directory, readers }) }
    }

    /// How documents are marked.
    pub fn mode(&self) -> Mode {
        if self.users.is_some() { Mode::UserLists } else { Mode::Tokens }
    }

    /// What decides the lists of these objects, besides their names: documents that were written by another text have other lists.
    pub fn readers<'a>(&self, objects: impl Iterator<Item = &'a str>) -> String {
        if self.mode() == Mode::Tokens {
            return String::new();
        }
        objects.map(|object| format!("{object}{:?}", self.record(object))).collect()
    }

    /// The object of a record, by its id.
    pub fn object(&self, id: RecordId) -> Option<&str> {
        self.prefixes.object(id)
    }

    /// The list of a record, given its object; closed for an object that nobody reads or whose name is not known.
    pub fn record(&self, object: &str) -> AllowList {
        if object.is_empty() {
            return AllowList::nobody();
        }
        let Some(Users { directory, readers }) = &self.users else { return AllowList::new([Arc::from(token::of_readers(object))]) };
        readers.get(object).map_or_else(AllowList::nobody, |readers| readers.get_or_init(|| directory.readers(object)).clone())
    }

    /// The list of a file: readers of any record that it is linked to, and users, groups, libraries and the org it is shared with.
    /// A link to anything else opens it to nobody.
    pub fn file(&self, file: &FileLinks<'_>) -> AllowList {
        let owner = file.owner.filter(|owner| owner.key_prefix() == "005");
        let mut tokens = Vec::new();
        let mut objects = Vec::new();
        for id in file.linked.iter().copied().chain(owner) {
            match id.key_prefix() {
                "005" => tokens.extend(self.user(id)),
                "00G" | "0F9" => tokens.push(Arc::from(token::of_group(id))),
                "058" => tokens.push(Arc::from(token::of_library(id))),
                "00D" => tokens.push(Arc::from(token::of_org(id))),
                _ if file.private_on_records => (),
                _ => objects.extend(self.prefixes.object(id)),
            }
        }
        objects.sort_unstable();
        objects.dedup();
        for object in objects {
            tokens.extend(self.record(object).opening());
        }
        AllowList::new(tokens)
    }

    fn user(&self, id: RecordId) -> Vec<Arc<str>> {
        let tokens = self.users.as_ref().map_or_else(|| vec![token::of_user(id)], |users| users.directory.listed(id));
        tokens.into_iter().map(Arc::from).collect()
    }
}
