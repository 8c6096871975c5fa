//! Keeps one valid access token: one sign-in per rejection, however many callers complain.
//!
//! `TokenRejected` -> watch of the latest token. A service: no lanes, lives as long as its handles.
//! A sign-in that fails is told to everybody who waits; the next caller to ask causes another.

use std::rc::Rc;

use actix::fut::ActorFutureExt as _;
use actix::{Actor, AsyncContext as _, Context, Handler, Recipient, WrapFuture as _};
use async_trait::async_trait;
use domain::{EN_PANIC, Fault};
use ports::{Token, TokenIssuer, Tokens};
use tokio::sync::watch;

use crate::messages::TokenRejected;

/// What the manager shows: the latest token, and how often and why a sign-in failed.
#[derive(Clone, Debug, Default)]
struct Shown {
    token: Token,
    failures: u64,
    fault: Option<Fault>,
}

/// Keeps the token of one connector.
pub struct TokenManager {
    issuer: Rc<dyn TokenIssuer>,
    shown: watch::Sender<Shown>,
    refreshing: bool,
}

/// What callers hold.
#[derive(Clone, Debug)]
pub struct TokenHandle {
    shown: watch::Receiver<Shown>,
    manager: Recipient<TokenRejected>,
}

impl TokenManager {
    /// Starts on the current arbiter.
    pub fn start(issuer: Rc<dyn TokenIssuer>) -> TokenHandle {
        let (sender, receiver) = watch::channel(Shown::default());
        let manager = Self { issuer, shown: sender, refreshing: false };
        TokenHandle { shown: receiver, manager: Actor::start(manager).recipient() }
    }

    fn refresh(&mut self, ctx: &mut Context<Self>) {
        self.refreshing = true;
        let issuer = Rc::clone(&self.issuer);
        ctx.spawn(async move { issuer.issue().await }.into_actor(self).map(|issued, actor, _ctx| {
            actor.refreshing = false;
            actor.shown.send_modify(|shown| match issued {
                Ok((secret, instance_url)) => {
                    let generation = shown.token.generation + 1;
                    *shown = Shown { token: Token { generation, secret, instance_url }, failures: shown.failures, fault: None };
                }
                Err(fault) => {
                    shown.failures += 1;
                    shown.fault = Some(fault);
                }
            });
        }));
    }
}
impl Actor for TokenManager {
    type Context = Context<Self>;
}
impl Handler<TokenRejected> for TokenManager {
    type Result = ();
    fn handle(&mut self, TokenRejected(generation): TokenRejected, ctx: &mut Context<Self>) {
        let stale = generation < self.shown.borrow().token.generation;
        if !stale && !self.refreshing {
            self.refresh(ctx);
        }
    }
}

#[async_trait(?Send)]
impl Tokens for TokenHandle {
    async fn newer_than(&self, rejected: u64) -> Result<Token, Fault> {
        let mut shown = self.shown.clone();
        let failures = {
            let now = shown.borrow_and_update();
            if now.token.generation > rejected {
                return Ok(now.token.clone());
            }
            now.failures
        };
        // A message lost to a full mailbox is harmless: what fills it are the same complaints.
        #[expect(clippy::disallowed_methods, reason = "an idempotent fact needs no lane")]
        let _ = self.manager.try_send(TokenRejected(rejected));
        let shown = shown.wait_for(|shown| shown.token.generation > rejected || shown.failures > failures).await;
        let Ok(shown) = shown else { return Err(Fault::new(&EN_PANIC, "the token manager is gone")) };
        match &shown.fault {
            Some(fault) if shown.token.generation <= rejected => Err(fault.clone()),
            _ => Ok(shown.token.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::SF_SIGN_IN;
    use ports::fakes::{FakeIssuer, Script};

    use super::*;

    async fn all_ask(handle: &TokenHandle, rejected: u64) -> Vec<Result<u64, Fault>> {
        let asks = (0..50).map(|_| async { handle.newer_than(rejected).await.map(|token| token.generation) });
        futures::future::join_all(asks).await
    }

    #[actix_rt::test]
    async fn fifty_callers_refused_at_once_cause_one_sign_in() {
        tokio::time::pause();
        let issuer = Rc::new(FakeIssuer::default());
        let handle = TokenManager::start(issuer.clone());
        assert_eq!(all_ask(&handle, 0).await, vec![Ok(1); 50]);
        assert_eq!(all_ask(&handle, 1).await, vec![Ok(2); 50]);
        assert_eq!(all_ask(&handle, 1).await, vec![Ok(2); 50], "a late complaint about an old token costs nothing");
        assert_eq!(issuer.on_issue.calls(), 2);
    }

    #[actix_rt::test]
    async fn a_refused_sign_in_is_told_to_all_who_wait_and_tried_anew_for_the_next() {
        tokio::time::pause();
        let issuer = Rc::new(FakeIssuer::default());
        issuer.on_issue.on(1, Script::Fail(&SF_SIGN_IN));
        let handle = TokenManager::start(issuer.clone());
        assert!(all_ask(&handle, 0).await.iter().all(|answer| answer.as_ref().is_err_and(|fault| fault.code == &SF_SIGN_IN)));
        assert_eq!(all_ask(&handle, 0).await, vec![Ok(1); 50]);
        assert_eq!(issuer.on_issue.calls(), 2);
    }

    #[actix_rt::test]
    async fn a_manager_that_panicked_is_a_fault_not_a_hang() {
        tokio::time::pause();
        let issuer = Rc::new(FakeIssuer::default());
        issuer.on_issue.on(1, Script::Panic);
        let fault = TokenManager::start(issuer).newer_than(0).await.unwrap_err();
        assert_eq!(fault.code, &EN_PANIC);
    }
}
