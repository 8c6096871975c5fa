//! Which rows a query finds, and in which order.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

#[test]
fn text_is_compared_without_case() {
    assert_eq!(accounts("Name = 'ZOË çELIK'"), [1]);
    assert_eq!(accounts("Type IN ('CUSTOMER')"), [1, 2]);
    assert_eq!(accounts("Name < 'b'"), [2]);
    assert_eq!(accounts("Name >= 'beta'"), [1, 3]);
}

#[test]
fn null_differs_from_every_value_and_has_no_order() {
    assert_eq!(accounts("Type != 'Customer'"), [3]);
    assert_eq!(accounts("Type = null"), [3]);
    assert_eq!(accounts("Type = ''"), [3]);
    assert_eq!(accounts("Type <> NULL"), [1, 2]);
    assert_eq!(accounts("Type NOT IN ('x')"), [1, 2, 3]);
    assert_eq!(accounts("Type IN ('x', null)"), [3]);
    assert_eq!(accounts("Type > 'a'"), [1, 2]);
    assert_eq!(accounts("NOT Type = 'Customer'"), [3]);
    assert_eq!(accounts("Active = false"), [2, 3]);
}

#[test]
fn like_knows_wildcards_and_their_escapes() {
    assert_eq!(accounts("Name LIKE 'ACME%'"), [2]);
    assert_eq!(accounts("Name LIKE '%100\\%'"), [2]);
    assert_eq!(accounts("Name LIKE '%e_a'"), [3]);
    assert_eq!(accounts("Name LIKE '%e%e%k'"), [] as [usize; 0]);
    assert_eq!(accounts("Name LIKE '%ë%e%k'"), [1]);
    assert_eq!(accounts("(NOT Name LIKE '%e%')"), [] as [usize; 0]);
}

#[test]
fn ids_of_15_and_18_characters_are_the_same_and_case_counts() {
    let long = id("001", 2);
    assert_eq!(accounts(&format!("Id = '{}'", &long[..15])), [2]);
    assert_eq!(accounts(&format!("Id IN ('{long}', '{}')", id("001", 1))), [1, 2]);
    assert_eq!(accounts(&format!("Id > '{}' AND Id <= '{}'", id("001", 1), id("001", 2))), [2]);
    assert_eq!(accounts(&format!("Id != '{long}'")), [1, 3]);
    assert_eq!(accounts("OwnerId = '00g000000000001'"), [] as [usize; 0]);
    assert_eq!(accounts(&format!("ParentId IN ('{}')", id("001", 1))), [2]);
    assert_eq!(accounts(&format!("ParentId NOT IN ('{}')", id("001", 1))), [1, 3]);
}

#[test]
fn numbers_are_compared_to_the_last_digit() {
    assert_eq!(accounts("Amount = 9007199254740993"), [2]);
    assert_eq!(accounts("Amount = 9007199254740992"), [] as [usize; 0]);
    assert_eq!(accounts("Amount IN (3e2, 5)"), [1]);
    assert_eq!(accounts("Amount > 299.99 AND Employees = 12"), [1]);
}

#[test]
fn dates_and_relative_dates_are_ranges_in_utc() {
    assert_eq!(accounts("Founded = TODAY"), [1]);
    assert_eq!(accounts("Founded < TODAY"), [2]);
    assert_eq!(accounts("Founded = LAST_N_DAYS:1"), [1, 2]);
    assert_eq!(accounts("CreatedDate = YESTERDAY"), [2]);
    assert_eq!(accounts("CreatedDate >= 2026-05-13T12:00:00+02:00"), [1]);
    assert_eq!(accounts("CreatedDate > 2026-05-13T10:00:00Z"), [] as [usize; 0]);
    assert_eq!(accounts("Founded = THIS_WEEK AND CreatedDate = THIS_MONTH"), [1, 2]);
    assert_eq!(accounts("Opens < 09:00:00.000Z"), [1]);
    assert_eq!(accounts("DAY_IN_MONTH(CreatedDate) = 12"), [2]);
    assert_eq!(accounts("DAY_ONLY(CreatedDate) = 2026-05-13"), [1]);
}

