//! The select list, compiled into what is written per row.

use std::collections::HashSet;
use std::sync::Arc;

use domain::soql::{Call, FieldGroup, Name, Path, Query, SelectItem, SelectKind, Span, TypeOf};

use super::compiler::Compiler;
use super::plan::Plan;
use crate::fault::ApiError;
use crate::org::{FieldKind, FieldSchema};

/// How rows of one table are written.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) table: usize,
    /// `{"attributes":{"type":"Account","url":"/services/data/v59.0/sobjects/Account/`, where the id follows.
    pub(super) head: Box<[u8]>,
    pub(super) members: Vec<Member>,
    /// Whether a sub-select is anywhere in it.
    pub(super) has_children: bool,
}

/// One member of a written row. Keys are ready text with comma and colon: `,"Name":`.
#[derive(Debug)]
pub(super) enum Member {
    Field {
        key: Box<[u8]>,
        column: usize,
    },
    /// A value as a string, whatever its type.
    Quoted {
        key: Box<[u8]>,
        column: usize,
    },
    /// The path of a field's bytes: text before and after the id.
    Blob {
        key: Box<[u8]>,
        head: Box<[u8]>,
        tail: Box<[u8]>,
    },
    TypeName {
        key: Box<[u8]>,
    },
    Null {
        key: Box<[u8]>,
    },
    Parent {
        key: Box<[u8]>,
        column: usize,
        targets: Vec<(usize, Record)>,
    },
    Children {
        key: Box<[u8]>,
        column: usize,
        plan: Arc<Plan>,
    },
}

/// Fields of a row and its parents as the query names them, merged by relationship.
#[derive(Clone, Debug, Default)]
struct Node(Vec<Entry>);

#[derive(Clone, Debug)]
enum Entry {
    Field { name: String, key: String, quoted: bool },
    Parent { name: String, node: Node },
    Children { column: usize, key: String, plan: Arc<Plan> },
    TypeOf { name: String, whens: Vec<(usize, Node)>, otherwise: Node },
}

impl Node {
    /// Adds an entry to the node that relationships lead to, which is made where it is missing.
    fn put(&mut self, relationships: &[&Name], entry: Entry) {
        let Some((first, rest)) = relationships.split_first() else { return self.0.push(entry) };
        let known = self.0.iter_mut().find_map(|entry| match entry {
            Entry::Parent { name, node } if first.is(name) => Some(node),
            _ => None,
        });
        if let Some(node) = known {
            return node.put(rest, entry);
        }
        let mut node = Self::default();
        node.put(rest, entry);
        self.0.push(Entry::Parent { name: first.text.clone(), node });
    }
}

/// A select list while it is read.
#[derive(Default)]
struct List {
    root: Node,
    seen: HashSet<String>,
}

