//! Standard objects that made-up and loaded orgs have: fields and relationships, in a compact notation.

use crate::org::{ChildRelationship, FieldKind, FieldSchema, ObjectSchema};

/// One object per line: name, key prefix, system fields, fields, child relationships.
///
/// System fields: `record` for all of them, `dated` for those without the recycle bin, `bare` for the id and its stamp.
/// Field: `Name` (a string), `Type:picklist`, or `OwnerId>Owner=User+Group` for a reference. Child: `Contacts=Contact.AccountId`.
const STANDARD: &str = "
Account 001 record | Name Type:picklist Industry:picklist Website:url Phone:phone Fax:phone Rating:picklist Description:textarea BillingAddress:address \
    ShippingAddress:address AnnualRevenue:currency NumberOfEmployees:int OwnerId>Owner=User ParentId>Parent=Account \
    | Contacts=Contact.AccountId Opportunities=Opportunity.AccountId Cases=Case.AccountId ChildAccounts=Account.ParentId
Contact 003 record | Name FirstName LastName Email:email Phone:phone MobilePhone:phone Title Department PhotoUrl:url LeadSource:picklist \
    Description:textarea MailingAddress:address AccountId>Account=Account OwnerId>Owner=User | Cases=Case.ContactId
Opportunity 006 record | Name Description:textarea StageName:picklist Amount:currency Probability:percent CloseDate:date Type:picklist \
    LeadSource:picklist IsClosed:boolean IsWon:boolean AccountId>Account=Account CampaignId>Campaign=Campaign OwnerId>Owner=User |
Lead 00Q record | Name FirstName LastName Company Title Email:email Phone:phone MobilePhone:phone PhotoUrl:url Industry:picklist Rating:picklist \
    Status:picklist LeadSource:picklist Description:textarea Address:address IsConverted:boolean ConvertedDate:date \
    ConvertedAccountId>ConvertedAccount=Account ConvertedContactId>ConvertedContact=Contact \
    ConvertedOpportunityId>ConvertedOpportunity=Opportunity OwnerId>Owner=User+Group |
Campaign 701 record | Name IsActive:boolean Type:picklist Status:picklist StartDate:date EndDate:date Description:textarea BudgetedCost:currency \
    ActualCost:currency OwnerId>Owner=User ParentId>Parent=Campaign | Opportunities=Opportunity.CampaignId ChildCampaigns=Campaign.ParentId
Case 500 record | CaseNumber Subject Description:textarea Status:picklist Priority:picklist Origin:picklist Reason:picklist IsClosed:boolean \
    ClosedDate:datetime AccountId>Account=Account ContactId>Contact=Contact ParentId>Parent=Case OwnerId>Owner=User+Group \
    | EmailMessages=EmailMessage.ParentId CaseComments=CaseComment.ParentId Feeds=CaseFeed.ParentId Cases=Case.ParentId
CaseComment 00a record | ParentId>Parent=Case CommentBody:textarea IsPublished:boolean |
CaseFeed 0D5 record | ParentId>Parent=Case Type:picklist Title Body:textarea LinkUrl:url CommentCount:int LikeCount:int \
    | FeedComments=FeedComment.FeedItemId
FeedComment 0D7 record | FeedItemId>FeedItem=CaseFeed ParentId>Parent=Case CommentBody:textarea CommentType:picklist Status:picklist \
    StatusParentId>StatusParent=FeedComment LastEditById>LastEditBy=User LastEditDate:datetime |
EmailMessage 02s record | ParentId>Parent=Case Subject TextBody:textarea HtmlBody:textarea FromName FromAddress:email ToAddress CcAddress BccAddress \
    MessageDate:datetime Status:picklist Incoming:boolean HasAttachment:boolean FirstOpenedDate:datetime |
ContentDocument 069 record | Title FileType FileExtension ContentSize:int Description:textarea OwnerId>Owner=User PublishStatus:picklist \
    SharingPrivacy:picklist ContentModifiedDate:datetime LatestPublishedVersionId>LatestPublishedVersion=ContentVersion \
    | ContentVersions=ContentVersion.ContentDocumentId ContentDocumentLinks=ContentDocumentLink.ContentDocumentId
