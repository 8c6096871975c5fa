//! What the describe resources say about an object, from its schema. Keys as recorded from orgs of API v52.

use serde_json::{Map, Value, json};

use crate::catalog::ADDRESS_PARTS;
use crate::org::{ChildRelationship, FieldKind, FieldSchema, ObjectSchema, Org};

/// Longest text that is still a short field: sortable and groupable.
const SHORT_TEXT: u32 = 255;

/// The body of `sobjects`: one entry per object.
pub(crate) fn global(org: &Org, version: &str) -> Value {
    let entries: Vec<Value> = org.objects().map(|object| entry(object, version)).collect();
    json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries })
}

/// What both describe global and the full describe say about an object.
pub(crate) fn entry(object: &ObjectSchema, version: &str) -> Value {
    let (label, label_plural) = labels(object);
    let (owner, association) = association(&object.name);
    let is_record = association.is_none();
    json!({
        "activateable": false,
        "associateEntityType": association,
        "associateParentEntity": owner,
        "createable": is_record,
        "custom": object.custom,
        "customSetting": false,
        "deepCloneable": false,
        "deletable": is_record,
        "deprecatedAndHidden": false,
        "feedEnabled": is_record && object.children.iter().any(|child| child.child_object.ends_with("Feed")),
        "hasSubtypes": false,
        "isInterface": false,
        "isSubtype": false,
        "keyPrefix": object.key_prefix,
        "label": label,
        "labelPlural": label_plural,
        "layoutable": is_record,
        "mergeable": matches!(object.name.as_str(), "Account" | "Contact" | "Lead"),
        "mruEnabled": is_record,
        "name": object.name,
        "queryable": object.queryable,
        "replicateable": is_record,
        "retrieveable": true,
        "searchable": is_searchable(object),
        "triggerable": is_record,
        "undeletable": object.field("IsDeleted").is_some(),
        "updateable": is_record,
        "urls": urls(object, version),
    })
}

/// The body of `sobjects/<object>/describe`.
pub(crate) fn full(org: &Org, object: &ObjectSchema, version: &str) -> Value {
    let mut described = entry(object, version);
    let more = json!({
        "actionOverrides": [],
        "childRelationships": object.children.iter().filter(|child| !org.hides(&child.child_object)).map(|child| relationship(org, child)).collect::<Vec<_>>(),
        "compactLayoutable": true,
        "defaultImplementation": null,
        "extendedBy": null,
        "extendsInterfaces": null,
        "fields": object.fields.iter().map(|each| field(object, each)).collect::<Vec<_>>(),
        "implementedBy": null,
        "implementsInterfaces": null,
        "listviewable": null,
        "lookupLayoutable": null,
        "namedLayoutInfos": [],
        "networkScopeFieldName": null,
        "recordTypeInfos": [{
            "active": true,
            "available": true,
            "defaultRecordTypeMapping": true,
            "developerName": "Master",
            "master": true,
            "name": "Master",
            "recordTypeId": "012000000000000AAA",
            "urls": { "layout": format!("{}/describe/layouts/012000000000000AAA", base(object, version)) },
        }],
        "searchLayoutable": true,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{ "label": "All records", "name": "everything" }],
    });
    if let (Value::Object(described), Value::Object(more)) = (&mut described, more) {
        described.extend(more);
    }
    described
}

/// Whether full-text search knows an object.
pub(crate) fn is_searchable(object: &ObjectSchema) -> bool {
    object.queryable && association(&object.name).0.is_none() && name_field(object).is_some()
}

/// The field that names a record.
pub(crate) fn name_field(object: &ObjectSchema) -> Option<&FieldSchema> {
    ["Name", "CaseNumber", "Title", "Subject"].into_iter().find_map(|name| object.field(name))
}

fn base(object: &ObjectSchema, version: &str) -> String {
    format!("/services/data/v{version}/sobjects/{}", object.name)
}

fn urls(object: &ObjectSchema, version: &str) -> Value {
    let base = base(object, version);
    json!({
        "approvalLayouts": format!("{base}/describe/approvalLayouts"),
        "compactLayouts": format!("{base}/describe/compactLayouts"),
        "describe": format!("{base}/describe"),
        "layouts": format!("{base}/describe/layouts"),
        "listviews": format!("{base}/listviews"),
        "quickActions": format!("{base}/quickActions"),
        "rowTemplate": format!("{base}/{{ID}}"),
        "sobject": base,
    })
}

