//! Chatter groups, libraries, and files that are shared with them, with people and with everybody.

use super::files::{File, add_link, document};
use super::{World, formats, record, text};

/// Chatter group and its `CollaborationType`.
const CHATTER_GROUPS: [(&str, &str); 4] =
    [("All Brightwater", "Public"), ("Deal Desk", "Private"), ("Field Notes", "Public"), ("Board", "Unlisted")];

const LIBRARIES: [&str; 3] = ["Price Lists", "Templates", "Legal"];

pub(super) fn make(world: &mut World) {
    let chatter = CHATTER_GROUPS.map(|(name, kind)| chatter_group(world, name, kind));
    let libraries = LIBRARIES.map(|name| library(world, name));
    let organization = world.ids("Organization")[0].clone();
    for at in 0..world.scaled(10) {
        let privacy = if at % 5 == 4 { "P" } else { "N" };
        let title = format!("Shared note {at}");
        let topic = &text::TOPICS[at % text::TOPICS.len()];
        let bytes = formats::write("txt", &title, &[topic.problem.to_owned(), topic.solution.to_owned()]);
        let file = document(world, &File { at, title: &title, extension: "txt", privacy }, bytes);
        let user = world.user().id;
        let target = match at % 5 {
            0 => &chatter[at / 5 % chatter.len()],
            1 => &libraries[at / 5 % libraries.len()],
            2 => &organization,
            3 => &user,
            _ => &chatter[(at / 5 + 1) % chatter.len()],
        };
        add_link(world, &file, target, "V");
        if at % 5 == 4 {
            // Private on this record.
            let case = world.ids("Case")[at].clone();
            add_link(world, &file, &case, "V");
        }
    }
}

fn chatter_group(world: &mut World, name: &str, kind: &str) -> String {
    let owner = world.user().id;
    let count = 2 + world.scaled(2);
    let group = record! {
        "Name": name, "Description": format!("{name} at Brightwater Devices"), "CollaborationType": kind, "OwnerId": owner, "MemberCount": count,
        "IsArchived": false,
    };
    let group = world.add("CollaborationGroup", "0F9", group);
    let first = world.rng.usize(..world.users.len());
    for at in 0..count.min(world.users.len()) {
        let user = world.users[(first + at) % world.users.len()].id.clone();
        let member = record! {
            "CollaborationGroupId": group, "MemberId": user, "CollaborationRole": if at == 0 { "Admin" } else { "Standard" },
        };
        world.add("CollaborationGroupMember", "0FB", member);
    }
    group
}

/// A library with two people and a group as members.
fn library(world: &mut World, name: &str) -> String {
    let library = record! { "Name": name, "DeveloperName": name.replace(' ', "_"), "Description": format!("{name} of the company") };
    let library = world.add("ContentWorkspace", "058", library);
    let at = world.rng.usize(..world.ids("Group").len());
    let group = world.ids("Group")[at].clone();
    let first = world.rng.usize(..world.users.len());
    let people = [first, first + 1].map(|at| world.users[at % world.users.len()].id.clone());
    for (member, kind) in people.into_iter().map(|user| (user, "U")).chain([(group, "G")]) {
        let member = record! { "ContentWorkspaceId": library, "MemberId": member, "MemberType": kind };
        world.add("ContentWorkspaceMember", "05A", member);
    }
    library
}
