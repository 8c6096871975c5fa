//! Which groups and libraries a user belongs to.
//!
//! Public groups and queues list members, other groups among them; the other kinds of group are computed. Membership is found from
//! the user upwards, so its cost follows what the user belongs to. Superiors of a member belong to a group only if it says that it
//! includes bosses, and every public group or queue on the way from it to the member says so too. They do not come along into
//! libraries: whether bosses of a group count there is not documented, and the stricter reading holds.

use super::compact::{Bits, Column, Lists, Pool, chain};
use super::directory::Person;
use super::rows::{GroupKind, GroupRow};
use crate::RecordId;

#[derive(Debug)]
struct Group {
    kind: GroupKind,
    bosses: bool,
}

/// Rows about membership, as they come. Pairs are `(member, what it is in)`.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) roles: Pool<RecordId>,
    parents: Column<u32>,
    groups: Pool<RecordId>,
    rows: Column<Group>,
    users_in_groups: Vec<(u32, u32)>,
    groups_in_groups: Vec<(u32, u32)>,
    libraries: Pool<RecordId>,
    users_in_libraries: Vec<(u32, u32)>,
    groups_in_libraries: Vec<(u32, u32)>,
    circles: Pool<RecordId>,
    public: Column<bool>,
    users_in_circles: Vec<(u32, u32)>,
}

/// What a row names as a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Member {
    User(u32),
    Group(RecordId),
}

/// Who is in what, ready to be asked.
#[derive(Debug)]
pub(super) struct Membership {
    groups: Vec<RecordId>,
    libraries: Vec<RecordId>,
    /// Chatter groups.
    circles: Vec<RecordId>,
    parents: Column<u32>,
    /// Public groups and queues by user who is listed in them.
    listed: Lists,
    /// Public groups and queues by group that is listed in them.
    above: Lists,
    of_role: Lists,
    of_branch: Lists,
    /// Groups of managers by manager.
    of_managers: Lists,
    /// Groups of a user and all below, by that user.
    of_team: Lists,
    everyone: Vec<u32>,
    /// Groups by role whose users are in them as superiors of members.
    as_boss: Lists,
    libraries_of_user: Lists,
    libraries_of_group: Lists,
    circles_of_user: Lists,
    public_circles: Vec<u32>,
}

/// What one user belongs to.
#[derive(Debug, Default)]
pub(super) struct Belongs {
    /// Groups, then Chatter groups.
    pub(super) groups: Vec<RecordId>,
    pub(super) libraries: Vec<RecordId>,
}

impl Members {
    pub(super) fn role(&mut self, id: RecordId, parent: Option<RecordId>) {
        let role = self.roles.number(id);
        if let Some(parent) = parent {
            let parent = self.roles.number(parent);
            self.parents.set(role, parent);
        }
    }

    pub(super) fn group(&mut self, row: &GroupRow) {
        let group = self.groups.number(row.id);
        self.rows.set(group, Group { kind: row.kind, bosses: row.bosses });
    }

    pub(super) fn group_member(&mut self, group: RecordId, member: Member) {
        let group = self.groups.number(group);
        match member {
            Member::User(user) => self.users_in_groups.push((user, group)),
            Member::Group(inner) => self.groups_in_groups.push((self.groups.number(inner), group)),
        }
    }

    pub(super) fn library_member(&mut self, library: RecordId, member: Member) {
        let library = self.libraries.number(library);
        match member {
            Member::User(user) => self.users_in_libraries.push((user, library)),
            Member::Group(group) => self.groups_in_libraries.push((self.groups.number(group), library)),
        }
    }

    pub(super) fn circle(&mut self, id: RecordId, public: bool) {
        let circle = self.circles.number(id);
        self.public.set(circle, public);
    }

    pub(super) fn circle_member(&mut self, circle: RecordId, user: u32) {
        self.users_in_circles.push((user, self.circles.number(circle)));
    }

