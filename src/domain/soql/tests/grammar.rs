//! The grammar by examples, and the words of its refusals.

use crate::soql::*;

fn reprinted(text: &str) -> String {
    parse(text).unwrap_or_else(|error| panic!("{}", error.render(text))).to_string()
}

fn refused(text: &str) -> String {
    parse(text).map(|query| query.to_string()).unwrap_err().render(text)
}

fn filter(condition: &str) -> Condition {
    parse(&format!("SELECT Id FROM X WHERE {condition}")).unwrap().filter.unwrap()
}

#[test]
fn every_clause_is_read_and_printed_in_order() {
    for text in [
        "SELECT Id, Name, Owner.Profile.Name FROM Account",
        "SELECT COUNT() FROM Account",
        "SELECT COUNT(Id) total, MAX(Amount) FROM Opportunity WHERE Amount > 1.50 GROUP BY StageName HAVING COUNT(Id) > 2",
        "SELECT toLabel(Status), FORMAT(Amount) a FROM X",
        "SELECT CALENDAR_YEAR(convertTimezone(CreatedDate)) FROM X GROUP BY CALENDAR_YEAR(convertTimezone(CreatedDate))",
        "SELECT FIELDS(ALL) FROM Account LIMIT 200",
        "SELECT Id, (SELECT Id, (SELECT Id FROM FeedComments) FROM Feeds ORDER BY CreatedDate DESC NULLS LAST LIMIT 1) FROM Case",
        "SELECT TYPEOF What WHEN Account THEN Phone, Name WHEN Opportunity THEN Amount ELSE Name END FROM Event",
        "SELECT Name FROM Account AS a, a.Owner AS o USING SCOPE mine WHERE o.Name != NULL",
        "SELECT Id FROM Account WHERE Name LIKE 'a\\_b\\%c%_' WITH SECURITY_ENFORCED WITH USER_MODE",
        "SELECT Id FROM X WHERE A IN ('x', 'y') AND B NOT IN (SELECT C FROM D) AND E INCLUDES ('a;b', 'c') AND F EXCLUDES ('d')",
        "SELECT Name FROM X GROUP BY ROLLUP(Name, Type)",
        "SELECT Name FROM X GROUP BY CUBE(Name)",
        "SELECT Id FROM X WHERE D = 2026-01-31 AND T > 2026-01-31T00:00:00.000+01:00 AND U < 17:30:00.000Z AND V = LAST_N_DAYS:7",
        "SELECT Id FROM X ORDER BY A ASC NULLS FIRST, B LIMIT 5 OFFSET 10 FOR VIEW FOR REFERENCE FOR UPDATE ALL ROWS",
        "SELECT Id FROM X WHERE Amount > USD5000 AND Cost IN (EUR10.50, gbp3)",
        "SELECT Title FROM Offer__kav WHERE Language = 'en_US' WITH DATA CATEGORY Geo__c AT (france__c, usa__c) AND Product__c ABOVE_OR_BELOW (dsl__c) UPDATE VIEWSTAT",
        "SELECT RecordId FROM X WITH RecordVisibilityContext (maxDescriptorPerRecord=100, supportsDomains=true) FOR VIEW UPDATE TRACKING",
        "SELECT Id FROM X__dlm LIMIT 5 UPDATE TRACKING SET OPTIONS (dataspace='default', honorEmptyStrings=true) FOR UPDATE",
        "SELECT Id FROM X WHERE DISTANCE(Place, GEOLOCATION(37.7, -122.4), 'mi') < 20",
    ] {
        assert_eq!(reprinted(text), text);
    }
}

#[test]
fn keywords_are_read_without_regard_to_case_and_spacing() {
    assert_eq!(
        reprinted("select\nId,name from\tAccount a where (name<>'x') order by Name desc limit 1"),
        "SELECT Id, name FROM Account AS a WHERE name != 'x' ORDER BY Name DESC LIMIT 1"
    );
}