/// The object that a share, history or feed table belongs to.
pub(crate) fn belongs_to(name: &str) -> Option<String> {
    association(name).0
}

/// Share, history and feed tables belong to another object.
fn association(name: &str) -> (Option<String>, Option<&'static str>) {
    for (custom, standard, kind) in [("__Share", "Share", "Share"), ("__History", "History", "History"), ("__Feed", "Feed", "Feed")] {
        if let Some(owner) = name.strip_suffix(custom) {
            return (Some(format!("{owner}__c")), Some(kind));
        }
        if let Some(owner) = name.strip_suffix(standard).filter(|owner| !owner.is_empty() && !owner.contains('_')) {
            return (Some(owner.to_owned()), Some(kind));
        }
    }
    (None, None)
}

fn labels(object: &ObjectSchema) -> (String, String) {
    let label = if object.label.is_empty() { words(&object.name) } else { object.label.clone() };
    let plural = match label.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{label}s"),
    };
    (label, plural)
}

/// `BillingCity` and `Go_Live__c` in words.
fn words(name: &str) -> String {
    let name = name.strip_suffix("__c").unwrap_or(name);
    let mut label = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
            label.push(' ');
        }
        label.push(if letter == '_' { ' ' } else { letter });
        before = letter;
    }
    label
}

fn relationship(org: &Org, child: &ChildRelationship) -> Value {
    let master_detail = org.object(&child.child_object).and_then(|object| object.field(&child.field)).is_some_and(|field| !field.nillable);
    json!({
        "cascadeDelete": master_detail,
        "childSObject": child.child_object,
        "deprecatedAndHidden": false,
        "field": child.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.relationship_name,
        "restrictedDelete": false,
    })
}

/// The compound field that a field is a part of.
fn compound<'a>(object: &'a ObjectSchema, part: &str) -> Option<&'a str> {
    let is_whole = |whole: &&FieldSchema| {
        let prefix = whole.name.strip_suffix("Address").filter(|_| whole.kind == FieldKind::Address);
        prefix.and_then(|prefix| part.strip_prefix(prefix)).is_some_and(|rest| ADDRESS_PARTS.iter().any(|(name, ..)| *name == rest))
    };
    let person = matches!(part, "FirstName" | "LastName").then_some("Name");
    object.fields.iter().find(is_whole).map(|whole| whole.name.as_str()).or(person)
}

fn field(object: &ObjectSchema, field: &FieldSchema) -> Value {
    let kind = Traits::of(field);
    let mut described = Map::new();
    let mut put = |entries: Value| {
        if let Value::Object(entries) = entries {
            described.extend(entries);
        }
    };
    put(json!({
        "name": field.name,
        "label": if field.label.is_empty() { words(&field.name) } else { field.label.clone() },
        "type": field.kind.name(),
        "soapType": kind.soap,
        "length": kind.length,
        "byteLength": kind.length * if kind.is_id { 1 } else { 3 },
        "digits": kind.digits,
        "precision": kind.precision,
        "scale": kind.scale,
        "custom": field.custom,
        "nillable": field.nillable,
        "filterable": field.filterable,
        "sortable": field.filterable && !kind.is_long,
        "groupable": field.filterable && !kind.is_long && kind.groups,
        "aggregatable": field.filterable && !kind.is_long,
        "createable": !kind.is_system,
        "updateable": !kind.is_system,
        "permissionable": !kind.is_system && field.nillable,
        "defaultedOnCreate": kind.is_system || field.kind == FieldKind::Boolean,
        "defaultValue": if field.kind == FieldKind::Boolean { Value::Bool(false) } else { Value::Null },
        "idLookup": field.kind == FieldKind::Id,
        "nameField": name_field(object).is_some_and(|name| name.name == field.name),
        "namePointing": field.reference_to.len() > 1,
        "polymorphicForeignKey": field.reference_to.len() > 1,
        "referenceTo": field.reference_to,
        "relationshipName": field.relationship_name,
        "compoundFieldName": compound(object, &field.name),
        "extraTypeInfo": kind.extra,
        "displayLocationInDecimal": field.kind == FieldKind::Location,
        "queryByDistance": field.kind == FieldKind::Location,
    }));
    put(json!({
        "aiPredictionField": false,
        "autoNumber": false,
        "calculated": false,
        "calculatedFormula": null,
        "cascadeDelete": false,
        "caseSensitive": false,
        "controllerName": null,
        "defaultValueFormula": null,
        "dependentPicklist": false,
        "deprecatedAndHidden": false,
        "encrypted": field.kind == FieldKind::EncryptedString,
        "externalId": false,
        "filteredLookupInfo": null,
        "formulaTreatNullNumberAsZero": false,
        "highScaleNumber": false,
        "htmlFormatted": false,
        "inlineHelpText": null,
        "mask": null,
        "maskType": null,
        "picklistValues": [],
        "referenceTargetField": null,
        "relationshipOrder": null,
        "restrictedDelete": false,
        "restrictedPicklist": false,
        "searchPrefilterable": false,
        "unique": false,
        "writeRequiresMasterRead": false,
    }));
    Value::Object(described)
}

