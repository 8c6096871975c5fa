//! Case: fields, e-mails, comments, and feed items with their comments.

use super::{Cap, ChildSpec, ObjectSpec, Shape, Via};

const CREATED_BY: [&str; 3] = ["CreatedBy.Id", "CreatedBy.Name", "CreatedBy.Email"];

pub(super) static SPEC: ObjectSpec = ObjectSpec {
    name: "Case",
    fixed: &["Id", "CreatedDate", "LastModifiedDate", "Owner.Id", "Owner.Name", "Owner.Email", CREATED_BY[0], CREATED_BY[1], CREATED_BY[2]],
    wanted: &["Subject", "Description", "CaseNumber", "Status", "AccountId", "ParentId", "IsClosed", "IsDeleted"],
    children: &[
        ChildSpec {
            key: "EmailMessages",
            via: Via::SubSelect("EmailMessages"),
            object: "EmailMessage",
            fixed: &["Id", CREATED_BY[0], CREATED_BY[1], CREATED_BY[2]],
            wanted: &[
                "ParentId",
                "MessageDate",
                "LastModifiedById",
                "TextBody",
                "Subject",
                "FromName",
                "FromAddress",
                "ToAddress",
                "CcAddress",
                "BccAddress",
                "Status",
                "IsDeleted",
                "FirstOpenedDate",
            ],
            order: None,
            cap: Cap::Limit,
            shape: Shape::Envelope,
            children: &[],
        },
        ChildSpec {
            key: "CaseComments",
            via: Via::SubSelect("CaseComments"),
            object: "CaseComment",
            fixed: &["Id", "CreatedDate", "LastModifiedDate", CREATED_BY[0], CREATED_BY[1], CREATED_BY[2]],
            wanted: &["ParentId", "CommentBody", "LastModifiedById"],
            order: None,
            cap: Cap::Limit,
            shape: Shape::Envelope,
            children: &[],
        },
        ChildSpec {
            key: "Feeds",
            via: Via::Query { object: "CaseFeed", parent: "ParentId" },
            object: "CaseFeed",
            fixed: &["Id", "CreatedDate", "LastModifiedDate", CREATED_BY[0], CREATED_BY[1], CREATED_BY[2]],
            wanted: &["ParentId", "Type", "IsDeleted", "CommentCount", "Title", "Body", "LinkUrl"],
            order: None,
            cap: Cap::All,
            shape: Shape::Array,
            children: &[ChildSpec {
                key: "FeedComments",
                via: Via::SubSelect("FeedComments"),
                object: "FeedComment",
                fixed: &["Id", CREATED_BY[0], CREATED_BY[1], CREATED_BY[2]],
                wanted: &["ParentId", "LastEditById", "LastEditDate", "CommentBody", "IsDeleted", "StatusParentId"],
                order: None,
                cap: Cap::Limit,
                shape: Shape::Envelope,
                children: &[],
            }],
        },
    ],
    lookups: &[],
};
