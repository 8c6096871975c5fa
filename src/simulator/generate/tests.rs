//! Tests of the generator: the same seed gives the same org, and its records hang together.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::org::{FieldKind, IdKey, RowRef, text_of};

/// Every row and every file of an org, as text.
fn dump(org: &Org) -> Vec<u8> {
    let mut dump = Vec::new();
    for object in org.objects() {
        for row in org.rows(&object.name) {
            for at in 0..object.fields.len() {
                dump.extend_from_slice(row.json_at(at).unwrap_or(b"null"));
                dump.push(b' ');
            }
            dump.extend_from_slice(org.file(&row.id()).as_deref().unwrap_or_default());
            dump.push(b'\n');
        }
    }
    dump
}

fn text(row: &RowRef<'_>, field: &str) -> Option<String> {
    row.json(field).map(|json| text_of(json).into_owned())
}

fn total(org: &Org) -> usize {
    org.objects().map(|object| org.rows(&object.name).count()).sum()
}

fn check_references(org: &Org) {
    for object in org.objects() {
        for row in org.rows(&object.name) {
            for field in object.fields.iter().filter(|field| field.kind == FieldKind::Reference) {
                let Some(id) = text(&row, &field.name) else { continue };
                let target = org.row(&id).unwrap_or_else(|| panic!("{}.{} points to nothing: {id}", object.name, field.name));
                // The rights that a muting set takes away hang on it, though describe names sets only.
                let is_muted = object.name == "ObjectPermissions" && target.schema().name == "MutingPermissionSet";
                assert!(
                    is_muted || field.reference_to.contains(&target.schema().name),
                    "{}.{} points to {}",
                    object.name,
                    field.name,
                    target.schema().name
                );
            }
        }
    }
}