ContentVersion 068 record | ContentDocumentId>ContentDocument=ContentDocument Title PathOnClient FileType FileExtension ContentSize:int Checksum \
    VersionNumber IsLatest:boolean VersionData:base64 VersionDataUrl:url OwnerId>Owner=User |
ContentDocumentLink 06A bare | ContentDocumentId>ContentDocument=ContentDocument LinkedEntityId>LinkedEntity=* ShareType:picklist Visibility:picklist \
    IsDeleted:boolean |
User 005 dated | Name FirstName LastName Username Email:email Title Department IsActive:boolean UserType:picklist FederationIdentifier \
    UserRoleId>UserRole=UserRole ProfileId>Profile=Profile ManagerId>Manager=User |
UserRole 00E bare | Name DeveloperName ParentRoleId>ParentRole=UserRole | Users=User.UserRoleId
Group 00G dated | Name DeveloperName Type:picklist DoesIncludeBosses:boolean Email:email RelatedId>Related=User+UserRole OwnerId>Owner=User \
    | GroupMembers=GroupMember.GroupId
GroupMember 011 bare | GroupId>Group=Group UserOrGroupId>UserOrGroup=User+Group |
Profile 00e dated | Name UserType:picklist Description | Users=User.ProfileId
PermissionSet 0PS dated | Name Label Description Type:picklist IsCustom:boolean IsOwnedByProfile:boolean ProfileId>Profile=Profile \
    PermissionSetGroupId>PermissionSetGroup=PermissionSetGroup HasActivationRequired:boolean PermissionsViewAllData:boolean \
    PermissionsModifyAllData:boolean PermissionsQueryAllFiles:boolean PermissionsViewAllUsers:boolean PermissionsViewSetup:boolean \
    PermissionsManageUsers:boolean PermissionsAssignPermissionSets:boolean \
    | Assignments=PermissionSetAssignment.PermissionSetId ObjectPerms=ObjectPermissions.ParentId
PermissionSetGroup 0PG dated | DeveloperName MasterLabel Description Status:picklist HasActivationRequired:boolean \
    | Assignments=PermissionSetAssignment.PermissionSetGroupId PermissionSetGroupComponents=PermissionSetGroupComponent.PermissionSetGroupId
PermissionSetGroupComponent 0PM dated | PermissionSetGroupId>PermissionSetGroup=PermissionSetGroup \
    PermissionSetId>PermissionSet=PermissionSet+MutingPermissionSet |
MutingPermissionSet 0QM dated | DeveloperName MasterLabel Label Description |
PermissionSetAssignment 0Pa bare | AssigneeId>Assignee=User PermissionSetId>PermissionSet=PermissionSet \
    PermissionSetGroupId>PermissionSetGroup=PermissionSetGroup IsActive:boolean IsRevoked:boolean ExpirationDate:datetime |
ObjectPermissions 110 dated | ParentId>Parent=PermissionSet SobjectType PermissionsRead:boolean PermissionsCreate:boolean PermissionsEdit:boolean \
    PermissionsDelete:boolean PermissionsViewAllRecords:boolean PermissionsModifyAllRecords:boolean PermissionsViewAllFields:boolean |
CollaborationGroup 0F9 dated | Name Description:textarea CollaborationType:picklist OwnerId>Owner=User MemberCount:int IsArchived:boolean \
    | GroupMembers=CollaborationGroupMember.CollaborationGroupId
CollaborationGroupMember 0FB dated | CollaborationGroupId>CollaborationGroup=CollaborationGroup MemberId>Member=User CollaborationRole:picklist |
ContentWorkspace 058 dated | Name Description DeveloperName \
    | ContentWorkspaceMembers=ContentWorkspaceMember.ContentWorkspaceId
ContentWorkspaceMember 05A bare | ContentWorkspaceId>ContentWorkspace=ContentWorkspace MemberId>Member=User+Group MemberType:picklist \
    ContentWorkspacePermissionId:id |
