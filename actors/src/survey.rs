//! Meets the catalog with an org: what a run reads, what it leaves out and why.

use std::collections::BTreeMap;

use domain::catalog::{self, DescribedObject, GlobalObject};
use domain::rules::{AdvancedRule, MetRules, RuleError};
use domain::{Code, Fault, Names, SF_FORBIDDEN, SF_NO_OBJECT, SF_QUERY, SF_QUERY_TIMEOUT, SF_REFUSED, SF_TOO_WIDE, SR_INVALID, Selection};
use futures::{StreamExt as _, TryStreamExt as _};
use ports::Source;

/// Questions asked at once.
const AT_ONCE: usize = 4;

/// What the org says of a query that does not work, and would not the next time.
const REFUSALS: [&Code; 6] = [&SF_QUERY, &SF_NO_OBJECT, &SF_TOO_WIDE, &SF_QUERY_TIMEOUT, &SF_REFUSED, &SF_FORBIDDEN];

/// What a run with this selection, or with these advanced rules in its place, would read now.
///
/// # Errors
/// `SF_NO_OBJECT`: an object that was named does not exist, or none of the objects may be queried. `SR_INVALID`: advanced rules that the org
/// does not take. Whatever the source reports.
pub async fn survey(source: &dyn Source, selection: &Selection, rules: &[AdvancedRule]) -> Result<catalog::Planned, Fault> {
    let global = source.global().await?;
    if !rules.is_empty() {
        let planned = plan_and_try(source, &global, rules).await?.map_err(|errors| rules_fault(&errors))?;
        return Ok(catalog::Planned { global, ..planned });
    }
    let names = catalog::needed_describes(selection, &global)?;
    let planned = catalog::plan(selection, &global, &describe(source, names).await?)?;
    if planned.objects.is_empty() && (selection.custom != Names::Only(Vec::new()) || selection.standard != Names::Only(Vec::new())) {
        let names: Vec<_> = planned.skipped.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Fault::new(&SF_NO_OBJECT, format!("none of the objects may be queried: {}", names.join(", "))));
    }
    Ok(catalog::Planned { global, ..planned })
}

/// What the org says of advanced rules; nothing if it takes them.
///
/// # Errors
/// Whatever the source reports besides.
pub async fn try_rules(source: &dyn Source, rules: &[AdvancedRule]) -> Result<Vec<RuleError>, Fault> {
    let global = source.global().await?;
    Ok(plan_and_try(source, &global, rules).await?.err().unwrap_or_default())
}

/// Plans advanced rules and asks the org for one row of each.
async fn plan_and_try(
    source: &dyn Source,
    global: &[GlobalObject],
    rules: &[AdvancedRule],
) -> Result<Result<catalog::Planned, Vec<RuleError>>, Fault> {
    let met = match MetRules::new(rules, global) {
        Ok(met) => met,
        Err(errors) => return Ok(Err(errors)),
    };
    let planned = met.plan(&describe(source, met.needed()).await?);
    // The plan has the last rule first.
    let tried = planned.objects.iter().rev().filter_map(|plan| Some((&plan.name, plan.rule.as_ref()?)));
    let tried = futures::stream::iter(tried).map(|(name, rule)| async move {
        match source.attempt(rule).await {
            Err(fault) if REFUSALS.contains(&fault.code) => Ok(Some(RuleError::advanced(format!("advanced {name}: {}", fault.message)))),
            outcome => outcome.map(|()| None).map_err(|fault| fault.context(format_args!("try advanced {name}"))),
        }
    });
    let errors: Vec<_> = tried.buffered(AT_ONCE).try_filter_map(async |error| Ok(error)).try_collect().await?;
    Ok(if errors.is_empty() { Ok(planned) } else { Err(errors) })
}

/// What is wrong with sync rules, in one line.
pub fn rules_fault(errors: &[RuleError]) -> Fault {
    let lines: Vec<_> = errors.iter().map(|error| error.message.lines().map(str::trim).collect::<Vec<_>>().join(" ")).collect();
    Fault::new(&SR_INVALID, lines.join("; "))
}

