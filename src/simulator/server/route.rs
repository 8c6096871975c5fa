//! What a path of the org names. Trailing slashes do not matter: clients disagree about them.

use crate::org::IdKey;

/// The kinds of resource that requests are counted under, see [`Stats`](crate::Stats).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The login page; clients ask for its head to see whether the org is there.
    Root,
    /// List of API versions.
    Versions,
    /// OAuth token endpoint.
    Token,
    /// OAuth revocation.
    Revoke,
    /// Who the token belongs to.
    UserInfo,
    /// List of the resources of a version.
    Resources,
    /// Allowances.
    Limits,
    /// Approximate row counts.
    RecordCount,
    /// Describe global.
    DescribeGlobal,
    /// Basic information about one object.
    ObjectInfo,
    /// Full describe of one object.
    Describe,
    /// A query's first page.
    Query,
    /// The same with deleted rows.
    QueryAll,
    /// A full-text search in SOSL.
    Search,
    /// A full-text search in parameters.
    ParameterizedSearch,
    /// A later page of any query.
    QueryMore,
    /// One record.
    Record,
    /// One record as a page for people.
    Page,
    /// The bytes of a file.
    Blob,
    /// Several requests in one.
    Composite,
    /// Anything else.
    Unknown,
}

/// A path, taken apart. Borrows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    Root,
    Versions,
    Token,
    Revoke,
    UserInfo,
    /// `/<id>`, as documents carry it.
    Page(&'a str),
    Rest {
        version: &'a str,
        resource: Resource<'a>,
    },
    Unknown,
}

/// A path below `/services/data/vXX.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    Resources,
    Limits,
    RecordCount,
    DescribeGlobal,
    ObjectInfo(&'a str),
    Describe(&'a str),
    Query,
    QueryAll,
    Search,
    ParameterizedSearch,
    /// `<locator>-<offset>`.
    QueryMore(&'a str),
    Record {
        object: &'a str,
        id: &'a str,
    },
    Blob {
        object: &'a str,
        id: &'a str,
        field: &'a str,
    },
    Composite,
    Unknown,
}

impl<'a> Route<'a> {
    /// Takes a path apart.
    pub(crate) fn of(path: &'a str) -> Self {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            [""] => Self::Root,
            ["services", "data"] => Self::Versions,
            ["services", "oauth2", "token"] => Self::Token,
            ["services", "oauth2", "revoke"] => Self::Revoke,
            ["services", "oauth2", "userinfo"] | ["id", _, _] => Self::UserInfo,
            [id] if IdKey::parse(id).is_some() => Self::Page(id),
            ["services", "data", version, rest @ ..] => Self::Rest { version, resource: Resource::of(rest) },
            _ => Self::Unknown,
        }
    }

    /// What the request is counted under.
    pub(crate) fn endpoint(&self) -> Endpoint {
        match self {
            Self::Root => Endpoint::Root,
            Self::Versions => Endpoint::Versions,
            Self::Token => Endpoint::Token,
            Self::Revoke => Endpoint::Revoke,
            Self::UserInfo => Endpoint::UserInfo,
            Self::Page(_) => Endpoint::Page,
            Self::Unknown => Endpoint::Unknown,
            Self::Rest { resource, .. } => match resource {
                Resource::Resources => Endpoint::Resources,
                Resource::Limits => Endpoint::Limits,
                Resource::RecordCount => Endpoint::RecordCount,
                Resource::DescribeGlobal => Endpoint::DescribeGlobal,
                Resource::ObjectInfo(_) => Endpoint::ObjectInfo,
                Resource::Describe(_) => Endpoint::Describe,
                Resource::Query => Endpoint::Query,
                Resource::QueryAll => Endpoint::QueryAll,
                Resource::Search => Endpoint::Search,
                Resource::ParameterizedSearch => Endpoint::ParameterizedSearch,
                Resource::QueryMore(_) => Endpoint::QueryMore,
                Resource::Record { .. } => Endpoint::Record,
                Resource::Blob { .. } => Endpoint::Blob,
                Resource::Composite => Endpoint::Composite,
                Resource::Unknown => Endpoint::Unknown,
            },
        }
    }

    /// The methods it answers to.
    pub(crate) fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Token | Self::Rest { resource: Resource::Composite, .. } => &["POST"],
            Self::Revoke | Self::UserInfo => &["GET", "POST"],
            Self::Rest { resource: Resource::ParameterizedSearch, .. } => &["GET", "HEAD", "POST"],
            _ => &["GET", "HEAD"],
        }
    }
}

impl<'a> Resource<'a> {
    fn of(parts: &[&'a str]) -> Self {
        match *parts {
            [] => Self::Resources,
            ["limits"] => Self::Limits,
            ["limits", "recordCount"] => Self::RecordCount,
            ["sobjects"] => Self::DescribeGlobal,
            ["sobjects", object] => Self::ObjectInfo(object),
            ["sobjects", object, "describe"] => Self::Describe(object),
            ["sobjects", object, id] => Self::Record { object, id },
            ["sobjects", object, id, field] => Self::Blob { object, id, field },
            ["query"] => Self::Query,
            ["queryAll"] => Self::QueryAll,
            ["search"] => Self::Search,
            ["parameterizedSearch"] => Self::ParameterizedSearch,
            ["query" | "queryAll", cursor] => Self::QueryMore(cursor),
            ["composite"] => Self::Composite,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_slashes_do_not_matter() {
        for path in ["/services/data/v64.0/query", "/services/data/v64.0/query/"] {
            assert_eq!(Route::of(path), Route::Rest { version: "v64.0", resource: Resource::Query });
        }
        assert_eq!(Route::of("/"), Route::Root);
        assert_eq!(Route::of("/services/data/"), Route::Versions);
        assert_eq!(Route::of("/services/data/v64.0/").endpoint(), Endpoint::Resources);
    }

    #[test]
    fn deeper_paths_keep_their_names() {
        let resource = |path| match Route::of(path) {
            Route::Rest { resource, .. } => resource,
            other => panic!("{other:?}"),
        };
        assert_eq!(resource("/services/data/v64.0/query/0r8xx-2000"), Resource::QueryMore("0r8xx-2000"));
        assert_eq!(
            resource("/services/data/v64.0/sobjects/ContentVersion/068/VersionData"),
            Resource::Blob { object: "ContentVersion", id: "068", field: "VersionData" }
        );
        assert_eq!(resource("/services/data/v64.0/tooling/query"), Resource::Unknown);
        assert_eq!(Route::of("/services/soap"), Route::Unknown);
    }
}
