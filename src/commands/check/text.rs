//! What connectors need to get text out of files.

use domain::{Fault, TX_NO_READER};

use super::{Report, Verdict};
use crate::app;
use crate::plan::{ConnectorPlan, Plan, TextPlan};

/// Asks the service whether it is there, as the reference does at its start, or has a process of this program read a file.
pub(super) async fn check(plan: &Plan, connector: &ConnectorPlan, report: &mut Report) {
    let verdict = match connector.text {
        TextPlan::Pipeline => return,
        TextPlan::Builtin => return report.note(connector.id.as_str(), "text of files", builtin(plan).await),
        TextPlan::Service => app::extraction(plan),
    };
    let verdict = match verdict {
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

async fn builtin(plan: &Plan) -> Verdict {
    let readers = match app::readers(&plan.files.reader) {
        Ok(readers) => readers,
        Err(fault) => return Verdict::fault(&fault),
    };
    match readers.read("txt", b"one".to_vec()).await {
        Ok(text) if text.body == "one" => Verdict::ok("this program makes it, in processes of their own"),
        Ok(_) => Verdict::fault(&Fault::new(&TX_NO_READER, "a process reads something else than it was given")),
        Err(fault) => Verdict::fault(&fault),
    }
}