Attachment 00P record | ParentId>Parent=Account+Contact+Opportunity+Lead+Campaign+Case+EmailMessage Name ContentType BodyLength:int Body:base64 \
    Description IsPrivate:boolean OwnerId>Owner=User |
Document 015 dated | IsDeleted:boolean Name DeveloperName Type ContentType BodyLength:int Body:base64 Description Keywords IsPublic:boolean \
    IsInternalUseOnly:boolean AuthorId>Author=User |
StaticResource 081 dated | Name ContentType BodyLength:int Body:base64 Description CacheControl:picklist |
Organization 00D dated | Name OrganizationType:picklist InstanceName IsSandbox:boolean LanguageLocaleKey:picklist |
";

/// Parts of a compound address: end of the field's name, notation of its type, member of the compound value.
pub(crate) const ADDRESS_PARTS: [(&str, &str, &str); 5] = [
    ("Street", "textarea", "street"),
    ("City", "string", "city"),
    ("State", "string", "state"),
    ("PostalCode", "string", "postalCode"),
    ("Country", "string", "country"),
];

/// Standard objects to which files are attached.
const WITH_FILES: [&str; 6] = ["Account", "Contact", "Opportunity", "Lead", "Campaign", "Case"];

/// All standard objects that made-up orgs have, for [`OrgBuilder::new`](crate::org::OrgBuilder::new); objects of your own may be added.
pub fn standard() -> Vec<ObjectSchema> {
    let mut objects: Vec<ObjectSchema> = STANDARD.lines().filter_map(object).collect();
    let linked: Vec<String> = objects.iter().map(|object| object.name.clone()).filter(|name| is_linkable(name)).collect();
    for object in &mut objects {
        if WITH_FILES.contains(&object.name.as_str()) {
            object.children.push(file_links());
        }
        if WITH_FILES.contains(&object.name.as_str()) || object.name == "EmailMessage" {
            object.children.extend(child("Attachments=Attachment.ParentId"));
        }
        for field in object.fields.iter_mut().filter(|field| field.reference_to == ["*"]) {
            field.reference_to.clone_from(&linked);
        }
    }
    objects
}

/// Adds a custom object, files included; `notation` is its fields as in [`STANDARD`].
pub(crate) fn add_custom(objects: &mut Vec<ObjectSchema>, name: &str, prefix: &str, notation: &str) {
    let mut custom = ObjectSchema {
        name: name.to_owned(),
        custom: true,
        queryable: true,
        key_prefix: Some(prefix.to_owned()),
        children: vec![file_links()],
        ..ObjectSchema::default()
    };
    custom.fields = system_fields("record");
    custom.fields.extend(notation.split_whitespace().filter_map(field));
    link_files(objects, name);
    objects.push(custom);
}

/// Lets files be linked to records of `name`.
pub(crate) fn link_files(objects: &mut [ObjectSchema], name: &str) {
    let links = objects.iter_mut().find(|object| object.name == "ContentDocumentLink");
    if let Some(link) = links.and_then(|object| object.fields.iter_mut().find(|field| field.name == "LinkedEntityId")) {
        link.reference_to.push(name.to_owned());
    }
}

/// The system fields of a custom object.
pub(crate) fn record_fields() -> Vec<FieldSchema> {
    system_fields("record")
}

/// The relationship to the files of a record.
pub(crate) fn file_links() -> ChildRelationship {
    ChildRelationship {
        relationship_name: Some("ContentDocumentLinks".to_owned()),
        child_object: "ContentDocumentLink".to_owned(),
        field: "LinkedEntityId".to_owned(),
    }
}

fn is_linkable(name: &str) -> bool {
    WITH_FILES.contains(&name) || matches!(name, "User" | "Group" | "Organization" | "CollaborationGroup" | "ContentWorkspace")
}

fn object(line: &str) -> Option<ObjectSchema> {
    let mut parts = line.split('|');
    let mut head = parts.next()?.split_whitespace();
    let (name, prefix, system) = (head.next()?, head.next()?, head.next()?);
    let mut fields = system_fields(system);
    fields.extend(parts.next()?.split_whitespace().flat_map(field_with_parts));
    Some(ObjectSchema {
        name: name.to_owned(),
        label: String::new(),
        custom: false,
        queryable: true,
        key_prefix: Some(prefix.to_owned()),
        fields,
        children: parts.next()?.split_whitespace().filter_map(child).collect(),
    })
}

