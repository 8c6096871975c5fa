//! Who reads what: the answer to every question about access, computed once from the rows of the access tables.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::compact::{Bits, Pool};
use super::membership::Membership;
use super::permissions::{Grant, Grants};
use super::token::{self, AllowList};
use super::{Mode, Verdict, Via};
use crate::RecordId;

/// The one kind of user that is served. Portal and site users see records by rules of their own, guests are nobody in particular, and
/// integration users and automated processes do not search: they hold no token at all.
const SERVED: &str = "Standard";

/// How a user stands to the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// Only other tables speak of the user.
    #[default]
    Unknown,
    Served,
    Inactive,
    /// Active and of a kind that is not served.
    Other(Box<str>),
}

impl Standing {
    pub(super) fn of(active: bool, kind: &str) -> Self {
        match (active, kind) {
            (true, SERVED) => Self::Served,
            (true, other) => Self::Other(other.into()),
            (false, _) => Self::Inactive,
        }
    }
}

/// What is kept of every user.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub(super) role: Option<u32>,
    pub(super) manager: Option<u32>,
    pub(super) standing: Standing,
    /// Hashes that tell whether somebody else has the same.
    pub(super) email: Option<u64>,
    pub(super) name: Option<u64>,
    /// Of a user who is served.
    pub(super) details: Option<Box<Details>>,
}

impl Person {
    pub(super) fn is_served(&self) -> bool {
        self.standing == Standing::Served
    }
}

/// What an access document shows of a user, as Salesforce sent it.
#[derive(Debug)]
pub(super) struct Details {
    pub(super) name: Option<Box<str>>,
    pub(super) email: Option<Box<str>>,
    pub(super) created: Option<Box<str>>,
    pub(super) modified: Option<Box<str>>,
}

/// Who reads what at one moment. Users who are not served (inactive, portal, guest, integration) read nothing.
#[derive(Debug)]
pub struct Directory {
    pub(super) users: Pool<RecordId>,
    pub(super) people: Vec<Person>,
    /// Users who are served, in the order of their ids.
    pub(super) served: Vec<u32>,
    /// Hashes of identities that one user alone has.
    pub(super) alone: HashSet<u64>,
    pub(super) grants: Grants,
    pub(super) membership: Membership,
    pub(super) org: Option<RecordId>,
    pub(super) now: Timestamp,
}

impl Directory {
    /// Users who have an access document, in the order of their ids.
    pub fn users(&self) -> impl ExactSizeIterator<Item = RecordId> {
        self.served.iter().map(|user| *self.users.key(*user))
    }

    /// Users who have permissions and are in no row of `User`, and users who have permissions.
    pub fn unseen(&self) -> (u64, u64) {
        let holders = |(user, _): &(u32, &Person)| self.grants.all.iter().any(|grant| grant.holders.has(*user));
        let assigned: Vec<_> = (0..).zip(&self.people).filter(holders).collect();
        let unseen = assigned.iter().filter(|(_, person)| person.standing == Standing::Unknown).count();
        (unseen as u64, assigned.len() as u64)
    }

    /// Objects that some permission set reads.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        self.grants.objects.keys().iter().map(AsRef::as_ref)
    }

    /// Whether a user reads the records of an object.
    pub fn reads(&self, user: RecordId, object: &str) -> bool {
        let (Some(user), Some(object)) = (self.served(user), self.grants.objects.get(object)) else { return false };
        self.grants.all.iter().any(|grant| grant.holders.has(user) && grant.objects.has(object))
    }

    /// The tokens that a user holds, sorted, each once; none for a user who is not served.
    pub fn tokens(&self, user: RecordId, mode: Mode) -> Vec<String> {
        let Some(user) = self.served(user) else { return Vec::new() };
        let belongs = self.membership.of(&self.people, user);
        let mut tokens = self.identities(user, mode);
        if mode == Mode::Tokens {
            let mut objects = Bits::default();
            self.grants.all.iter().filter(|grant| grant.holders.has(user)).for_each(|grant| objects.add(&grant.objects));
            tokens.extend(objects.iter().map(|object| token::of_readers(self.grants.objects.key(object))));
        }
        tokens.extend(belongs.groups.into_iter().map(token::of_group));
        tokens.extend(belongs.libraries.into_iter().map(token::of_library));
        tokens.extend(self.org.map(token::of_org));
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    /// The identities of all who read an object, as the reference connector lists them: computed anew for each call.
    pub fn readers(&self, object: &str) -> AllowList {
        let Some(object) = self.grants.objects.get(object) else { return AllowList::nobody() };
        let mut holders = Bits::default();
        self.grants.all.iter().filter(|grant| grant.objects.has(object)).for_each(|grant| holders.add(&grant.holders));
        let served = holders.iter().filter(|user| self.people[*user as usize].is_served());
        AllowList::new(served.flat_map(|user| self.identities(user, Mode::UserLists)).map(Arc::from))
    }

    /// The identities of one user as documents list them: all that count for a user who is served, else the id alone, which opens
    /// nothing until the user is served.
    pub(super) fn listed(&self, id: RecordId) -> Vec<String> {
        self.served(id).map_or_else(|| vec![token::of_user(id)], |user| self.identities(user, Mode::UserLists))
    }

    /// Why a user may or may not read the records of an object.
    pub fn explain(&self, id: RecordId, object: &str) -> Verdict {
        let Some(user) = self.users.get(&id) else { return Verdict::UnknownUser };
        match &self.people[user as usize].standing {
            Standing::Unknown => return Verdict::UnknownUser,
            Standing::Inactive => return Verdict::Inactive,
            Standing::Other(kind) => return Verdict::NotServed(kind.to_string()),
            Standing::Served => (),
        }
        let object = self.grants.objects.get(object);
        let (reading, other): (Vec<&Grant>, Vec<&Grant>) = self
            .grants
            .all
            .iter()
            .filter(|grant| grant.holders.has(user))
            .partition(|grant| object.is_some_and(|object| grant.objects.has(object)));
        let via = |grants: Vec<&Grant>| grants.into_iter().map(|grant| Via { set: grant.set, group: grant.group }).collect();
        if reading.is_empty() { Verdict::NoSet(via(other)) } else { Verdict::Reads(via(reading)) }
    }

    /// The number of a user who is served.
    pub(super) fn served(&self, user: RecordId) -> Option<u32> {
        self.users.get(&user).filter(|user| self.people[*user as usize].is_served())
    }

    /// The tokens that say who a user is. Those that somebody else could have too do not count; names never do but in lists of users.
    fn identities(&self, user: u32, mode: Mode) -> Vec<String> {
        let person = &self.people[user as usize];
        let alone = |hash: Option<u64>| hash.is_some_and(|hash| self.alone.contains(&hash));
        let mut tokens = vec![token::of_user(*self.users.key(user))];
        let Some(details) = &person.details else { return tokens };
        tokens.extend(details.email.as_deref().filter(|_| alone(person.email)).map(token::of_email));
        if mode == Mode::UserLists {
            tokens.extend(details.name.as_deref().filter(|_| alone(person.name)).map(token::of_name));
        }
        tokens
    }
}
