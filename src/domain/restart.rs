//! Whether a run that broke off starts another generation, after how long, or gives up.

use std::time::Duration;

use crate::{EN_GAVE_UP, Fault, FaultClass};

/// How often and how fast a run may start again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartBudget {
    /// Restarts without progress in between.
    pub restarts: u32,
    /// Wait before the first; doubles with each.
    pub first_wait: Duration,
    /// Longest wait.
    pub longest_wait: Duration,
}

impl Default for RestartBudget {
    /// Five restarts, from 1 s up to a minute: a failing node or a deployment is over by then.
    fn default() -> Self {
        Self { restarts: 5, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(60) }
    }
}

/// What to do after a generation that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start another one after this long.
    Again(Duration),
    /// End the run with this fault.
    GiveUp(Fault),
}

/// Decides by the fault and the number of restarts since the checkpoint last moved.
pub fn decide(budget: RestartBudget, restarts: u32, fault: Fault) -> Decision {
    if fault.class() != FaultClass::Transient {
        return Decision::GiveUp(fault);
    }
    if restarts >= budget.restarts {
        let times = if restarts == 1 { "once".to_owned() } else { format!("{restarts} times") };
        return Decision::GiveUp(if restarts == 0 {
            fault
        } else {
            Fault::new(&EN_GAVE_UP, format!("restarted {times} without progress, last because of: {} [{}]", fault.message, fault.code.id))
        });
    }
    Decision::Again(budget.first_wait.saturating_mul(1 << restarts.min(16)).min(budget.longest_wait))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SF_QUERY, SF_SILENT};

    #[test]
    fn transient_faults_are_tried_again_with_longer_waits_until_the_budget_is_used_up() {
        let budget = RestartBudget { restarts: 4, first_wait: Duration::from_secs(1), longest_wait: Duration::from_secs(5) };
        let fault = Fault::new(&SF_SILENT, "no answer");
        let waits: Vec<_> = (0..4).map(|restarts| decide(budget, restarts, fault.clone())).collect();
        assert_eq!(waits, [1, 2, 4, 5].map(|secs| Decision::Again(Duration::from_secs(secs))));
        let Decision::GiveUp(last) = decide(budget, 4, fault) else { panic!("the budget is used up") };
        assert!(last.code.id == "EN0003" && last.message.contains("no answer [SF0002]"), "{last}");
    }

    #[test]
    fn what_cannot_work_later_is_not_tried_again() {
        let fault = Fault::new(&SF_QUERY, "No such column");
        assert_eq!(decide(RestartBudget::default(), 0, fault.clone()), Decision::GiveUp(fault));
    }
}
