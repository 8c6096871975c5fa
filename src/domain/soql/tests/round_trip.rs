//! Properties: what is printed parses to the same tree, quoting keeps every text, nothing makes the parser panic.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::soql::*;

/// Words that mean something else where a name stands.
const TAKEN: [&str; 37] = [
    "ALL", "AND", "AS", "ASC", "CUBE", "DESC", "EXCLUDES", "FIELDS", "FIRST", "FOR", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LAST",
    "LIKE", "LIMIT", "NOT", "NULL", "NULLS", "OFFSET", "OR", "ORDER", "ROLLUP", "ROWS", "SELECT", "TYPEOF", "UPDATE", "USING", "WHEN",
    "WHERE", "WITH", "ELSE", "END", "THEN", "SCOPE",
];

fn name() -> impl Strategy<Value = Name> {
    let free = |text: &String| !TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(text));
    "[A-Za-z_][A-Za-z0-9_]{0,8}".prop_filter("taken", free).prop_map(|text| Name { text, span: Span::default() })
}

fn path() -> impl Strategy<Value = Path> {
    vec(name(), 1..4).prop_map(|parts| Path { parts, span: Span::default() })
}

fn relative() -> impl Strategy<Value = Value> {
    use DateUnit::{Day, FiscalQuarter, FiscalYear, Month, Quarter, Week, Year};
    let reach = prop_oneof![
        Just(Reach::Previous),
        Just(Reach::Current),
        Just(Reach::Next),
        any::<u32>().prop_map(Reach::LastN),
        any::<u32>().prop_map(Reach::NextN),
        any::<u32>().prop_map(Reach::Ago),
    ];
    let unit = select(vec![Day, Week, Month, Quarter, Year, FiscalQuarter, FiscalYear]);
    (unit, reach).prop_map(|(unit, reach)| Value::Relative(RelativeDate { unit, reach }))
}

fn literal() -> impl Strategy<Value = Literal> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<String>().prop_map(Value::String),
        "[+-]?[0-9]{1,20}(\\.[0-9]{1,5})?(e-?[0-9])?".prop_map(Value::Number),
        "[A-Z]{3}[0-9]{1,9}(\\.[0-9]{1,2})?".prop_map(Value::Money),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}".prop_map(Value::Date),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,3})?(Z|[+-][0-9]{2}:?[0-9]{2})".prop_map(Value::DateTime),
        "[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z".prop_map(Value::Time),
        relative(),
    ];
    value.prop_map(|value| Literal { value, span: Span::default() })
}

fn call() -> impl Strategy<Value = Call> {
    let leaf = prop_oneof![
        path().prop_map(Argument::Field),
        literal().prop_filter("a word here is a field", is_no_word).prop_map(Argument::Literal)
    ];
    let build = |(name, arguments)| Call { name, arguments, span: Span::default() };
    let argument = leaf.prop_recursive(2, 6, 2, move |inner| (name(), vec(inner, 0..3)).prop_map(build).prop_map(Argument::Call));
    (name(), vec(argument, 0..3)).prop_map(build)
}

fn is_no_word(literal: &Literal) -> bool {
    !matches!(literal.value, Value::Null | Value::Bool(_) | Value::Relative(_) | Value::Money(_))
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![3 => path().prop_map(Operand::Field), 1 => call().prop_map(Operand::Call)]
}

fn like() -> impl Strategy<Value = Vec<LikePart>> {
    let part = prop_oneof![Just(LikePart::Any), Just(LikePart::One), any::<char>().prop_map(|text| LikePart::Text(text.into()))];
    vec(part, 0..8).prop_map(|parts| {
        let mut joined: Vec<LikePart> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (Some(LikePart::Text(text)), LikePart::Text(more)) => text.push_str(&more),
                (_, part) => joined.push(part),
            }
        }
        joined
    })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual])
}

fn membership() -> impl Strategy<Value = Membership> {
    select(vec![Membership::In, Membership::NotIn])
}

fn check(depth: u32) -> BoxedStrategy<Check> {
    let plain = prop_oneof![
        (comparison(), literal()).prop_map(|(comparison, literal)| Check::Compare(comparison, literal)),
        like().prop_map(Check::Like),
        (membership(), vec(literal(), 1..4)).prop_map(|(membership, literals)| Check::In(membership, literals)),
        (membership(), vec(literal(), 1..3)).prop_map(|(membership, literals)| Check::Includes(membership, literals)),
    ];
    if depth == 0 {
        return plain.boxed();
    }
    let joined = (membership(), query(depth - 1)).prop_map(|(membership, query)| Check::InQuery(membership, Box::new(query)));
    prop_oneof![6 => plain, 1 => joined].boxed()
}

fn condition(depth: u32) -> impl Strategy<Value = Condition> {
    let test = (operand(), check(depth)).prop_map(|(operand, check)| Condition::Test(Test { operand, check, span: Span::default() }));
    test.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Condition::And),
            vec(inner.clone(), 2..4).prop_map(Condition::Or),
            inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