fn check_ids(org: &Org) {
    let mut seen = BTreeSet::new();
    for object in org.objects() {
        for row in org.rows(&object.name) {
            let id = text(&row, "Id").unwrap();
            assert_eq!(IdKey::parse(&id).map(IdKey::to_18).as_ref(), Some(&id), "checksum");
            assert_eq!(Some(&id[..3]), object.key_prefix.as_deref());
            assert!(seen.insert(id));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn ids_are_unique_and_valid_and_references_resolve(seed: u64) {
        let org = generate(seed, 0);
        check_ids(&org);
        check_references(&org);
    }
}

#[test]
fn the_same_seed_gives_the_same_org_and_another_seed_another_one() {
    assert!(dump(&generate(1, 1)) == dump(&generate(1, 1)));
    assert!(dump(&generate(1, 0)) != dump(&generate(2, 0)));
    assert!(dump(&generate_plain(5, 50, 1600)) == dump(&generate_plain(5, 50, 1600)));
}

#[test]
fn scale_one_is_about_three_and_a_half_thousand_records_and_grows_linearly() {
    let (one, three) = (generate(1, 1), generate(1, 3));
    assert!((3_200..3_800).contains(&total(&one)), "{}", total(&one));
    let growth = total(&three) - total(&one);
    let share = total(&one) - 1_200;
    assert!((share * 18 / 10..=share * 2).contains(&growth), "{growth} for {share}");
    check_ids(&three);
    check_references(&three);
}

#[test]
fn exactly_one_case_has_too_many_emails() {
    let org = generate(9, 2);
    let mut emails: BTreeMap<String, usize> = BTreeMap::new();
    for email in org.rows("EmailMessage") {
        *emails.entry(text(&email, "ParentId").unwrap()).or_default() += 1;
    }
    assert_eq!(emails.values().filter(|count| **count > 500).collect::<Vec<_>>(), [&1_200]);
}

#[test]
fn users_are_as_odd_as_in_real_orgs() {
    let org = generate(1, 1);
    let users: Vec<_> = org.rows("User").collect();
    assert_eq!(users.iter().filter(|user| text(user, "Name").as_deref() == Some("Alex Kim")).count(), 2);
    assert!(users.iter().any(|user| user.json("IsActive") == Some(b"false")));
    assert!(users.iter().any(|user| text(user, "UserType").as_deref() == Some("AutomatedProcess")));
    assert!(users.iter().any(|user| user.json("UserRoleId").is_none()));
    let usernames: BTreeSet<_> = users.iter().map(|user| text(user, "Username")).collect();
    assert_eq!(usernames.len(), users.len());
}

#[test]
fn files_have_bytes_of_the_size_they_claim() {
    let org = generate(3, 1);
    let mut extensions = BTreeSet::new();
    for version in org.rows("ContentVersion") {
        let bytes = org.file(&version.id()).expect("every version has bytes");
        assert_eq!(text(&version, "ContentSize"), Some(bytes.len().to_string()));
        assert!(bytes.len() < 1024 * 1024);
        extensions.extend(text(&version, "FileExtension"));
    }
    assert_eq!(extensions.into_iter().collect::<Vec<_>>(), ["bin", "csv", "docx", "html", "json", "md", "pdf", "txt", "xml"]);
    let links: Vec<_> = org.rows("ContentDocumentLink").filter_map(|link| text(&link, "ContentDocumentId")).collect();
    let documents: BTreeSet<_> = links.iter().collect();
    assert_eq!(documents.len(), org.count("ContentDocument"), "every document is linked");
    assert!(links.len() > documents.len(), "some are linked more than once");
}

#[test]
fn a_large_org_has_one_file_of_more_than_ten_mebibytes() {
    let org = generate(3, 10);
    let large = org.rows("ContentVersion").filter(|version| org.file(&version.id()).is_some_and(|bytes| bytes.len() > 10 * 1024 * 1024));
    assert_eq!(large.count(), 1);
}

#[test]
fn awkward_texts_and_empty_rows_are_there() {
    let org = generate(1, 1);
    let described: BTreeSet<_> = org.rows("Contact").filter_map(|contact| text(&contact, "Description")).collect();
    assert!(text::AWKWARD.iter().all(|awkward| described.contains(*awkward)));
    assert!(org.rows("Account").any(|account| account.json("BillingAddress").is_none() && account.json("Description").is_none()));
    assert!(org.rows("Case").any(|case| case.is_deleted()));
}

#[test]
fn plain_accounts_have_about_the_size_asked_for() {
    let org = generate_plain(1, 200, 1_600);
    assert_eq!((org.count("Account"), org.count("User")), (200, 4));
    let fields = &org.object("Account").unwrap().fields;
    let size = |row: RowRef<'_>| -> usize {
        fields.iter().enumerate().map(|(at, field)| field.name.len() + 4 + row.json_at(at).map_or(4, <[u8]>::len)).sum()
    };
    let mean = org.rows("Account").map(size).sum::<usize>() / 200;
    assert!((1_450..1_750).contains(&mean), "{mean}");
    check_references(&org);
}

#[test]
fn records_are_made_up_within_two_years_and_changed_after_they_were_created() {
    let org = generate(3, 1);
    let mut days = BTreeSet::new();
    for row in org.objects().flat_map(|object| org.rows(&object.name)) {
        let (Some(created), Some(modified)) = (text(&row, "CreatedDate"), text(&row, "LastModifiedDate")) else { continue };
        assert!(("2024".."2026").contains(&&created[..4]) && created <= modified, "{}: {created} to {modified}", row.id());
        days.insert(created[..10].to_owned());
    }
    assert!(days.len() > 300, "records are spread over time, not over {} days", days.len());
}

#[test]
fn records_of_the_first_generator_stay_as_they_always_were() {
    let org = generate(1, 0);
    let mut digest = ring::digest::Context::new(&ring::digest::SHA256);
    let first = "Account Contact Opportunity Lead Campaign Case CaseComment CaseFeed FeedComment EmailMessage Project__c Invoice_Line__c";
    for object in first.split(' ') {
        for row in org.rows(object) {
            for field in &row.schema().fields {
                digest.update(row.json(&field.name).unwrap_or(b"null"));
            }
        }
    }
    let digest: String = digest.finish().as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "be063b3f40a38933");
}

