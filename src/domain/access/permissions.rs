//! Which permission sets let whom read which objects.
//!
//! A profile is a permission set too. A group of sets reaches a user by an assignment that names the group and its aggregate, a set
//! from which muting is already taken. Where the parts of the group are known as well, the stricter of the two readings holds,
//! because whether the platform shows an aggregate's object permissions is not documented.

use std::collections::HashMap;

use jiff::Timestamp;

use super::compact::{Bits, Column, Pool};
use super::rows::{AssignmentRow, SetRow};
use crate::RecordId;

/// What an assignment names: a set, a group of sets, usually the one or both.
type Named = (Option<u32>, Option<u32>);

#[derive(Debug)]
struct Set {
    session: bool,
    aggregate: bool,
    group: Option<u32>,
}

/// Rows about permissions, as they come.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    sets: Pool<RecordId>,
    known: Column<Set>,
    muting: Bits,
    objects: Pool<Box<str>>,
    /// Objects that a set reads; of a muting set, those that it mutes.
    reads: Column<Bits>,
    groups: Pool<RecordId>,
    /// Groups that are in force.
    in_force: Bits,
    components: Column<Bits>,
    components_closed: bool,
    holders: HashMap<Named, Bits>,
    /// Users who hold a set until a moment.
    until: Vec<(Named, u32, Timestamp)>,
}

/// A set, or the set of a group, and who holds it.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) set: Option<RecordId>,
    pub(super) group: Option<RecordId>,
    pub(super) holders: Bits,
    pub(super) objects: Bits,
}

/// All grants, and the objects that they are about.
#[derive(Debug)]
pub(super) struct Grants {
    pub(super) all: Vec<Grant>,
    pub(super) objects: Pool<Box<str>>,
}

impl Permissions {
    pub(super) fn set(&mut self, row: &SetRow) {
        let group = row.group.map(|group| self.groups.number(group));
        let set = self.sets.number(row.id);
        self.known.set(set, Set { session: row.session, aggregate: row.aggregate, group });
    }

    pub(super) fn muting(&mut self, id: RecordId) {
        let set = self.sets.number(id);
        self.muting.insert(set);
    }

    pub(super) fn reads(&mut self, set: RecordId, object: &str) {
        let set = self.sets.number(set);
        let object = self.objects.get(object).unwrap_or_else(|| self.objects.number(object.into()));
        insert(&mut self.reads, set, object);
    }

    pub(super) fn group(&mut self, id: RecordId, in_force: bool) {
        let group = self.groups.number(id);
        if in_force {
            self.in_force.insert(group);
        }
    }

    pub(super) fn component(&mut self, group: RecordId, set: RecordId) {
        let (group, set) = (self.groups.number(group), self.sets.number(set));
        insert(&mut self.components, group, set);
    }

    /// Components cannot be read, so that no group's aggregate can be checked.
    pub(super) fn close_components(&mut self) {
        self.components_closed = true;
    }

    pub(super) fn assign(&mut self, user: u32, row: &AssignmentRow) {
        let named = (row.set.map(|set| self.sets.number(set)), row.group.map(|group| self.groups.number(group)));
        match row.until {
            Some(until) => self.until.push((named, user, until)),
            None => _ = self.holders.entry(named).or_default().insert(user),
        }
    }

    /// Decides, with what counts at `now`.
    pub(super) fn finish(mut self, now: Timestamp) -> Grants {
        for (named, user, until) in std::mem::take(&mut self.until) {
            if until > now {
                self.holders.entry(named).or_default().insert(user);
            }
        }
        let holders = std::mem::take(&mut self.holders);
        let grant = |((set, group), holders)| Grant {
            objects: self.readable(set, group),
            holders,
            set: set.map(|set| *self.sets.key(set)),
            group: group.map(|group| *self.groups.key(group)),
        };
        let mut all: Vec<_> = holders.into_iter().map(grant).collect();
        all.sort_unstable_by_key(|grant| (grant.set, grant.group));
        Grants { all, objects: self.objects }
    }

    /// Objects that whoever was assigned this reads.
    fn readable(&self, set: Option<u32>, group: Option<u32>) -> Bits {
        let known = set.and_then(|set| self.known.get(set));
        let of_set = known.and_then(|known| known.group);
        let contradicts = group.is_some() && of_set.is_some() && group != of_set;
        if contradicts || known.is_some_and(|known| known.session) || set.is_some_and(|set| self.muting.has(set)) {
            return Bits::default();
        }
        match group.or(of_set) {
            Some(group) => self.of_group(set, group),
            // An aggregate whose group is not known may be out of force.
            None => set.filter(|_| known.is_some_and(|known| !known.aggregate)).map(|set| self.of_set(set)).unwrap_or_default(),
        }
    }

    fn of_set(&self, set: u32) -> Bits {
        self.reads.get(set).cloned().unwrap_or_default()
    }

    fn of_group(&self, aggregate: Option<u32>, group: u32) -> Bits {
        if !self.in_force.has(group) || self.components_closed {
            return Bits::default();
        }
        let mut objects = aggregate.map(|set| self.of_set(set)).unwrap_or_default();
        let Some(components) = self.components.get(group) else {
            let known = aggregate.is_some_and(|set| self.known.get(set).is_some());
            return if known { objects } else { Bits::default() };
        };
        let (mut offered, mut muted, mut all_known) = (Bits::default(), Bits::default(), true);
        for set in components.iter() {
            match self.known.get(set).filter(|_| !self.muting.has(set)) {
                Some(known) if known.session || known.aggregate => (),
                Some(_) => offered.add(&self.of_set(set)),
                None => {
                    muted.add(&self.of_set(set));
                    all_known &= self.muting.has(set);
                }
            }
        }
        offered.remove(&muted);
        if !objects.is_empty() {
            objects.keep(&offered);
            objects
        } else if all_known {
            offered
        } else {
            // A part that is in no table may be a muting set whose rows are hidden.
            Bits::default()
        }
    }
}

fn insert(column: &mut Column<Bits>, number: u32, item: u32) {
    match column.get_mut(number) {
        Some(bits) => _ = bits.insert(item),
        None => {
            let mut bits = Bits::default();
            bits.insert(item);
            column.set(number, bits);
        }
    }
}
