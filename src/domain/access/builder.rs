//! Builds the directory out of rows of the access tables, in whatever order they come.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;

use super::compact::Pool;
use super::directory::{Details, Directory, Person, Standing};
use super::membership::{Member, Members};
use super::permissions::Permissions;
use super::rows::{self, AssignmentRow, GroupRow, Row, SetRow, UserRow};
use super::{AccessError, AccessTable};
use crate::RecordId;

/// Takes rows, then makes a [`Directory`] of them.
#[derive(Debug, Default)]
pub struct DirectoryBuilder {
    users: Pool<RecordId>,
    people: Vec<Person>,
    /// How many users have an e-mail address or a name, by its hash. Two that meet by chance only make an identity not count.
    shared: HashMap<u64, u32>,
    permissions: Permissions,
    members: Members,
    org: Option<RecordId>,
    /// Rows by position in [`AccessTable::ALL`].
    rows: [u64; AccessTable::ALL.len()],
}

impl DirectoryBuilder {
    /// With no rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that a table may not be queried, in place of its rows.
    ///
    /// # Errors
    /// [`AccessError::Closed`] when access cannot be known without it.
    pub fn absent(&mut self, table: AccessTable) -> Result<(), AccessError> {
        if !table.is_optional() {
            return Err(table.closed());
        }
        if table == AccessTable::PermissionSetGroupComponent {
            self.permissions.close_components();
        }
        Ok(())
    }

    /// Takes a raw record of a table. A record that comes twice counts once.
    ///
    /// # Errors
    /// [`AccessError::Row`] and [`AccessError::Value`] when it is not what the table promises.
    pub fn take(&mut self, table: AccessTable, row: &[u8]) -> Result<(), AccessError> {
        let row = &Row::of(table, row)?;
        self.rows[table as usize] += 1;
        match table {
            AccessTable::User => self.user(&UserRow::read(row)?),
            AccessTable::PermissionSet => self.permissions.set(&SetRow::read(row)?),
            AccessTable::ObjectPermissions => {
                if let Some((set, object)) = rows::read_permission(row)? {
                    self.permissions.reads(set, &object);
                }
            }
            AccessTable::PermissionSetAssignment => {
                if let Some(assignment) = AssignmentRow::read(row)? {
                    let user = self.number(assignment.user);
                    self.permissions.assign(user, &assignment);
                }
            }
            AccessTable::PermissionSetGroup => {
                let (id, in_force) = rows::set_group(row)?;
                self.permissions.group(id, in_force);
            }
            AccessTable::PermissionSetGroupComponent => {
                let (group, set) = rows::pair(row, ["PermissionSetGroupId", "PermissionSetId"])?;
                self.permissions.component(group, set);
            }
            AccessTable::MutingPermissionSet => self.permissions.muting(rows::only_id(row)?),
            AccessTable::Organization => self.org = Some(rows::only_id(row)?),
            _ => self.membership(table, row)?,
        }
        Ok(())
    }

    fn membership(&mut self, table: AccessTable, row: &Row<'_>) -> Result<(), AccessError> {
        match table {
            AccessTable::Group => self.members.group(&GroupRow::read(row)?),
            AccessTable::GroupMember => {
                let (group, member) = rows::pair(row, ["GroupId", "UserOrGroupId"])?;
                if let Some(member) = self.member(member) {
                    self.members.group_member(group, member);
                }
            }
            AccessTable::UserRole => {
                let (role, parent) = rows::role(row)?;
                self.members.role(role, parent);
            }
            AccessTable::CollaborationGroup => {
                let (circle, public) = rows::chatter_group(row)?;
                self.members.circle(circle, public);
            }
            AccessTable::CollaborationGroupMember => {
                let (circle, member) = rows::pair(row, ["CollaborationGroupId", "MemberId"])?;
                if let Some(Member::User(user)) = self.member(member) {
                    self.members.circle_member(circle, user);
                }
            }
            AccessTable::ContentWorkspaceMember => {
                let (library, member) = rows::pair(row, ["ContentWorkspaceId", "MemberId"])?;
                if let Some(member) = self.member(member) {
                    self.members.library_member(library, member);
                }
            }
            _ => (),
        }
        Ok(())
    }

    /// Ends the taking of rows: decides who reads what at `now`.
    ///
    /// # Errors
    /// [`AccessError::Empty`] when a table had no rows that has some in every org.
    pub fn finish(self, now: Timestamp) -> Result<Directory, AccessError> {
        let empty = AccessTable::ALL.into_iter().find(|table| !table.is_optional() && self.rows[*table as usize] == 0);
        if let Some(table) = empty {
            return Err(AccessError::Empty { object: table.object(), right: table.right() });
        }
        let Self { users, people, shared, permissions, members, org, .. } = self;
        let membership = members.finish(&people, |id| users.get(&id));
        let mut served: Vec<u32> = (0..).zip(&people).filter(|(_, person)| person.is_served()).map(|(user, _)| user).collect();
        served.sort_unstable_by_key(|user| users.key(*user));
        let alone = shared.into_iter().filter(|(_, users)| *users == 1).map(|(hash, _)| hash).collect();
        Ok(Directory { users, people, served, alone, grants: permissions.finish(now), membership, org, now })
    }

    fn number(&mut self, user: RecordId) -> u32 {
        let number = self.users.number(user);
        if self.people.len() <= number as usize {
            self.people.resize_with(number as usize + 1, Person::default);
        }
        number
    }

    /// What an id in a list of members means; `None` for what is neither a user nor a group.
    fn member(&mut self, id: RecordId) -> Option<Member> {
        match id.key_prefix() {
            "005" => Some(Member::User(self.number(id))),
            "00G" => Some(Member::Group(id)),
            _ => None,
        }
    }

    fn user(&mut self, row: &UserRow<'_>) {
        let number = self.number(row.id) as usize;
        let manager = row.manager.map(|manager| self.number(manager));
        let role = row.role.map(|role| self.members.roles.number(role));
        let (email, name) = (hash("email", row.email.as_deref()), hash("name", row.name.as_deref()));
        let before = &self.people[number];
        for (had, has) in [(before.email, email), (before.name, name)] {
            if let Some(hash) = has.filter(|_| had != has) {
                *self.shared.entry(hash).or_default() += 1;
            }
        }
        let standing = Standing::of(row.active, &row.kind);
        let text = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(Box::from);
        let details = (standing == Standing::Served).then(|| {
            Box::new(Details { name: text(&row.name), email: text(&row.email), created: text(&row.created), modified: text(&row.modified) })
        });
        self.people[number] = Person { role, manager, standing, email, name, details };
    }
}

/// The hash of an identity, in which case makes no difference.
fn hash(of: &str, text: Option<&str>) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    (of, text?.to_lowercase()).hash(&mut hasher);
    Some(hasher.finish())
}