    /// Closes the books. `user` gives the number of a user whose row was met.
    pub(super) fn finish(self, people: &[Person], user: impl Fn(RecordId) -> Option<u32>) -> Membership {
        let listed = |group: u32| self.rows.get(group).is_some_and(|row| row.kind == GroupKind::Listed);
        let with_kind = |pick: &dyn Fn(GroupKind) -> Option<u32>| {
            self.rows.iter().filter_map(|(group, row)| Some((pick(row.kind)?, group))).collect::<Vec<_>>()
        };
        let role = |id: &RecordId| self.roles.get(id);
        let of_role = with_kind(&|kind| if let GroupKind::Role(id) = kind { role(&id) } else { None });
        let of_branch = with_kind(&|kind| if let GroupKind::Branch(id) = kind { role(&id) } else { None });
        let of_team = with_kind(&|kind| if let GroupKind::Team(id) = kind { user(id) } else { None });
        let of_managers = with_kind(&|kind| if let GroupKind::Managers(id) = kind { user(id) } else { None });
        let managed = of_managers.into_iter().flat_map(|(user, group)| managers(people, user).into_iter().map(move |above| (above, group)));
        let everyone = with_kind(&|kind| (kind == GroupKind::Everyone).then_some(0)).into_iter().map(|(_, group)| group);
        let mut membership = Membership {
            listed: Lists::of(self.users_in_groups.iter().copied().filter(|(_, group)| listed(*group)).collect()),
            above: Lists::of(self.groups_in_groups.iter().copied().filter(|(_, group)| listed(*group)).collect()),
            of_role: Lists::of(of_role),
            of_branch: Lists::of(of_branch),
            of_managers: Lists::of(managed.collect()),
            of_team: Lists::of(of_team),
            everyone: everyone.collect(),
            as_boss: Lists::default(),
            libraries_of_user: Lists::of(self.users_in_libraries),
            libraries_of_group: Lists::of(self.groups_in_libraries),
            circles_of_user: Lists::of(self.users_in_circles),
            public_circles: self.public.iter().filter(|(_, public)| **public).map(|(circle, _)| circle).collect(),
            groups: self.groups.keys().to_vec(),
            libraries: self.libraries.keys().to_vec(),
            circles: self.circles.keys().to_vec(),
            parents: self.parents,
        };
        membership.as_boss = membership.bosses(people, &self.rows);
        membership
    }
}

impl Membership {
    /// What a user who is served belongs to.
    pub(super) fn of(&self, people: &[Person], user: u32) -> Belongs {
        let role = people[user as usize].role;
        let mut open: Vec<u32> = self.listed.get(user).iter().chain(&self.everyone).chain(self.of_managers.get(user)).copied().collect();
        open.extend(role.into_iter().flat_map(|role| self.covering(role)));
        open.extend(std::iter::once(user).chain(managers(people, user)).flat_map(|above| self.of_team.get(above)));
        let mut groups = Bits::default();
        while let Some(group) = open.pop() {
            if groups.insert(group) {
                open.extend(self.above.get(group));
            }
        }
        let mut libraries: Vec<_> = self.libraries_of_user.get(user).to_vec();
        libraries.extend(groups.iter().flat_map(|group| self.libraries_of_group.get(group)));
        for group in role.into_iter().flat_map(|role| self.as_boss.get(role)) {
            groups.insert(*group);
        }
        let circles = self.circles_of_user.get(user).iter().chain(&self.public_circles);
        let named = groups.iter().map(|group| self.groups[group as usize]).chain(circles.map(|circle| self.circles[*circle as usize]));
        Belongs { groups: named.collect(), libraries: libraries.into_iter().map(|library| self.libraries[library as usize]).collect() }
    }

    /// Groups that stand for users of a role.
    fn covering(&self, role: u32) -> impl Iterator<Item = u32> {
        let branches = std::iter::once(role).chain(chain(role, |role| self.parents.get(role).copied()));
        self.of_role.get(role).iter().copied().chain(branches.flat_map(|role| self.of_branch.get(role)).copied())
    }

    /// Groups by role whose users are in them as superiors of members.
    fn bosses(&self, people: &[Person], rows: &Column<Group>) -> Lists {
        let bosses = |group: &u32| rows.get(*group).is_some_and(|row| row.bosses);
        let mut of_roles = vec![Bits::default(); people.iter().filter_map(|person| person.role).max().map_or(0, |role| role as usize + 1)];
        let mut staffed = Bits::default();
        for (user, person) in (0..).zip(people).filter(|(_, person)| person.is_served()) {
            let Some(role) = person.role else { continue };
            staffed.insert(role);
            for group in self.listed.get(user).iter().filter(|group| bosses(group)) {
                of_roles[role as usize].insert(*group);
            }
        }
        let mut pairs = Vec::new();
        for role in staffed.iter() {
            let mut open: Vec<u32> = of_roles[role as usize].iter().collect();
            // A group that stands for a role brings superiors into a public group whatever it says itself.
            for group in self.covering(role) {
                open.extend(std::iter::once(&group).chain(self.above.get(group)).filter(|group| bosses(group)));
            }
            let mut reached = Bits::default();
            while let Some(group) = open.pop() {
                if reached.insert(group) {
                    open.extend(self.above.get(group).iter().filter(|group| bosses(group)));
                }
            }
            for above in chain(role, |role| self.parents.get(role).copied()) {
                pairs.extend(reached.iter().map(|group| (above, group)));
            }
        }
        Lists::of(pairs)
    }
}

/// The managers of a user, nearest first.
fn managers(people: &[Person], user: u32) -> Vec<u32> {
    chain(user, |user| people[user as usize].manager)
}