fn system_fields(system: &str) -> Vec<FieldSchema> {
    let notation = match system {
        "record" => {
            "Id:id IsDeleted:boolean CreatedDate:datetime CreatedById>CreatedBy=User LastModifiedDate:datetime \
             LastModifiedById>LastModifiedBy=User SystemModstamp:datetime"
        }
        "dated" => {
            "Id:id CreatedDate:datetime CreatedById>CreatedBy=User LastModifiedDate:datetime LastModifiedById>LastModifiedBy=User \
             SystemModstamp:datetime"
        }
        _ => "Id:id SystemModstamp:datetime",
    };
    let mut fields: Vec<_> = notation.split_whitespace().filter_map(field).collect();
    fields.iter_mut().for_each(|field| field.nillable = false);
    fields
}

/// An address brings its parts, which come before it.
fn field_with_parts(notation: &str) -> Vec<FieldSchema> {
    let parts = notation.strip_suffix("Address:address").into_iter().flat_map(|prefix| {
        ADDRESS_PARTS.iter().filter_map(move |(part, kind, _)| {
            let mut short = field(&format!("{prefix}{part}:{kind}"))?;
            short.length = 255;
            Some(short)
        })
    });
    parts.chain(field(notation)).collect()
}

fn field(notation: &str) -> Option<FieldSchema> {
    if let Some((name, target)) = notation.split_once('>') {
        let (relationship, targets) = target.split_once('=')?;
        return Some(FieldSchema::reference(name, relationship, &targets.split('+').collect::<Vec<_>>()));
    }
    let (name, kind) = notation.split_once(':').unwrap_or((notation, "string"));
    let mut field = FieldSchema::new(name, FieldKind::from_name(kind)?);
    field.filterable &= field.kind != FieldKind::TextArea;
    field.nillable = field.kind != FieldKind::Boolean;
    Some(field)
}

fn child(notation: &str) -> Option<ChildRelationship> {
    let (name, target) = notation.split_once('=')?;
    let (object, field) = target.split_once('.')?;
    Some(ChildRelationship { relationship_name: Some(name.to_owned()), child_object: object.to_owned(), field: field.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_of_the_notation_is_an_object_with_all_its_fields() {
        let written: usize = STANDARD.lines().filter(|line| !line.is_empty()).count();
        let objects = standard();
        assert_eq!(objects.len(), written);
        for (line, object) in STANDARD.lines().filter(|line| !line.is_empty()).zip(&objects) {
            let fields = line
                .split('|')
                .nth(1)
                .unwrap()
                .split_whitespace()
                .map(|field| if field.ends_with(":address") { 6 } else { 1 })
                .sum::<usize>();
            let system = if line.contains(" record |") {
                7
            } else if line.contains(" dated |") {
                6
            } else {
                2
            };
            assert_eq!(object.fields.len(), fields + system, "{}", object.name);
            let names: BTreeSet<_> = object.fields.iter().map(|field| &field.name).collect();
            assert_eq!(names.len(), object.fields.len(), "{} has a field twice", object.name);
        }
    }

    #[test]
    fn every_relationship_leads_to_an_object_and_a_field() {
        let objects = standard();
        let find = |name: &str| objects.iter().find(|object| object.name == name);
        for object in &objects {
            for field in &object.fields {
                assert!(field.reference_to.iter().all(|target| find(target).is_some()), "{}.{}", object.name, field.name);
            }
            for child in &object.children {
                let field = find(&child.child_object).and_then(|found| found.field(&child.field));
                assert!(field.is_some_and(|field| field.reference_to.contains(&object.name)), "{} {child:?}", object.name);
            }
        }
    }

    #[test]
    fn key_prefixes_are_unique() {
        let objects = standard();
        let prefixes: BTreeSet<_> = objects.iter().map(|object| &object.key_prefix).collect();
        assert_eq!(prefixes.len(), objects.len());
    }
}
