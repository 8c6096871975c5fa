//! Objects with more columns than one query can name: columns are read in groups and put together by id.

use std::collections::HashMap;

use bytes::Bytes;
use domain::catalog::page_query;
use domain::{Fault, ObjectPlan, RecordId, SF_TOO_WIDE};
use futures::future::try_join_all;

use super::api::Api;
use super::rows::{Walk, id_under, is, push_member};
use super::target::{LONGEST, Targets, encoded_length};

/// What the longest condition adds to a path: `+WHERE+Id+%3E=+'..'+AND+Id+%3C=+'..'`.
const CONDITION: usize = 68;

/// How the columns of an object are asked for.
pub(super) struct Columns<'a> {
    plan: &'a ObjectPlan,
    /// Empty when one query takes all columns; otherwise groups that each begin with `Id`, in the order of the plan.
    groups: Vec<Vec<&'a str>>,
}

impl<'a> Columns<'a> {
    /// Splits the columns of `plan` if it has too many.
    ///
    /// # Errors
    /// [`SF_TOO_WIDE`] when a single column does not fit into a query.
    pub(super) fn of(plan: &'a ObjectPlan, targets: &Targets) -> Result<Self, Fault> {
        let whole = targets.length(&page_query(plan, None)) + CONDITION;
        let groups = if whole <= LONGEST { Vec::new() } else { split(plan, targets)? };
        Ok(Self { plan, groups })
    }

    /// Whether one query takes all columns.
    pub(super) fn is_whole(&self) -> bool {
        self.groups.is_empty()
    }

    /// The query of pages after `after`; of the first group when there are groups.
    pub(super) fn page_query(&self, after: Option<RecordId>) -> String {
        match self.groups.first() {
            None => page_query(self.plan, after),
            Some(first) => {
                page_query(&ObjectPlan { fields: first.iter().map(|field| (*field).to_owned()).collect(), ..self.bare_plan() }, after)
            }
        }
    }

    /// Adds the columns of the other groups to rows of the first one. A row that another group does not have (any more) keeps
    /// what it has.
    pub(super) async fn complete(&self, api: &Api, rows: Vec<Bytes>) -> Result<Vec<Bytes>, Fault> {
        let others = self.groups.get(1..).unwrap_or_default();
        let id = |row: &Bytes| id_under(row, "Id");
        let (Some(first), Some(last)) = (rows.iter().find_map(id), rows.iter().rev().find_map(id)) else { return Ok(rows) };
        if others.is_empty() {
            return Ok(rows);
        }
        let read = others.iter().map(async |group| {
            let found = api.all(&self.range_query(group, first, last)).await?;
            Ok(found.into_iter().filter_map(|row| Some((id(&row)?, row))).collect::<HashMap<_, _>>())
        });
        let found = try_join_all(read).await?;
        let completed = rows.into_iter().map(|row| match id(&row) {
            Some(id) => splice(&row, found.iter().filter_map(|group| group.get(&id))),
            None => row,
        });
        Ok(completed.collect())
    }

    /// One group of columns of all records of a page. The page may hold fewer records than the range: some came meanwhile.
    fn range_query(&self, group: &[&str], first: RecordId, last: RecordId) -> String {
        format!("SELECT {} FROM {} WHERE Id >= '{first}' AND Id <= '{last}' ORDER BY Id", group.join(","), self.plan.name)
    }

    fn bare_plan(&self) -> ObjectPlan {
        let ObjectPlan { name, key_prefix, .. } = self.plan;
        ObjectPlan {
            name: name.clone(),
            key_prefix: key_prefix.clone(),
            fields: Vec::new(),
            children: Vec::new(),
            lookups: Vec::new(),
            rule: None,
            blob: None,
            filter: None,
        }
    }
}

/// Fills groups one after another. Paths over the same relationship stay together, or a row would get the relationship twice.
fn split<'a>(plan: &'a ObjectPlan, targets: &Targets) -> Result<Vec<Vec<&'a str>>, Fault> {
    let empty = targets.length(&format!("SELECT Id FROM {} ORDER BY Id", plan.name)) + CONDITION;
    let room = LONGEST.saturating_sub(empty);
    let (mut groups, mut used) = (vec![vec!["Id"]], 0);
    for unit in units(plan) {
        let length: usize = unit.iter().map(|field| 1 + encoded_length(field)).sum();
        if length > room {
            let fault = format!("column {} of {} has {length} bytes and {room} fit into a request", unit.join(","), plan.name);
            return Err(Fault::new(&SF_TOO_WIDE, fault));
        }
        if used + length > room {
            groups.push(vec!["Id"]);
            used = 0;
        }
        used += length;
        if let Some(group) = groups.last_mut() {
            group.extend(unit);
        }
    }
    Ok(groups)
}