async fn describe(source: &dyn Source, names: Vec<String>) -> Result<BTreeMap<String, DescribedObject>, Fault> {
    let describe = |name: String| async move {
        let described = source.describe(&name).await?;
        Ok::<_, Fault>((name, described))
    };
    futures::stream::iter(names).map(describe).buffer_unordered(AT_ONCE).try_collect().await
}

#[cfg(test)]
mod tests {
    use domain::SF_SILENT;
    use domain::rules::read_advanced;
    use ports::fakes::{FakeSource, Script};

    use super::*;

    fn rules(queries: &[&str]) -> Vec<AdvancedRule> {
        // The language of each is told by its first word.
        let language = |query: &str| if query.starts_with("FIND") { "SOSL" } else { "SOQL" };
        let rule = |query: &&str| format!(r#"{{"query":"{query}","language":"{}"}}"#, language(query));
        let rules: Vec<_> = queries.iter().map(rule).collect();
        read_advanced(&rules.iter().map(|rule| rule.parse().unwrap()).collect::<Vec<_>>()).unwrap()
    }

    async fn surveyed(source: &FakeSource, queries: &[&str]) -> Result<catalog::Planned, Fault> {
        survey(source, &Selection::default(), &rules(queries)).await
    }

    const THREE: [&str; 3] = ["SELECT Id FROM Account", "SELECT Name FROM Account", "FIND {x} RETURNING Account"];

    #[actix_rt::test]
    async fn rules_take_the_place_of_the_selection_and_each_is_tried() {
        let source = FakeSource { objects: 3, ..FakeSource::default() };
        let planned = surveyed(&source, &THREE).await.unwrap();
        let names: Vec<_> = planned.objects.iter().map(|plan| plan.name.as_str()).collect();
        assert_eq!((names, source.on_attempt.calls()), (vec!["rule 3", "rule 2", "rule 1"], 3));
        let planned = surveyed(&source, &[]).await.unwrap();
        assert!(planned.objects.len() == 3 && planned.objects.iter().all(|plan| plan.rule.is_none()));
        assert_eq!(source.on_attempt.calls(), 3, "there is nothing to try without rules");
    }

    #[actix_rt::test]
    async fn all_rules_that_the_org_refuses_are_told_in_their_order() {
        let source = FakeSource::default();
        source.on_attempt.on(1, Script::Fail(&SF_TOO_WIDE));
        source.on_attempt.on(3, Script::Fail(&SF_QUERY));
        let fault = surveyed(&source, &THREE).await.unwrap_err();
        assert_eq!((fault.code, fault.message.as_str()), (&SR_INVALID, "advanced rule 1: scripted; advanced rule 3: scripted"));
    }

    #[actix_rt::test]
    async fn rules_that_are_only_tried_are_told_one_by_one() {
        let source = FakeSource::default();
        assert_eq!(try_rules(&source, &rules(&THREE)).await, Ok(vec![]));
        source.on_attempt.on(5, Script::Fail(&SF_NO_OBJECT));
        let errors = try_rules(&source, &rules(&THREE)).await.unwrap();
        assert_eq!(errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>(), ["advanced rule 2: scripted"]);
        assert_eq!(try_rules(&source, &rules(&["SELECT Id FROM Nothing", "SELECT Id FROM Nowhere"])).await.unwrap().len(), 2);
    }

    #[actix_rt::test]
    async fn an_org_that_cannot_be_asked_is_no_mistake_of_the_rules() {
        let source = FakeSource::default();
        source.on_attempt.on(1, Script::Fail(&SF_QUERY));
        source.on_attempt.on(2, Script::Fail(&SF_SILENT));
        assert_eq!(surveyed(&source, &THREE).await.unwrap_err().code, &SF_SILENT);
    }

    #[actix_rt::test]
    async fn what_can_be_told_without_the_org_is_told_before_it_is_asked() {
        let source = FakeSource::default();
        let queries = ["SELECT Id FROM Nothing", "SELECT Id FROM Account", "SELECT COUNT(Id) FROM Account"];
        let fault = surveyed(&source, &queries).await.unwrap_err();
        assert!(fault.code == &SR_INVALID && source.on_attempt.calls() == 0, "{fault}");
        assert!(fault.message.starts_with("advanced rule 1: `Nothing`") && fault.message.contains("; advanced rule 3: "), "{fault}");
        assert!(!fault.message.contains('\n'), "{fault:?}");
    }
}
