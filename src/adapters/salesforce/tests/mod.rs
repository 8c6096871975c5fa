//! The adapter against a scripted server on a real socket.

mod reading;
mod rule;
mod session;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use domain::catalog::{Cap, Shape, Via};
use domain::{ChildPlan, Fault, ObjectPlan, RecordId};
use ports::{Secret, Token, TokenIssuer, Tokens};

use super::{Auth, Retries, Salesforce, SalesforceConfig, SignIn, Timeouts};
use crate::stub::{Act, Seen, Stub};

/// Limits so small that a test of waiting is over at once, and so large that a busy machine stays within them.
fn config(base_url: &str) -> SalesforceConfig {
    let auth = Auth::ClientCredentials { client_id: "app".into(), client_secret: Secret::new("hunter2") };
    let short = Duration::from_millis(1);
    SalesforceConfig {
        timeouts: Timeouts {
            connect: Duration::from_secs(20),
            head: Duration::from_secs(20),
            body_idle: Duration::from_secs(20),
            total: None,
        },
        retries: Retries { attempts: 3, first_wait: short, longest_wait: short },
        ..SalesforceConfig::new(base_url, auth)
    }
}

/// Holds tokens as the engine's actor does, without its care for many callers at once.
struct Holder {
    issuer: SignIn,
    token: RefCell<Token>,
}

#[async_trait::async_trait(?Send)]
impl Tokens for Holder {
    async fn newer_than(&self, rejected: u64) -> Result<Token, Fault> {
        let held = self.token.borrow().clone();
        if held.generation > rejected {
            return Ok(held);
        }
        let (secret, instance_url) = self.issuer.issue().await?;
        let token = Token { generation: held.generation + 1, secret, instance_url };
        *self.token.borrow_mut() = token.clone();
        Ok(token)
    }
}

fn holder(config: SalesforceConfig) -> Rc<dyn Tokens> {
    Rc::new(Holder { issuer: SignIn::new(config).unwrap(), token: RefCell::default() })
}

/// An org whose sign-in gives the tokens `T1`, `T2`..., and that answers everything else by `script`.
async fn org(mut script: impl FnMut(&Seen) -> Act + 'static) -> (Stub, Salesforce) {
    let mut tokens = 0;
    let stub = Stub::serve(move |seen| {
        if seen.target != "/services/oauth2/token" {
            return script(seen);
        }
        tokens += 1;
        Act::json(200, format!(r#"{{"access_token":"T{tokens}","token_type":"Bearer"}}"#))
    })
    .await;
    let config = config(&stub.base_url);
    let salesforce = Salesforce::new(config.clone(), holder(config)).unwrap();
    (stub, salesforce)
}

/// The same with other limits than usual.
fn again_with(stub: &Stub, change: impl FnOnce(&mut SalesforceConfig)) -> Salesforce {
    let mut changed = config(&stub.base_url);
    change(&mut changed);
    Salesforce::new(changed, holder(config(&stub.base_url))).unwrap()
}

/// Answers one after another; the last one for ever.
fn in_turn(mut acts: Vec<Act>) -> impl FnMut(&Seen) -> Act {
    move |_| if acts.len() > 1 { acts.remove(0) } else { acts[0].clone() }
}

fn ids(prefix: &str, count: usize) -> Vec<RecordId> {
    (0..count).map(|no| format!("{prefix}{no:012}").parse().unwrap()).collect()
}

fn plan(name: &str, fields: &[&str], children: Vec<ChildPlan>) -> ObjectPlan {
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    ObjectPlan { name: name.into(), key_prefix: None, fields, children, lookups: vec![], rule: None, blob: None, filter: None }
}

fn child(key: &'static str, via: Via, cap: Cap, children: Vec<ChildPlan>) -> ChildPlan {
    ChildPlan { key, via, fields: vec!["Id".into()], filter: None, order: None, cap, shape: Shape::Envelope, children }
}

/// A page of a query, with the path of the next one.
fn page(rows: &[String], total: usize, next: Option<&str>) -> String {
    let next = next.map(|next| format!(r#""nextRecordsUrl":"{next}","#)).unwrap_or_default();
    format!(r#"{{"totalSize":{total},"done":{},{next}"records":[{}]}}"#, next.is_empty(), rows.join(","))
}

fn refusal(code: &str, message: &str) -> String {
    serde_json::json!([{ "errorCode": code, "message": message }]).to_string()
}
