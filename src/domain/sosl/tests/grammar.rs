//! The grammar by examples, and the words of its refusals.

use crate::soql::{Operand, SoqlErrorKind};
use crate::sosl::{Search, SearchGroup, Tracking, parse};

fn parsed(text: &str) -> Search {
    parse(text).unwrap_or_else(|error| panic!("{}", error.render(text)))
}

fn refused(text: &str) -> String {
    parse(text).map(|search| search.to_string()).unwrap_err().render(text)
}

#[test]
fn every_clause_is_read_and_printed_in_order() {
    for text in [
        "FIND {acme}",
        "FIND {\"john smith\" AND NOT (acme* OR jo?n)} IN NAME FIELDS",
        "FIND {a\\}b\\\\} IN ALL FIELDS RETURNING Account, Contact",
        "FIND {x} IN EMAIL FIELDS RETURNING Contact(Id, Account.Name) LIMIT 10",
        "FIND {x} IN PHONE FIELDS RETURNING Lead(Id WHERE A = 1 AND (B = 'x' OR C IN ('y')) ORDER BY D DESC NULLS LAST, E LIMIT 5 OFFSET 2)",
        "FIND {x} IN SIDEBAR FIELDS RETURNING Case(toLabel(Status), FORMAT(convertCurrency(Amount)) shown, Id)",
        "FIND {x} RETURNING Account(Id USING Listview=Mine WHERE Name = 'x')",
        "FIND {x} RETURNING Account(Limit, Order, Offset, Using.Name LIMIT 3)",
        "FIND {x} WITH SNIPPET (target_length=120) WITH METADATA='LABELS' WITH HIGHLIGHT LIMIT 5 UPDATE TRACKING, VIEWSTAT",
        "FIND {x} RETURNING FAQ__kav(Id) WITH DATA CATEGORY Geo__c AT usa__c AND Product__c ABOVE (a__c, b__c)",
        "FIND {x} WITH NETWORK IN ('0DB1', '0DB2') WITH DIVISION = 'Global' WITH SPELL_CORRECTION = false",
    ] {
        assert_eq!(parsed(text).to_string(), text);
    }
}

#[test]
fn keywords_are_read_without_regard_to_case_and_spacing() {
    assert_eq!(
        parsed(
            "  find{un*}in Name\nfields returning account( id ,name  where Name='x' using ListView = Mine order by Name limit 1 ),Lead  "
        )
        .to_string(),
        "FIND {un*} IN NAME FIELDS RETURNING account(id, name USING Listview=Mine WHERE Name = 'x' ORDER BY Name LIMIT 1), Lead"
    );
}

#[test]
fn the_parts_of_a_search_have_their_place_in_the_text() {
    let text = " FIND {it's \"a\"} IN PHONE FIELDS RETURNING Account, Contact(Name, toLabel(Status) s WHERE Name != 'x') WITH SNIPPET (n=1) LIMIT 7 UPDATE VIEWSTAT ";
    let search = parsed(text);
    assert_eq!((search.span.of(text), search.term.span.of(text)), (text.trim(), "it's \"a\""));
    assert_eq!((search.scope, search.update.as_slice()), (Some(SearchGroup::Phone), [Tracking::ViewStat].as_slice()));
    assert_eq!(search.limit.map(|limit| (limit.value, limit.span.of(text).to_owned())), Some((7, "7".to_owned())));
    assert_eq!(search.with[0].span.of(text), "WITH SNIPPET (n=1)");
    assert!(search.with[0].keyword.is("snippet"));
    let [account, contact] = search.returning.as_slice() else { panic!("{search:?}") };
    assert_eq!((account.span.of(text), account.fields.is_none()), ("Account", true));
    assert_eq!(contact.span.of(text), "Contact(Name, toLabel(Status) s WHERE Name != 'x')");
    let fields = contact.fields.as_ref().unwrap();
    assert_eq!(fields.span.of(text), "Name, toLabel(Status) s");
    assert_eq!(fields.items.iter().map(|field| field.span.of(text)).collect::<Vec<_>>(), ["Name", "toLabel(Status) s"]);
    assert!(matches!(&fields.items[1].what, Operand::Call(call) if call.span.of(text) == "toLabel(Status)"));
}

#[test]
fn a_field_can_be_put_behind_the_fields_of_the_original_text() {
    let text = "FIND {x} RETURNING Case( Name , toLabel(Status)  WHERE Name = 'é' ), Lead";
    let search = parsed(text);
    let end = search.returning[0].fields.as_ref().unwrap().end();
    let longer = format!("{}, Id{}", &text[..end], &text[end..]);
    assert_eq!(longer, "FIND {x} RETURNING Case( Name , toLabel(Status), Id  WHERE Name = 'é' ), Lead");
    assert!(parsed(&longer).returning[0].fields.as_ref().unwrap().has("id"));
    let end = search.returning[1].object.span.end;
    assert_eq!(&text[end - 4..end], "Lead");
}