#[test]
fn checksums_are_the_md5_of_the_bytes_and_bodies_have_the_length_they_claim() {
    let org = generate(3, 1);
    for version in org.rows("ContentVersion") {
        assert_eq!(text(&version, "Checksum"), Some(crate::org::md5_hex(&org.file(&version.id()).unwrap())));
    }
    for (object, count) in [("Attachment", 12), ("Document", 4), ("StaticResource", 3)] {
        assert_eq!(org.count(object), count);
        for row in org.rows(object) {
            let bytes = org.file(&row.id()).unwrap_or_else(|| panic!("{object} {} has no bytes", row.id()));
            assert_eq!(text(&row, "BodyLength"), Some(bytes.len().to_string()));
        }
    }
}

/// Objects that a set opens, or that a muting one closes.
fn opened(org: &Org, set: &str) -> BTreeSet<String> {
    let of_set = |row: &RowRef<'_>| text(row, "ParentId").as_deref() == Some(set) && row.json("PermissionsRead") == Some(b"true");
    org.rows("ObjectPermissions").filter(of_set).filter_map(|row| text(&row, "SobjectType")).collect()
}

#[test]
fn the_set_of_a_group_is_the_sum_of_its_members_less_what_is_muted() {
    let org = generate(4, 1);
    let mut muted_something = false;
    for group in org.rows("PermissionSetGroup") {
        let of_group = |row: &RowRef<'_>| text(row, "PermissionSetGroupId") == Some(group.id());
        let aggregate = org.rows("PermissionSet").find(of_group).expect("every group has a set");
        let (mut sum, mut muted) = (BTreeSet::new(), BTreeSet::new());
        for component in org.rows("PermissionSetGroupComponent").filter(of_group) {
            let member = org.row(&text(&component, "PermissionSetId").unwrap()).unwrap();
            match member.schema().name.as_str() {
                "MutingPermissionSet" => muted.extend(opened(&org, &member.id())),
                _ if member.json("HasActivationRequired") == Some(b"true") => {}
                _ => sum.extend(opened(&org, &member.id())),
            }
        }
        muted_something |= !muted.is_empty();
        assert_eq!(opened(&org, &aggregate.id()), &sum - &muted);
    }
    assert!(muted_something);
}

#[test]
fn assignments_are_in_every_state_and_each_user_has_the_set_of_its_profile() {
    let org = generate(1, 1);
    let assignments: Vec<_> = org.rows("PermissionSetAssignment").collect();
    let some = |test: &dyn Fn(&RowRef<'_>) -> bool| assert!(assignments.iter().any(test));
    some(&|row| row.json("IsActive") == Some(b"false"));
    some(&|row| row.json("IsRevoked") == Some(b"true"));
    some(&|row| text(row, "ExpirationDate").is_some_and(|end| end.starts_with("2025")));
    some(&|row| text(row, "ExpirationDate").is_some_and(|end| end.starts_with("2099")));
    some(&|row| row.json("PermissionSetGroupId").is_some());
    let people =
        org.rows("User").filter(|user| !matches!(text(user, "UserType").as_deref(), Some("AutomatedProcess" | "CloudIntegrationUser")));
    for user in people {
        let has_profile = assignments.iter().filter(|row| text(row, "AssigneeId") == Some(user.id())).any(|row| {
            let set = org.row(&text(row, "PermissionSetId").unwrap()).unwrap();
            text(&set, "ProfileId").is_some() && text(&set, "ProfileId") == text(&user, "ProfileId")
        });
        assert!(has_profile, "{}", user.id());
    }
}

#[test]
fn files_are_shared_with_people_groups_libraries_and_everybody() {
    let org = generate(1, 1);
    let targets: BTreeSet<String> = org
        .rows("ContentDocumentLink")
        .map(|link| org.row(&text(&link, "LinkedEntityId").unwrap()).unwrap().schema().name.clone())
        .collect();
    for object in ["User", "CollaborationGroup", "ContentWorkspace", "Organization", "Case"] {
        assert!(targets.contains(object), "{object}");
    }
    assert!(org.rows("ContentDocument").any(|file| text(&file, "SharingPrivacy").as_deref() == Some("P")));
}
