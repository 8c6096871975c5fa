//! SOQL text from a plan: the same columns in the same order every time, so that caches and logs stay quiet.

use super::{Cap, ChildPlan, FileFacts, LookupTarget, ObjectPlan, Via};
use crate::{NestedLimit, RecordId};

/// `'id','id',...`: quotes need no escape, ids are letters and digits.
pub fn in_list(ids: &[RecordId]) -> String {
    let mut list = String::with_capacity(ids.len() * 21);
    for id in ids {
        if !list.is_empty() {
            list.push(',');
        }
        list.push('\'');
        list.push_str(id.as_str());
        list.push('\'');
    }
    list
}

/// All records of an object after `after`, in the order of their ids.
pub fn page_query(plan: &ObjectPlan, after: Option<RecordId>) -> String {
    let conditions: Vec<_> = plan.filter.map(str::to_owned).into_iter().chain(after.map(|id| format!("Id > '{id}'"))).collect();
    let conditions = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    format!("SELECT {} FROM {}{conditions} ORDER BY Id", plan.fields.join(","), plan.name)
}

/// The sub-selected children of some parents; `None` when the object has none. An empty `ids` gives the length without ids.
pub fn children_query(object: &str, children: &[ChildPlan], ids: &[RecordId], limit: NestedLimit) -> Option<String> {
    let columns: Vec<_> = children.iter().filter_map(|child| sub_select(child, limit)).collect();
    (!columns.is_empty()).then(|| format!("SELECT Id,{} FROM {object} WHERE Id IN ({})", columns.join(","), in_list(ids)))
}

/// Children that are found by a query of their own, with the parent's id among the columns; `None` for sub-selected kinds.
pub fn rows_query(child: &ChildPlan, ids: &[RecordId], limit: NestedLimit) -> Option<String> {
    let Via::Query { object, parent } = child.via else { return None };
    let mut columns = child.fields.clone();
    if !columns.iter().any(|field| field == parent) {
        columns.push(parent.to_owned());
    }
    columns.extend(child.children.iter().filter_map(|nested| sub_select(nested, limit)));
    Some(format!("SELECT {} FROM {object} WHERE {parent} IN ({}) ORDER BY Id", columns.join(","), in_list(ids)))
}

/// Records that look-ups lead to.
pub fn lookup_query(target: LookupTarget, ids: &[RecordId]) -> String {
    format!("SELECT {} FROM {} WHERE Id IN ({})", target.fields(), target.object(), in_list(ids))
}

/// Everything that some files are linked to, with what else is to be known of them.
pub fn link_query(files: &[RecordId], facts: FileFacts) -> String {
    let checksum = if facts.checksum { ",ContentDocument.LatestPublishedVersion.Checksum" } else { "" };
    let privacy = if facts.privacy { ",ContentDocument.SharingPrivacy" } else { "" };
    let ids = in_list(files);
    format!("SELECT ContentDocumentId,LinkedEntityId{checksum}{privacy} FROM ContentDocumentLink WHERE ContentDocumentId IN ({ids})")
}

fn sub_select(child: &ChildPlan, limit: NestedLimit) -> Option<String> {
    let Via::SubSelect(relationship) = child.via else { return None };
    let mut text = format!("(SELECT {} FROM {relationship}", child.fields.join(","));
    if let Some(filter) = &child.filter {
        text.push_str(&format!(" WHERE {filter}"));
    }
    if let Some(order) = child.order {
        text.push_str(&format!(" ORDER BY {order}"));
    }
    let rows = match child.cap {
        Cap::One => Some(1),
        Cap::Limit => limit.ask(),
        Cap::All => None,
    };
    if let Some(rows) = rows {
        text.push_str(&format!(" LIMIT {rows}"));
    }
    text.push(')');
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::super::Shape;
    use super::*;

    fn child(key: &'static str, via: Via, cap: Cap, children: Vec<ChildPlan>) -> ChildPlan {
        ChildPlan { key, via, fields: vec!["Id".into()], filter: None, order: None, cap, shape: Shape::Envelope, children }
    }

    #[test]
    fn pages_go_on_after_the_last_record() {
        let plan = ObjectPlan {
            name: "Lead".into(),
            key_prefix: None,
            fields: vec!["Id".into(), "Name".into()],
            children: vec![],
            lookups: vec![],
            rule: None,
            blob: None,
            filter: None,
        };
        assert_eq!(page_query(&plan, None), "SELECT Id,Name FROM Lead ORDER BY Id");
        let after = "00QHs0AAAAAACDuM4P".parse().unwrap();
        assert_eq!(page_query(&plan, Some(after)), "SELECT Id,Name FROM Lead WHERE Id > '00QHs0AAAAAACDuM4P' ORDER BY Id");
        let some = ObjectPlan { filter: Some("IsActive = true"), ..plan };
        assert_eq!(page_query(&some, None), "SELECT Id,Name FROM Lead WHERE IsActive = true ORDER BY Id");
        let all = "SELECT Id,Name FROM Lead WHERE IsActive = true AND Id > '00QHs0AAAAAACDuM4P' ORDER BY Id";
        assert_eq!(page_query(&some, Some(after)), all);
    }

    #[test]
    fn one_more_child_than_the_limit_is_asked_for() {
        let ids = ["500Hs0AAAAAACDuI4P".parse().unwrap()];
        let emails = child("EmailMessages", Via::SubSelect("EmailMessages"), Cap::Limit, vec![]);
        let feeds = child("Feeds", Via::Query { object: "CaseFeed", parent: "ParentId" }, Cap::All, vec![emails.clone()]);
        let both = [emails, feeds];
        assert_eq!(
            children_query("Case", &both, &ids, NestedLimit::At(500)).unwrap(),
            "SELECT Id,(SELECT Id FROM EmailMessages LIMIT 501) FROM Case WHERE Id IN ('500Hs0AAAAAACDuI4P')"
        );
        assert_eq!(
            rows_query(&both[1], &ids, NestedLimit::Unlimited).unwrap(),
            "SELECT Id,ParentId,(SELECT Id FROM EmailMessages) FROM CaseFeed WHERE ParentId IN ('500Hs0AAAAAACDuI4P') ORDER BY Id"
        );
        assert_eq!(children_query("Case", &both[1..], &ids, NestedLimit::Unlimited), None);
    }
}