#[test]
fn words_of_the_grammar_may_name_objects_and_fields() {
    for text in [
        "SELECT Group.Name, Order, Limit, Type FROM Group",
        "SELECT Id FROM Order WHERE Offset = 1",
        "SELECT Id FROM X AS Offset OFFSET 1",
        "SELECT Id FROM X AS All ALL ROWS",
        "SELECT Id FROM X AS Update UPDATE TRACKING",
        "SELECT Id FROM X AS Set SET OPTIONS (a=1)",
        "SELECT Id FROM OrderItem WHERE Order.Status = 'x' ORDER BY Order.Status",
    ] {
        assert_eq!(reprinted(text), text);
    }
}

#[test]
fn parentheses_are_kept_only_where_they_matter() {
    let text = "SELECT Id FROM X WHERE ((A = 1)) AND (B = 2 OR (C = 3)) AND NOT (D = 4 AND E = 5) AND NOT F = 6";
    assert_eq!(reprinted(text), "SELECT Id FROM X WHERE A = 1 AND (B = 2 OR C = 3) AND NOT (D = 4 AND E = 5) AND NOT F = 6");
}

#[test]
fn a_column_can_be_put_behind_the_select_list_of_the_original_text() {
    let text = "select  Name ,\n  (SELECT Id FROM Contacts)   from Account";
    let query = parse(text).unwrap();
    let at = query.select_end();
    assert_eq!(format!("{}, Id{}", &text[..at], &text[at..]), "select  Name ,\n  (SELECT Id FROM Contacts), Id   from Account");
    assert_eq!(query.select[0].span.of(text), "Name");
    assert_eq!(query.select[1].span.of(text), "(SELECT Id FROM Contacts)");
}

#[test]
fn the_shorter_forms_of_categories_and_usages_are_the_same_tree() {
    assert_eq!(
        reprinted(
            "SELECT Id FROM X__kav WITH data category A__c below B__c and C__c AT D__c FOR VIEW, REFERENCE UPDATE TRACKING, VIEWSTAT"
        ),
        "SELECT Id FROM X__kav WITH DATA CATEGORY A__c BELOW (B__c) AND C__c AT (D__c) FOR VIEW FOR REFERENCE UPDATE TRACKING UPDATE VIEWSTAT"
    );
}

#[test]
fn places_show_what_clauses_say_and_where_they_could_stand() {
    let text = "SELECT Id FROM X x USING SCOPE mine WHERE ((A = 1) OR B = 2) WITH USER_MODE ORDER BY A DESC , B LIMIT 5 OFFSET 2 FOR VIEW";
    let places = parse(text).unwrap().places;
    let shown = [places.filter, places.having, places.order_by, places.limit, places.usage].map(|place| place.of(text));
    assert_eq!(shown, ["((A = 1) OR B = 2)", "", "A DESC , B", "5", "FOR VIEW"]);
    let text = "SELECT Id FROM X x USING SCOPE mine  WITH USER_MODE  OFFSET 2 ";
    let places = parse(text).unwrap().places;
    let before = [places.filter, places.having, places.order_by, places.limit, places.usage].map(|place| &text[..place.end]);
    let (from, with) = ("SELECT Id FROM X x USING SCOPE mine", "SELECT Id FROM X x USING SCOPE mine  WITH USER_MODE");
    assert_eq!(before, [from, with, with, with, text.trim_end()]);
    assert!(places.filter.of(text).is_empty() && places.limit.of(text).is_empty());
}