/// The columns without `Id`; those that begin with the same relationship as one unit, where the first of them stands.
fn units(plan: &ObjectPlan) -> Vec<Vec<&str>> {
    let mut units: Vec<Vec<&str>> = Vec::new();
    let mut of_relationship: HashMap<String, usize> = HashMap::new();
    for field in plan.fields.iter().filter(|field| !field.eq_ignore_ascii_case("Id")) {
        let known =
            field.split_once('.').map(|(relationship, _)| *of_relationship.entry(relationship.to_ascii_lowercase()).or_insert(units.len()));
        match known.and_then(|position| units.get_mut(position)) {
            Some(unit) => unit.push(field),
            None => units.push(vec![field]),
        }
    }
    units
}

/// A row with the members of other rows of the same record at its end.
fn splice<'a>(row: &Bytes, others: impl Iterator<Item = &'a Bytes>) -> Bytes {
    let mut out = row.strip_suffix(b"}").unwrap_or(row).to_vec();
    for other in others {
        for (name, value) in Walk::over(other).filter(|(name, _)| !is(name, "Id") && !is(name, "attributes")) {
            push_member(&mut out, name, value);
        }
    }
    out.push(b'}');
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(fields: Vec<String>) -> ObjectPlan {
        ObjectPlan {
            name: "Wide__c".into(),
            key_prefix: None,
            fields,
            children: vec![],
            lookups: vec![],
            rule: None,
            blob: None,
            filter: None,
        }
    }

    #[test]
    fn columns_that_fit_are_asked_for_at_once() {
        let plan = plan(vec!["Id".into(), "Name".into()]);
        let columns = Columns::of(&plan, &Targets::new("64.0")).unwrap();
        assert!(columns.groups.is_empty());
        assert_eq!(columns.page_query(None), "SELECT Id,Name FROM Wide__c ORDER BY Id");
    }

    #[test]
    fn groups_fit_keep_the_order_and_lose_no_column() {
        let fields: Vec<_> =
            std::iter::once("Id".to_owned()).chain((0..800).map(|no| format!("Some_Rather_Long_Field_Name_{no:04}__c"))).collect();
        let plan = plan(fields.clone());
        let targets = Targets::new("64.0");
        let columns = Columns::of(&plan, &targets).unwrap();
        assert_eq!(columns.groups.len(), 3);
        let last = "zzzzzzzzzzzzzzzzzz".parse().unwrap();
        for group in &columns.groups {
            let longest = targets.length(&columns.range_query(group, last, last));
            assert!(longest <= LONGEST && group[0] == "Id", "{longest}");
        }
        assert!(targets.length(&columns.page_query(Some(last))) <= LONGEST);
        let together: Vec<_> = columns.groups.iter().flat_map(|group| &group[1..]).copied().collect();
        assert_eq!(together, fields[1..]);
    }

    #[test]
    fn paths_over_one_relationship_stay_together() {
        let plan = plan(["Id", "Owner.Id", "Name", "owner.Name", "Parent.Id"].map(str::to_owned).to_vec());
        assert_eq!(units(&plan), [vec!["Owner.Id", "owner.Name"], vec!["Name"], vec!["Parent.Id"]]);
    }

    #[test]
    fn a_column_that_no_query_can_name_is_a_fault() {
        let plan = plan(vec!["Id".into(), "x".repeat(LONGEST)]);
        assert_eq!(Columns::of(&plan, &Targets::new("64.0")).err().unwrap().code, &SF_TOO_WIDE);
    }

    #[test]
    fn a_row_gets_the_members_of_its_other_groups_but_not_twice_what_names_it() {
        let row = Bytes::from_static(br#"{"attributes":{"type":"A"},"Id":"x","a":1.0}"#);
        let more = Bytes::from_static(br#"{"attributes":{"type":"A"},"Id":"x","b":null,"c":"}"}"#);
        assert_eq!(splice(&row, [&more].into_iter()), &br#"{"attributes":{"type":"A"},"Id":"x","a":1.0,"b":null,"c":"}"}"#[..]);
        assert_eq!(splice(&row, std::iter::empty()), row);
        assert_eq!(splice(&Bytes::from_static(b"{}"), [&more].into_iter()), &br#"{"b":null,"c":"}"}"#[..]);
    }
}