#[test]
fn only_a_field_of_the_object_itself_counts_as_had() {
    let has = |list: &str| parsed(&format!("FIND {{x}} RETURNING Contact({list})")).returning[0].fields.as_ref().unwrap().has("Id");
    assert!(has("Name, ID"));
    assert!(!has("Account.Id"));
    assert!(!has("toLabel(Id)"));
    assert!(!has("Name"));
}

#[test]
fn a_search_needs_its_term_in_braces() {
    for text in ["FIND", "FIND acme", "FIND 'acme' IN ALL FIELDS", "FIND \"acme\"", "FIND {acme", "FIND {acme\\}", "FIND {a\\"] {
        let error = parse(text).unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str()),
            (SoqlErrorKind::NoTerm, "No search term found. The search term must be enclosed in braces."),
            "{text}"
        );
    }
    assert_eq!(parse("FIND  acme").unwrap_err().span.start, 6);
    // What makes no sense in it is found when its meaning is asked for.
    assert_eq!(parsed("FIND {}").term.text, "");
}

#[test]
fn a_mistake_is_pointed_at() {
    assert_eq!(
        refused("FIND {name} IN ALL TYPE RETURNING Account"),
        "\nFIND {name} IN ALL TYPE RETURNING Account\n                   ^\nERROR at Row:1:Column:20\nunexpected token: 'TYPE'"
    );
    assert_eq!(
        refused("FIND {Zoë}\nRETURNING Account(Id,)"),
        "\nRETURNING Account(Id,)\n                     ^\nERROR at Row:2:Column:22\nunexpected token: ')'"
    );
}

#[test]
fn what_is_no_sosl_is_refused() {
    for (text, reason) in [
        ("", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account", "unexpected token: 'SELECT'"),
        ("FINDS {x}", "unexpected token: 'FINDS'"),
        ("FIND {a|b}", "mismatched character '|' expecting '}'"),
        ("FIND {a & b}", "mismatched character '&' expecting '}'"),
        ("FIND {{a}}", "mismatched character '{' expecting '}'"),
        ("FIND {\"a}\"}", "unexpected token: '\"'"),
        ("FIND {x} IN TEXT FIELDS", "unexpected token: 'TEXT'"),
        ("FIND {x} IN ALL", "unexpected token: '<EOF>'"),
        ("FIND {x} RETURNING", "unexpected token: '<EOF>'"),
        ("FIND {x} RETURNING Account()", "unexpected token: ')'"),
        ("FIND {x} RETURNING Account(WHERE Name = 'x')", "unexpected token: 'WHERE'"),
        ("FIND {x} RETURNING Account(Id WHERE Name = :name)", "Bind variables only allowed in Apex code"),
        ("FIND {x} RETURNING Account(Id WHERE A = 1 AND B = 2 OR C = 3)", "unexpected token: 'OR'"),
        ("FIND {x} RETURNING Account(Id LIMIT 1.5)", "unexpected token: '1.5'"),
        ("FIND {x} RETURNING Account(Id", "unexpected token: '<EOF>'"),
        ("FIND {x} RETURNING Account(Id USING Scope=Mine)", "unexpected token: 'Scope'"),
        ("FIND {x} RETURNING Account(Id LIMIT 1 WHERE A = 1)", "unexpected token: 'WHERE'"),
        ("FIND {x} WITH", "unexpected token: '<EOF>'"),
        ("FIND {x} WITH SNIPPET (a", "unexpected token: '<EOF>'"),
        ("FIND {x} WITH SNIPPET RETURNING Account", "unexpected token: 'RETURNING'"),
        ("FIND {x} LIMIT 5 RETURNING Account", "unexpected token: 'RETURNING'"),
        ("FIND {x} LIMIT -1", "unexpected token: '-1'"),
        ("FIND {x} UPDATE NOTHING", "unexpected token: 'NOTHING'"),
        ("FIND {x};", "unexpected token: ';'"),
    ] {
        let message = refused(text);
        assert!(message.ends_with(reason), "{text}: {message}");
    }
}

#[test]
fn neither_length_nor_depth_breaks_the_parser() {
    let long = format!("FIND {{{}}}", "x".repeat(100_000));
    assert_eq!(parse(&long).unwrap_err().kind, SoqlErrorKind::TooLong);
    let deep = format!("FIND {{x}} RETURNING A(Id WHERE {}", "(".repeat(90_000));
    assert_eq!(parse(&deep).unwrap_err().kind, SoqlErrorKind::TooDeep);
    let deep = format!("FIND {{x}} WITH A {}", "(".repeat(90_000));
    assert_eq!(parse(&deep).unwrap_err().kind, SoqlErrorKind::Unexpected);
    let deep = format!("FIND {{{}}}", "(".repeat(3_000));
    assert_eq!(parsed(&deep).term.expression().unwrap_err().kind, SoqlErrorKind::TooDeep);
}