#[test]
fn string_escapes_are_resolved() {
    let Condition::Test(Test { check: Check::Compare(_, literal), .. }) = filter(r#"A = 'a\'b\\c\n\t\"\_\%'"#) else { panic!() };
    assert_eq!(literal.value, Value::String("a'b\\c\n\t\"_%".into()));
    let Condition::Test(Test { check: Check::Like(parts), .. }) = filter(r"A LIKE 'a\%%\\_'") else { panic!() };
    assert_eq!(parts, [LikePart::Text("a%".into()), LikePart::Any, LikePart::Text("\\".into()), LikePart::One]);
}

#[test]
fn escapes_may_name_characters_by_their_code() {
    let value = |text: &str| match filter(&format!("A = '{text}'")) {
        Condition::Test(Test { check: Check::Compare(_, Literal { value: Value::String(text), .. }), .. }) => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(value(r"\u00e9\u00E9\ud83d\uDE00x"), "éé😀x");
    assert_eq!(value(r"\ud83d-\ude00\ud83d\n"), "\u{fffd}-\u{fffd}\u{fffd}\n");
    for text in [r"\u00e", r"\u00eg", r"\u"] {
        assert!(refused(&format!("SELECT Id FROM X WHERE A = '{text}'")).contains("invalid escape sequence"), "{text}");
    }
}

#[test]
fn the_same_date_literals_are_one_tree() {
    assert_eq!(filter("A = last_90_days"), filter("A = LAST_N_DAYS:90"));
    assert_eq!(filter("A = N_FISCAL_QUARTERS_AGO:2").to_string(), "A = N_FISCAL_QUARTERS_AGO:2");
}

#[test]
fn a_mistake_is_pointed_at() {
    assert_eq!(
        refused("SELECT Foo FRM Account"),
        "\nSELECT Foo FRM Account\n           ^\nERROR at Row:1:Column:12\nunexpected token: 'FRM'"
    );
    assert_eq!(refused("SELECT Id\nFROM"), "\nFROM\n    ^\nERROR at Row:2:Column:5\nunexpected token: '<EOF>'");
}

#[test]
fn what_is_no_soql_is_refused() {
    for (text, reason) in [
        ("", "unexpected token: '<EOF>'"),
        ("SELECT FROM Account", "unexpected token: 'FROM'"),
        ("SELECT Id, FROM Account", "unexpected token: 'FROM'"),
        ("SELECT Id FROM Account WHERE A = 1 AND B = 2 OR C = 3", "unexpected token: 'OR'"),
        ("SELECT Id FROM Account WHERE A = 1 OR B = 2 AND C = 3", "unexpected token: 'AND'"),
        ("SELECT Id FROM Account WHERE A = :x", "Bind variables only allowed in Apex code"),
        ("SELECT Id FROM Account WHERE A IN ('a',)", "unexpected token: ')'"),
        ("SELECT Id FROM Account WHERE A = 'x", "string literal is not closed"),
        ("SELECT Id FROM Account WHERE A = 'x\\q'", "invalid escape sequence in string literal 'x\\q'"),
        ("SELECT Id FROM Account WHERE A = foo", "unexpected token: 'foo'"),
        ("SELECT Id FROM Account WHERE A = 2026-01-01T00:00:00", "unexpected token: '2026-01-01T00:00:00'"),
        ("SELECT Id FROM Account LIMIT 1.5", "unexpected token: '1.5'"),
        ("SELECT Id FROM Account;", "unexpected token: ';'"),
        ("SELECT Id FROM Account é", "unexpected token: 'é'"),
        ("SELECT * FROM Account", "unexpected token: '*'"),
        ("SELECT Id FROM X WITH DATA CATEGORY A__c NEAR B__c", "unexpected token: 'NEAR'"),
        ("SELECT Id FROM X WHERE A > USD", "unexpected token: 'USD'"),
        ("SELECT Id FROM X FOR TRACKING", "unexpected token: 'TRACKING'"),
    ] {
        let message = refused(text);
        assert!(message.ends_with(reason), "{text}: {message}");
    }
}

#[test]
fn neither_length_nor_depth_breaks_the_parser() {
    let deep = format!("SELECT Id FROM X WHERE {}", "(".repeat(90_000));
    assert_eq!(parse(&deep).unwrap_err().kind, SoqlErrorKind::TooDeep);
    for piece in ["NOT ", "A IN (SELECT Id FROM X WHERE ", "F("] {
        let deep = format!("SELECT Id FROM X WHERE {}", piece.repeat(90_000 / piece.len()));
        assert_eq!(parse(&deep).unwrap_err().kind, SoqlErrorKind::TooDeep, "{piece}");
    }
    let ids = vec![quote("001000000000001AAA"); 4_000].join(",");
    assert!(parse(&format!("SELECT Id FROM X WHERE Id IN ({ids})")).is_ok());
    let long = format!("SELECT Id FROM X WHERE A = {}", quote(&"x".repeat(100_000)));
    assert_eq!(parse(&long).unwrap_err().kind, SoqlErrorKind::TooLong);
    let long = format!("SELECT Id FROM X WHERE A = {}", quote(&"é".repeat(4_001)));
    assert_eq!(parse(&long).unwrap_err().kind, SoqlErrorKind::TooLong);
}
