//! What objects and fields an org has: the part of describe that queries and the describe endpoints need.

/// Type of a field, as describe's `type` names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// `id`
    Id,
    /// `boolean`
    Boolean,
    /// `string`
    #[default]
    String,
    /// `picklist`
    Picklist,
    /// `multipicklist`: values joined by `;`
    MultiPicklist,
    /// `combobox`
    Combobox,
    /// `reference`: the id of a row of one of `reference_to`
    Reference,
    /// `textarea`
    TextArea,
    /// `phone`
    Phone,
    /// `url`
    Url,
    /// `email`
    Email,
    /// `int`
    Int,
    /// `long`
    Long,
    /// `double`
    Double,
    /// `percent`
    Percent,
    /// `currency`
    Currency,
    /// `date`: `2026-01-31`
    Date,
    /// `datetime`: `2022-03-17T16:21:26.000+0000`
    DateTime,
    /// `time`: `17:30:00.000Z`
    Time,
    /// `base64`: shown as a path to the bytes
    Base64,
    /// `address` (compound)
    Address,
    /// `location` (compound)
    Location,
    /// `anyType`
    AnyType,
    /// `encryptedstring`
    EncryptedString,
    /// `complexvalue`
    ComplexValue,
    /// `json`
    Json,
    /// `DataCategoryGroupReference`
    DataCategory,
}

/// Every kind with describe's word for it.
const KINDS: [(FieldKind, &str); 27] = [
    (FieldKind::Id, "id"),
    (FieldKind::Boolean, "boolean"),
    (FieldKind::String, "string"),
    (FieldKind::Picklist, "picklist"),
    (FieldKind::MultiPicklist, "multipicklist"),
    (FieldKind::Combobox, "combobox"),
    (FieldKind::Reference, "reference"),
    (FieldKind::TextArea, "textarea"),
    (FieldKind::Phone, "phone"),
    (FieldKind::Url, "url"),
    (FieldKind::Email, "email"),
    (FieldKind::Int, "int"),
    (FieldKind::Long, "long"),
    (FieldKind::Double, "double"),
    (FieldKind::Percent, "percent"),
    (FieldKind::Currency, "currency"),
    (FieldKind::Date, "date"),
    (FieldKind::DateTime, "datetime"),
    (FieldKind::Time, "time"),
    (FieldKind::Base64, "base64"),
    (FieldKind::Address, "address"),
    (FieldKind::Location, "location"),
    (FieldKind::AnyType, "anyType"),
    (FieldKind::EncryptedString, "encryptedstring"),
    (FieldKind::ComplexValue, "complexvalue"),
    (FieldKind::Json, "json"),
    (FieldKind::DataCategory, "DataCategoryGroupReference"),
];

/// How values of a field are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Byte order of the first 15 characters.
    Id,
    /// Text without regard to case.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A calendar day.
    Date,
    /// An instant.
    DateTime,
    /// A time of day.
    Time,
    /// Not comparable: compound values, bytes, free JSON.
    Opaque,
}

impl FieldKind {
    /// The kind that describe calls `name` (case-insensitive), if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, word)| word.eq_ignore_ascii_case(name)).map(|(kind, _)| *kind)
    }

    /// Describe's word for this kind.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("string", |(_, word)| word)
    }

    /// How values of this kind are compared.
    pub fn shape(self) -> Shape {
        match self {
            Self::Id | Self::Reference => Shape::Id,
            Self::Boolean => Shape::Bool,
            Self::Int | Self::Long | Self::Double | Self::Percent | Self::Currency => Shape::Number,
            Self::Date => Shape::Date,
            Self::DateTime => Shape::DateTime,
            Self::Time => Shape::Time,
            Self::Base64 | Self::Address | Self::Location | Self::ComplexValue | Self::Json => Shape::Opaque,
            _ => Shape::Text,
        }
    }
}

/// One field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSchema {
    /// API name, for example `OwnerId` or `Budget__c`.
    pub name: String,
    /// Label; empty means "like the name".
    pub label: String,
    /// Type.
    pub kind: FieldKind,
    /// Longest value in characters; 0 where describe has no length.
    pub length: u32,
    /// Whether the field may be empty.
    pub nillable: bool,
    /// Name of the parent relationship in SOQL (`Owner`), for references.
    pub relationship_name: Option<String>,
    /// Objects that a reference may point to; more than one makes it polymorphic.
    pub reference_to: Vec<String>,
    /// Whether the field is custom (`FIELDS(CUSTOM)`).
    pub custom: bool,
    /// Whether WHERE may name the field.
    pub filterable: bool,
}

impl FieldSchema {
    /// A nillable, filterable field; custom when its name ends with `__c`.
    pub fn new(name: &str, kind: FieldKind) -> Self {
        Self {
            name: name.to_owned(),
            label: String::new(),
            kind,
            length: 0,
            nillable: true,
            relationship_name: None,
            reference_to: Vec::new(),
            custom: name.ends_with("__c"),
            filterable: kind.shape() != Shape::Opaque,
        }
    }

    /// A reference that SOQL follows as `relationship`.
    pub fn reference(name: &str, relationship: &str, targets: &[&str]) -> Self {
        let mut field = Self::new(name, FieldKind::Reference);
        field.relationship_name = Some(relationship.to_owned());
        field.reference_to = targets.iter().map(|target| (*target).to_owned()).collect();
        field
    }
}

/// A relationship from a row to the rows which point to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChildRelationship {
    /// Name in a sub-select (`Contacts`); without one it cannot be queried.
    pub relationship_name: Option<String>,
    /// Object of the children.
    pub child_object: String,
    /// Field of the child that holds the parent's id.
    pub field: String,
}

/// One object: its fields and relationships.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectSchema {
    /// API name, for example `Account` or `Project__c`.
    pub name: String,
    /// Label; empty means "like the name".
    pub label: String,
    /// Whether the object is custom.
    pub custom: bool,
    /// Whether queries may read it.
    pub queryable: bool,
    /// First three characters of its ids.
    pub key_prefix: Option<String>,
    /// Fields in describe's order.
    pub fields: Vec<FieldSchema>,
    /// Child relationships.
    pub children: Vec<ChildRelationship>,
}

impl ObjectSchema {
    /// Position of a field, by name without regard to case.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// A field by name without regard to case.
    pub fn field(&self, name: &str) -> Option<&FieldSchema> {
        self.position(name).map(|at| &self.fields[at])
    }

    /// Position of the reference field that SOQL follows as `relationship`, without regard to case.
    pub fn parent(&self, relationship: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.relationship_name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(relationship)))
    }

    /// A child relationship by name without regard to case.
    pub fn child(&self, relationship: &str) -> Option<&ChildRelationship> {
        self.children.iter().find(|child| child.relationship_name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(relationship)))
    }
}