/// What follows from a field's type.
#[derive(Default)]
struct Traits {
    soap: &'static str,
    length: u32,
    digits: u32,
    precision: u32,
    scale: u32,
    extra: Option<&'static str>,
    is_id: bool,
    is_long: bool,
    is_system: bool,
    groups: bool,
}

impl Traits {
    fn of(field: &FieldSchema) -> Self {
        use FieldKind as Kind;
        let text = |length| Self { soap: "xsd:string", length, groups: true, ..Self::default() };
        let number = |scale| Self { soap: "xsd:double", precision: 18, scale, ..Self::default() };
        let plain = |soap, groups| Self { soap, groups, ..Self::default() };
        let mut traits = match field.kind {
            Kind::Id | Kind::Reference => Self { soap: "tns:ID", length: 18, is_id: true, groups: true, ..Self::default() },
            Kind::Boolean => plain("xsd:boolean", true),
            Kind::Int => Self { soap: "xsd:int", digits: 9, groups: true, ..Self::default() },
            Kind::Long => Self { soap: "xsd:long", digits: 18, ..Self::default() },
            Kind::Currency | Kind::Percent | Kind::Double => number(2),
            Kind::Date => plain("xsd:date", true),
            Kind::DateTime => plain("xsd:dateTime", false),
            Kind::Time => plain("xsd:time", false),
            Kind::Base64 => plain("xsd:base64Binary", false),
            Kind::Address => plain("urn:address", false),
            Kind::Location => plain("urn:location", false),
            Kind::AnyType | Kind::ComplexValue => plain("xsd:anyType", false),
            Kind::Json => plain("tns:json", false),
            Kind::TextArea => Self { extra: Some("plaintextarea"), ..text(32_000) },
            Kind::MultiPicklist => text(4_099),
            Kind::Phone => text(40),
            Kind::Email => text(80),
            _ => text(SHORT_TEXT),
        };
        if field.length > 0 && !traits.is_id && traits.length > 0 {
            traits.length = field.length;
        }
        traits.is_long = field.kind == Kind::TextArea && traits.length > SHORT_TEXT;
        traits.is_system = matches!(
            field.name.as_str(),
            "Id" | "IsDeleted" | "CreatedDate" | "CreatedById" | "LastModifiedDate" | "LastModifiedById" | "SystemModstamp" | "CaseNumber"
        );
        traits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::org::OrgBuilder;

    /// The keys that real orgs sent.
    const FIELD_KEYS: &str = "aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive \
        compoundFieldName controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate dependentPicklist deprecatedAndHidden \
        digits displayLocationInDecimal encrypted externalId extraTypeInfo filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable \
        highScaleNumber htmlFormatted idLookup inlineHelpText label length mask maskType name nameField namePointing nillable permissionable \
        picklistValues polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo relationshipName relationshipOrder \
        restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable type unique updateable writeRequiresMasterRead";
    const ENTRY_KEYS: &str = "activateable associateEntityType associateParentEntity createable custom customSetting deepCloneable deletable \
        deprecatedAndHidden feedEnabled hasSubtypes isInterface isSubtype keyPrefix label labelPlural layoutable mergeable mruEnabled name queryable \
        replicateable retrieveable searchable triggerable undeletable updateable urls";
    const FULL_KEYS: &str = "actionOverrides childRelationships compactLayoutable defaultImplementation extendedBy extendsInterfaces fields \
        implementedBy implementsInterfaces listviewable lookupLayoutable namedLayoutInfos networkScopeFieldName recordTypeInfos searchLayoutable \
        sobjectDescribeOption supportedScopes";

    fn sorted(keys: &str) -> Vec<String> {
        let mut keys: Vec<_> = keys.split_whitespace().map(str::to_owned).collect();
        keys.sort();
        keys
    }

    fn keys(value: &Value) -> Vec<String> {
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    }

    fn org() -> Org {
        let mut account =
            ObjectSchema { name: "Account".into(), queryable: true, key_prefix: Some("001".into()), ..ObjectSchema::default() };
        account.fields = vec![
            FieldSchema::new("Id", FieldKind::Id),
            FieldSchema::new("Name", FieldKind::String),
            FieldSchema::new("Description", FieldKind::TextArea),
            FieldSchema::reference("OwnerId", "Owner", &["User", "Group"]),
        ];
        account.children = vec![ChildRelationship {
            relationship_name: Some("Contacts".into()),
            child_object: "Contact".into(),
            field: "AccountId".into(),
        }];
        OrgBuilder::new(vec![account, ObjectSchema { name: "AccountShare".into(), ..ObjectSchema::default() }]).build()
    }

    #[test]
    fn describes_have_the_keys_of_real_ones() {
        let org = org();
        let account = full(&org, org.object("Account").unwrap(), "64.0");
        assert_eq!(keys(&account), sorted(&format!("{ENTRY_KEYS} {FULL_KEYS}")));
        assert_eq!(keys(&account["fields"][0]), sorted(FIELD_KEYS));
        assert_eq!(keys(&global(&org, "64.0")["sobjects"][0]), sorted(ENTRY_KEYS));
        let child = sorted(
            "cascadeDelete childSObject deprecatedAndHidden field junctionIdListNames junctionReferenceTo relationshipName restrictedDelete",
        );
        assert_eq!(keys(&account["childRelationships"][0]), child);
    }

    #[test]
    fn types_decide_what_a_field_can_do() {
        let org = org();
        let account = full(&org, org.object("Account").unwrap(), "64.0");
        let field = |name: &str| account["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).unwrap().clone();
        assert_eq!(
            (&field("Id")["soapType"], &field("Id")["length"], &field("Id")["byteLength"]),
            (&json!("tns:ID"), &json!(18), &json!(18))
        );
        assert_eq!(
            (&field("Name")["length"], &field("Name")["byteLength"], &field("Name")["nameField"]),
            (&json!(255), &json!(765), &json!(true))
        );
        assert_eq!((&field("Description")["sortable"], &field("Description")["groupable"]), (&json!(false), &json!(false)));
        assert_eq!(
            (&field("OwnerId")["polymorphicForeignKey"], &field("OwnerId")["referenceTo"]),
            (&json!(true), &json!(["User", "Group"]))
        );
    }

    #[test]
    fn share_tables_name_the_object_they_belong_to() {
        let org = org();
        let share = entry(org.object("AccountShare").unwrap(), "64.0");
        assert_eq!((&share["associateParentEntity"], &share["associateEntityType"]), (&json!("Account"), &json!("Share")));
        assert_eq!(association("Project__Share"), (Some("Project__c".into()), Some("Share")));
        assert_eq!(association("Account"), (None, None));
    }

    #[test]
    fn labels_are_made_of_names() {
        assert_eq!(words("BillingCity"), "Billing City");
        assert_eq!(words("Go_Live__c"), "Go Live");
        let labels_of = |name: &str| labels(&ObjectSchema { name: name.into(), ..ObjectSchema::default() });
        assert_eq!(labels_of("Opportunity"), ("Opportunity".into(), "Opportunities".into()));
        assert_eq!(labels_of("CaseFeed").1, "Case Feeds");
    }
}