fn item(depth: u32) -> BoxedStrategy<SelectItem> {
    let build = |(kind, alias)| SelectItem { kind, alias, span: Span::default() };
    let group = select(vec![FieldGroup::All, FieldGroup::Standard, FieldGroup::Custom]);
    let when = (name(), vec(path(), 1..3)).prop_map(|(object, fields)| When { object, fields });
    let type_of = (path(), vec(when, 1..3), vec(path(), 0..2));
    let type_of = type_of.prop_map(|(relationship, whens, otherwise)| TypeOf { relationship, whens, otherwise });
    let plain = prop_oneof![
        6 => (path().prop_map(SelectKind::Field), of(name())).prop_map(build),
        2 => (call().prop_map(SelectKind::Call), of(name())).prop_map(build),
        1 => (group.prop_map(SelectKind::Fields), Just(None)).prop_map(build),
        1 => (type_of.prop_map(SelectKind::TypeOf), Just(None)).prop_map(build),
    ];
    if depth == 0 {
        return plain.boxed();
    }
    let children = (query(depth - 1).prop_map(|query| SelectKind::Children(Box::new(query))), Just(None)).prop_map(build);
    prop_oneof![6 => plain, 1 => children].boxed()
}

fn order_by() -> impl Strategy<Value = OrderBy> {
    let direction = of(select(vec![Direction::Ascending, Direction::Descending]));
    (operand(), direction, of(select(vec![Nulls::First, Nulls::Last]))).prop_map(|(by, direction, nulls)| OrderBy { by, direction, nulls })
}

fn group_by() -> impl Strategy<Value = GroupBy> {
    let kind = select(vec![GroupKind::Plain, GroupKind::Rollup, GroupKind::Cube]);
    (kind, vec(operand(), 1..3)).prop_map(|(kind, by)| GroupBy { kind, by, span: Span::default() })
}

fn source() -> impl Strategy<Value = Source> {
    (path(), of(name())).prop_map(|(path, alias)| Source { path, alias })
}

fn with() -> impl Strategy<Value = With> {
    use CategoryReach::{Above, AboveOrBelow, At, Below};
    let test = (name(), select(vec![At, Above, Below, AboveOrBelow]), vec(name(), 1..3));
    let test = test.prop_map(|(group, reach, categories)| CategoryTest { group, reach, categories });
    prop_oneof![
        3 => select(vec![With::SecurityEnforced, With::UserMode, With::SystemMode]),
        1 => vec(test, 1..3).prop_map(With::DataCategory),
        1 => vec((name(), literal()), 1..3).prop_map(With::RecordVisibility),
    ]
}

fn query(depth: u32) -> BoxedStrategy<Query> {
    let count = || of(any::<u64>().prop_map(|value| Count { value, span: Span::default() }));
    let head = (vec(item(depth), 1..4), source(), vec(source(), 0..2), of(name()), of(condition(depth)));
    let usage = (
        vec(select(vec![Usage::View, Usage::Reference, Usage::Update, Usage::Tracking, Usage::ViewStat]), 0..3),
        vec((name(), literal()), 0..2),
    );
    let tail =
        (vec(with(), 0..2), of(group_by()), of(condition(0)), vec(order_by(), 0..3), count(), count(), usage, of(Just(Span::default())));
    (head, tail)
        .prop_map(
            |((select, from, relations, scope, filter), (with, group_by, having, order_by, limit, offset, (usage, options), all_rows))| {
                Query {
                    select,
                    from,
                    relations,
                    scope,
                    filter,
                    with,
                    group_by,
                    having,
                    order_by,
                    limit,
                    offset,
                    usage,
                    options,
                    all_rows,
                    places: Places::default(),
                    span: Span::default(),
                }
            },
        )
        .boxed()
}

/// Texts that are nearly SOQL reach further into the parser than random ones.
fn nearly_soql() -> impl Strategy<Value = String> {
    let word = select(vec![
        "SELECT",
        "FROM",
        "WHERE",
        "AND",
        "OR",
        "NOT",
        "IN",
        "LIKE",
        "(",
        ")",
        ",",
        ".",
        "=",
        "'x'",
        "'",
        "1",
        "-",
        "2026-01-01",
        "T00:00",
        ":",
        "Id",
        "COUNT",
        "FIELDS",
        "ALL",
        "TYPEOF",
        "WHEN",
        "THEN",
        "END",
        "GROUP",
        "BY",
        "ROLLUP",
        "ORDER",
        "LIMIT",
        "LAST_N_DAYS",
        "\\",
        "é",
        "\n",
        "!=",
    ]);
    vec(word, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_parses_to_the_same_tree(tree in query(2)) {
        let text = tree.to_string();
        match parse(&text) {
            Ok(parsed) => prop_assert_eq!(parsed, tree),
            Err(error) => prop_assert!(false, "{}", error.render(&text)),
        }
    }

    #[test]
    fn a_quoted_text_means_the_same_text(text in any::<String>()) {
        let query = parse(&format!("SELECT Id FROM X WHERE A = {}", quote(&text))).unwrap();
        let Some(Condition::Test(Test { check: Check::Compare(_, literal), .. })) = query.filter else { panic!("no test") };
        prop_assert_eq!(literal.value, Value::String(text));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in prop_oneof![any::<String>(), nearly_soql(), nearly_soql().prop_map(|text| format!("SELECT Id FROM X WHERE {text}"))]) {
        match parse(&text) {
            Ok(query) => prop_assert_eq!(parse(&query.to_string()).ok(), Some(query)),
            Err(error) => prop_assert!(error.render(&text).contains("ERROR at Row:")),
        }
    }
}