#[test]
fn values_of_multipicklists_are_sets() {
    assert_eq!(accounts("Colors__c INCLUDES ('red;blue', 'black')"), [1]);
    assert_eq!(accounts("Colors__c EXCLUDES ('red')"), [2, 3]);
}

#[test]
fn conditions_follow_parents_and_aliases() {
    assert_eq!(accounts("Owner.Name = 'support'"), [2]);
    assert_eq!(accounts("Owner.Type = 'User' OR Parent.Owner.Email LIKE 'jane%'"), [1, 2]);
    assert_eq!(accounts("Account.Parent.Name != null"), [2]);
    let found = records("SELECT c.Name FROM Contact c, c.Account a WHERE a.Name LIKE 'z%' AND c.Name != 'C1' ORDER BY c.Name LIMIT 2");
    assert_eq!(found.iter().map(|record| record["Name"].as_str().unwrap()).collect::<Vec<_>>(), ["C2", "C3"]);
}

#[test]
fn semi_joins_and_anti_joins_use_the_ids_of_another_query() {
    assert_eq!(accounts("Id IN (SELECT AccountId FROM Contact WHERE Name = 'c2')"), [1]);
    assert_eq!(accounts("Id NOT IN (SELECT AccountId FROM Contact)"), [2, 3]);
    assert_eq!(accounts("Name != 'x' AND ParentId IN (SELECT Id FROM Account WHERE Active = true)"), [2]);
}

#[test]
fn deleted_rows_are_seen_by_query_all_only() {
    let count = |all_rows| run(&org(), "SELECT Id FROM Contact", &Context { all_rows, ..context("59.0") }).unwrap().total();
    assert_eq!((count(false), count(true)), (5, 6));
    assert_eq!(run(&org(), "SELECT COUNT() FROM Contact WHERE Id > '003000000000004'", &context("59.0")).unwrap().total(), 1);
}

#[test]
fn order_limit_and_offset_cut_the_answer() {
    let ids = |rest: &str| -> Vec<usize> { accounts(&format!("Name != null {rest}")) };
    assert_eq!(ids("ORDER BY Name"), [2, 3, 1]);
    assert_eq!(ids("ORDER BY Type, Name DESC"), [3, 1, 2]);
    assert_eq!(ids("ORDER BY Amount DESC NULLS LAST"), [2, 1, 3]);
    assert_eq!(ids("ORDER BY Owner.Name NULLS LAST LIMIT 2"), [1, 2]);
    assert_eq!(ids("ORDER BY Id DESC LIMIT 1 OFFSET 1"), [2]);
    assert_eq!(ids("LIMIT 0"), [] as [usize; 0]);
    assert_eq!(records("SELECT Id FROM Account ORDER BY Id LIMIT 2 OFFSET 2").len(), 1);
    assert_eq!(records("SELECT Id FROM Account OFFSET 2000").len(), 0);
}

/// Conditions that indexes answer, alone and joined.
fn indexed() -> impl Strategy<Value = String> {
    let one =
        (select(vec!["Id", "ParentId", "OwnerId"]), select(vec!["=", "!=", "<", "<=", ">", ">=", "IN", "NOT IN"]), 0_usize..5, 0_usize..5);
    let one = one.prop_map(|(field, operator, first, second)| {
        let prefix = if field == "OwnerId" { "005" } else { "001" };
        match operator {
            "IN" | "NOT IN" => format!("{field} {operator} ('{}', '{}')", id(prefix, first), id(prefix, second)),
            _ => format!("{field} {operator} '{}'", id(prefix, first)),
        }
    });
    vec(one, 1..4).prop_map(|terms| terms.join(" AND "))
}

proptest! {
    #[test]
    fn an_index_finds_what_a_scan_finds(condition in indexed()) {
        // No index looks through a negation.
        prop_assert_eq!(accounts(&condition), accounts(&format!("NOT (NOT ({condition}))")));
    }
}
