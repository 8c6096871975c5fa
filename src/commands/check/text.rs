//! What connectors need of a text extraction service.

use super::{Report, Verdict};
use crate::app;
use crate::plan::{ConnectorPlan, Plan};

/// Asks the service whether it is there, if the connector wants it. The reference does so at its start.
pub(super) async fn check(plan: &Plan, connector: &ConnectorPlan, report: &mut Report) {
    if !connector.text_service {
        return;
    }
    let verdict = match app::extraction(plan) {
        Ok(None) => Verdict::warn(
            "there is no `extraction_service.host`: files are indexed without their content",
            "give the address of the service, or set `use_text_extraction_service` to `false`",
        ),
        Ok(Some(service)) => match service.ping().await {
            Ok(()) => Verdict::ok("it answers"),
            Err(fault) => Verdict::fault(&fault),
        },
        Err(fault) => Verdict::fault(&fault),
    };
    report.note(connector.id.as_str(), "text service", verdict);
}
