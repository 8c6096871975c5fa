//! Meets the catalog with an org: what a run reads, what it leaves out and why.

use std::collections::BTreeMap;

use domain::catalog::{self, DescribedObject};
use domain::{Fault, Names, Selection};
use futures::{StreamExt as _, TryStreamExt as _};
use ports::Source;

/// Describes asked for at once.
const DESCRIBES: usize = 4;

/// What a run with this selection would read now.
///
/// # Errors
/// `SF_NO_OBJECT`: an object that was named does not exist, or none of the objects may be queried. Whatever the source reports.
pub async fn survey(source: &dyn Source, selection: &Selection) -> Result<catalog::Planned, Fault> {
    let global = source.global().await?;
    let names = catalog::needed_describes(selection, &global)?;
    let describe = |name: String| async move {
        let described = source.describe(&name).await?;
        Ok::<(String, DescribedObject), Fault>((name, described))
    };
    let described: BTreeMap<_, _> = futures::stream::iter(names).map(describe).buffer_unordered(DESCRIBES).try_collect().await?;
    let planned = catalog::plan(selection, &global, &described)?;
    if planned.objects.is_empty() && (selection.custom != Names::Only(Vec::new()) || selection.standard != Names::Only(Vec::new())) {
        let names: Vec<_> = planned.skipped.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Fault::new(&domain::SF_NO_OBJECT, format!("none of the objects may be queried: {}", names.join(", "))));
    }
    Ok(planned)
}