impl Compiler<'_> {
    /// Compiles the select list into the plan.
    pub(super) fn select(&self, query: &Query, plan: &mut Plan) -> Result<(), ApiError> {
        let mut list = List::default();
        for item in &query.select {
            self.item(item, query, &mut list)?;
        }
        let object = self.org.table(self.table).schema().name.clone();
        plan.record = Some(Arc::new(self.record(self.table, &list.root, &object, false)));
        Ok(())
    }

    fn item(&self, item: &SelectItem, query: &Query, list: &mut List) -> Result<(), ApiError> {
        match &item.kind {
            SelectKind::Field(_) if item.alias.is_some() => {
                Err(self.refuse.at(item.span, "MALFORMED_QUERY", "only aggregate expressions use field aliasing"))
            }
            SelectKind::Field(path) => self.add(list, path, None, false),
            SelectKind::Call(call) => self.add_call(list, call, item.alias.as_ref()),
            SelectKind::Fields(group) => {
                self.check_fields(*group, query)?;
                self.add_group(list, *group, item.span)
            }
            SelectKind::Children(inner) => {
                let (column, key, plan) = self.children(inner, query)?;
                self.claim(list, &key, inner.span)?;
                list.root.0.push(Entry::Children { column, key, plan });
                Ok(())
            }
            SelectKind::TypeOf(type_of) => self.add_type_of(list, type_of),
        }
    }

    fn claim(&self, list: &mut List, what: &str, span: Span) -> Result<(), ApiError> {
        if list.seen.insert(what.to_ascii_lowercase()) {
            return Ok(());
        }
        Err(self.refuse.at(span, "INVALID_FIELD", format!("duplicate field selected: {what}")))
    }

    fn add(&self, list: &mut List, path: &Path, alias: Option<&Name>, quoted: bool) -> Result<(), ApiError> {
        let route = self.route(path)?;
        let parts = self.unaliased(path);
        let relationships = &parts[..parts.len().saturating_sub(1)];
        let key = alias.map_or(&route.name, |alias| &alias.text).clone();
        let claimed: Vec<&str> = relationships.iter().map(|name| name.text.as_str()).chain([key.as_str()]).collect();
        self.claim(list, &claimed.join("."), path.span)?;
        list.root.put(relationships, Entry::Field { name: route.name, key, quoted });
        Ok(())
    }

    fn add_call(&self, list: &mut List, call: &Call, alias: Option<&Name>) -> Result<(), ApiError> {
        let quoted = call.name.is("FORMAT");
        if !quoted && !call.name.is("toLabel") && !call.name.is("convertCurrency") {
            return Err(self.refuse.at(call.span, "MALFORMED_QUERY", format!("unsupported function here: {}", call.name)));
        }
        self.add(list, self.only_field(call)?, alias, quoted)
    }

    fn add_group(&self, list: &mut List, group: FieldGroup, span: Span) -> Result<(), ApiError> {
        let wanted = |field: &&FieldSchema| match group {
            FieldGroup::All => true,
            FieldGroup::Standard => !field.custom,
            FieldGroup::Custom => field.custom,
        };
        for field in self.org.table(self.table).schema().fields.iter().filter(wanted) {
            self.claim(list, &field.name, span)?;
            list.root.0.push(Entry::Field { name: field.name.clone(), key: field.name.clone(), quoted: false });
        }
        Ok(())
    }

    fn add_type_of(&self, list: &mut List, type_of: &TypeOf) -> Result<(), ApiError> {
        let parts = self.unaliased(&type_of.relationship);
        let schema = self.org.table(self.table).schema();
        let known = match parts.as_slice() {
            [name] => schema.parent(&name.text).map(|column| (*name, &schema.fields[column])),
            _ => None,
        };
        let (name, field) =
            known.ok_or_else(|| self.refuse.unknown_parent(type_of.relationship.span, &type_of.relationship.to_string()))?;
        self.claim(list, &name.text, type_of.relationship.span)?;
        let mut whens = Vec::new();
        for when in &type_of.whens {
            let listed = field.reference_to.iter().any(|target| when.object.is(target));
            let target = self.org.table_number(&when.object.text).filter(|_| listed);
            let target = target.ok_or_else(|| self.refuse.unknown_object(when.object.span, &when.object.text))?;
            self.note_relationship(&[name, &when.object])?;
            let mut inner = self.clone();
            (inner.table, inner.root_names) = (target, Vec::new());
            let mut fields = List::default();
            when.fields.iter().try_for_each(|path| inner.add(&mut fields, path, None, false))?;
            whens.push((target, fields.root));
        }
        let mut otherwise = List::default();
        for path in &type_of.otherwise {
            let mut full = path.clone();
            full.parts.insert(0, name.clone());
            self.add(&mut otherwise, &full, None, false)?;
        }
        let otherwise = match otherwise.root.0.pop() {
            Some(Entry::Parent { node, .. }) => node,
            _ => Node::default(),
        };
        list.root.0.push(Entry::TypeOf { name: name.text.clone(), whens, otherwise });
        Ok(())
    }

    /// How rows of `table` are written. Fields were checked before; one that only other targets of a polymorphic parent have is null.
    fn record(&self, table: usize, node: &Node, url_object: &str, polymorphic: bool) -> Record {
        let schema = self.org.table(table).schema();
        let version = self.context.api_version;
        let head = format!(r#"{{"attributes":{{"type":"{}","url":"/services/data/v{version}/sobjects/{url_object}/"#, schema.name);
        let members: Vec<Member> = node.0.iter().map(|entry| self.member(table, entry, polymorphic)).collect();
        let has_children = members.iter().any(|member| match member {
            Member::Children { .. } => true,
            Member::Parent { targets, .. } => targets.iter().any(|(_, record)| record.has_children),
            _ => false,
        });
        Record { table, head: head.into_bytes().into(), members, has_children }
    }

    fn member(&self, table: usize, entry: &Entry, polymorphic: bool) -> Member {
        let schema = self.org.table(table).schema();
        match entry {
            Entry::Field { name, key, .. } if polymorphic && name == "Type" => Member::TypeName { key: member_key(key) },
            Entry::Field { name, key, quoted } => match schema.position(name) {
                None => Member::Null { key: member_key(key) },
                Some(column) if schema.fields[column].kind == FieldKind::Base64 => self.blob(&schema.name, name, key),
                Some(column) if *quoted => Member::Quoted { key: member_key(key), column },
                Some(column) => Member::Field { key: member_key(key), column },
            },
            Entry::Children { column, key, plan } => Member::Children { key: member_key(key), column: *column, plan: Arc::clone(plan) },
            Entry::Parent { name, node } => self.parent(table, name, |_| (node, false)),
            Entry::TypeOf { name, whens, otherwise } => self.parent(table, name, |target| {
                let branch = whens.iter().find(|(table, _)| *table == target);
                branch.map_or((otherwise, false), |(_, node)| (node, true))
            }),
        }
    }

    /// `branch` gives the fields of a target, and whether its concrete type is shown in the url.
    fn parent<'n>(&self, table: usize, name: &str, branch: impl Fn(usize) -> (&'n Node, bool)) -> Member {
        let schema = self.org.table(table).schema();
        let Some(column) = schema.parent(name) else { return Member::Null { key: member_key(name) } };
        let field = &schema.fields[column];
        let polymorphic = field.reference_to.len() > 1;
        let targets = field.reference_to.iter().filter_map(|object| {
            let target = self.org.table_number(object)?;
            let (node, concrete) = branch(target);
            let by_name = polymorphic && !concrete;
            let url_object = if by_name { "Name" } else { &self.org.table(target).schema().name };
            Some((target, self.record(target, node, url_object, by_name)))
        });
        Member::Parent { key: member_key(field.relationship_name.as_deref().unwrap_or(name)), column, targets: targets.collect() }
    }

    fn blob(&self, object: &str, field: &str, key: &str) -> Member {
        let head = format!("\"/services/data/v{}/sobjects/{object}/", self.context.api_version);
        Member::Blob { key: member_key(key), head: head.into_bytes().into(), tail: format!("/{field}\"").into_bytes().into() }
    }
}

fn member_key(name: &str) -> Box<[u8]> {
    format!(",\"{name}\":").into_bytes().into()
}
