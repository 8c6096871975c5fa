//! An org of accounts only, for measurements.

use fastrand::Rng;
use serde_json::json;

use super::{World, record, text};
use crate::catalog;
use crate::org::{Org, OrgBuilder};

/// JSON bytes of an account without its description.
const BARE: usize = 900;

/// Makes an org of `records` accounts, each about `bytes_per_record` bytes of JSON with all its fields (at least about 900), and four
/// users who own them.
///
/// # Panics
/// Never, unless the generator and its schema disagree, which a test would have shown.
pub fn generate_plain(seed: u64, records: usize, bytes_per_record: usize) -> Org {
    let mut world = World::new(seed, 1, OrgBuilder::new(catalog::standard()));
    for at in 0..4 {
        let name = format!("Owner {}", at + 1);
        let email = format!("owner{}@sluice.example", at + 1);
        let user = record! { "Name": name, "Email": email, "Username": email, "IsActive": true, "UserType": "Standard" };
        let id = world.add("User", "005", user);
        world.users.push(super::Named { id, name, email });
    }
    for at in 0..records {
        let industry = text::pick(&mut world.rng, &text::INDUSTRIES);
        let company = text::company(&mut world.rng);
        let description = prose(&mut world.rng, &company, industry, bytes_per_record.saturating_sub(BARE));
        let (city, state, country, ..) = text::CITIES[at % text::CITIES.len()];
        let address = json!({
            "city": city, "country": country, "geocodeAccuracy": null, "latitude": null, "longitude": null,
            "postalCode": format!("{:05}", at % 100_000), "state": state, "street": text::STREETS[at % text::STREETS.len()],
        });
        let owner = world.any_user();
        let account = record! {
            "Name": format!("{company} {at}"), "Type": "Customer", "Industry": industry, "Description": description,
            "Website": format!("https://www.{}.example", text::slug(&company)), "Phone": format!("+1 555 {:07}", at % 10_000_000),
            "BillingAddress": address, "NumberOfEmployees": at % 5000, "OwnerId": owner,
        };
        world.add("Account", "001", account);
    }
    world.builder.build()
}

/// Sentences of about `bytes` bytes.
fn prose(rng: &mut Rng, company: &str, industry: &str, bytes: usize) -> String {
    let mut prose = String::with_capacity(bytes + 200);
    while prose.len() < bytes {
        if !prose.is_empty() {
            prose.push(' ');
        }
        prose.push_str(&text::portrait(rng, company, industry));
    }
    let mut end = bytes.min(prose.len());
    while !prose.is_char_boundary(end) {
        end -= 1;
    }
    prose.truncate(end);
    prose
}
