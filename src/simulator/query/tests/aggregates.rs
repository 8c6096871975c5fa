//! Aggregates and groups.

use super::*;

#[test]
fn count_without_a_field_is_only_a_total() {
    assert_eq!(text("SELECT COUNT() FROM Account WHERE Name != 'Beta'"), r#"{"totalSize":2,"done":true,"records":[]}"#);
    assert_eq!(text("SELECT count() FROM Account LIMIT 1"), r#"{"totalSize":1,"done":true,"records":[]}"#);
}

#[test]
fn aggregates_fold_the_values_that_are_not_null() {
    assert_eq!(
        text(
            "SELECT COUNT(Id), COUNT(Type) types, COUNT_DISTINCT(Type), SUM(Employees), AVG(Employees), MIN(Name), MAX(Founded) FROM Account"
        ),
        r#"{"totalSize":1,"done":true,"records":[{"attributes":{"type":"AggregateResult"},"expr0":3,"types":2,"expr1":1,"expr2":12,"expr3":12.0,"expr4":"acme 100%","expr5":"2026-05-13"}]}"#
    );
    let empty = &records("SELECT COUNT(Id) n, SUM(Amount) s FROM Account WHERE Name = 'none'")[0];
    assert_eq!((&empty["n"], &empty["s"]), (&0.into(), &Value::Null));
}

#[test]
fn groups_are_filtered_ordered_and_cut() {
    let groups = records("SELECT Type, COUNT(Id) n FROM Account GROUP BY Type ORDER BY COUNT(Id) DESC");
    assert_eq!(groups[0]["Type"], "Customer", "without regard to case");
    assert_eq!((&groups[0]["n"], &groups[1]["n"], &groups[1]["Type"]), (&2.into(), &1.into(), &Value::Null));
    assert_eq!(records("SELECT Type FROM Account GROUP BY Type HAVING COUNT(Id) > 1 AND Type LIKE 'cust%'").len(), 1);
    assert_eq!(records("SELECT Type FROM Account GROUP BY Type ORDER BY Type LIMIT 1")[0]["Type"], Value::Null);
    let by_parent = records("SELECT Account.Name, COUNT(Id) FROM Contact GROUP BY Account.Name");
    assert_eq!((&by_parent[0]["Name"], &by_parent[0]["expr0"]), (&"Zoë Çelik".into(), &5.into()));
    let by_day = records(
        "SELECT DAY_ONLY(CreatedDate) d, COUNT(Id) FROM Account GROUP BY DAY_ONLY(CreatedDate) ORDER BY DAY_ONLY(CreatedDate) DESC",
    );
    assert_eq!(by_day[1]["d"], "2026-05-13");
}

#[test]
fn rollup_and_cube_add_subtotals() {
    let rollup =
        records("SELECT Type, Active, GROUPING(Active) g, COUNT(Id) n FROM Account WHERE Type != null GROUP BY ROLLUP(Type, Active)");
    assert_eq!(rollup.len(), 4);
    assert!(rollup.iter().any(|group| group["g"] == 1 && group["Type"] == Value::Null && group["n"] == 2));
    assert_eq!(records("SELECT COUNT(Id) n FROM Account WHERE Type != null GROUP BY CUBE(Type, Active)").len(), 6);
}

#[test]
fn what_cannot_be_aggregated_is_refused() {
    for (soql, reason) in [
        ("SELECT Name, COUNT(Id) FROM Account", "Field must be grouped or aggregated: Name"),
        ("SELECT Name FROM Account GROUP BY Type", "Field must be grouped or aggregated: Name"),
        ("SELECT SUM(Name) FROM Account", "field Name does not support aggregate operator SUM"),
        ("SELECT Type, MAX(Name) Type FROM Account GROUP BY Type", "duplicate alias: Type"),
        ("SELECT Id FROM Account HAVING COUNT(Id) > 1", "HAVING needs GROUP BY"),
        ("SELECT COUNT(Nope) FROM Account", "No such column 'Nope' on entity 'Account'"),
    ] {
        let refusal = refusal(soql);
        assert!(refusal.message.contains(reason), "{soql}: {refusal}");
    }
}
