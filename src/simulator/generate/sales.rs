//! Accounts, contacts, campaigns, leads, opportunities, and two custom objects.

use serde_json::{Value, json};

use super::{Named, Record, World, record, text};
use crate::org::{ChildRelationship, ObjectSchema};

/// Fields of `Project__c`, in the notation of the catalog.
pub(super) const PROJECT_FIELDS: &str = "Name OwnerId>Owner=User+Group Account__c>Account__r=Account Budget__c:currency Stage__c:picklist \
    Go_Live__c:date Skills__c:multipicklist Notes__c:textarea";
/// Fields of `Invoice_Line__c`, in the notation of the catalog.
pub(super) const INVOICE_LINE_FIELDS: &str =
    "Name Project__c>Project__r=Project__c Amount__c:currency Paid__c:boolean Due__c:date Site__c:location";

const STAGES: [&str; 6] = ["Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost"];
const SOURCES: [&str; 5] = ["Web", "Phone", "Partner", "Trade Show", "Word of Mouth"];

/// Relationships from parents to the custom objects.
pub(super) fn relate(schemas: &mut [ObjectSchema]) {
    for (parent, name, child, field) in
        [("Account", "Projects__r", "Project__c", "Account__c"), ("Project__c", "Invoice_Lines__r", "Invoice_Line__c", "Project__c")]
    {
        if let Some(schema) = schemas.iter_mut().find(|schema| schema.name == parent) {
            let relationship_name = Some(name.to_owned());
            schema.children.push(ChildRelationship { relationship_name, child_object: child.to_owned(), field: field.to_owned() });
        }
    }
}

pub(super) fn make(world: &mut World) {
    accounts(world);
    contacts(world);
    let campaigns = campaigns(world);
    opportunities(world, &campaigns);
    leads(world);
    projects(world);
}

fn accounts(world: &mut World) {
    for at in 0..world.scaled(120) {
        let name = text::company(&mut world.rng);
        let industry = text::pick(&mut world.rng, &text::INDUSTRIES);
        let portrait = text::portrait(&mut world.rng, &name, industry);
        let owner = world.any_user();
        let parent = if at % 8 == 5 { Value::from(world.accounts[at / 2].id.as_str()) } else { Value::Null };
        let mut account = record! {
            "Name": name, "Type": text::pick(&mut world.rng, &["Customer", "Prospect", "Partner"]), "Industry": industry,
            "Website": format!("https://www.{}.example", text::slug(&name)), "Phone": phone(world), "Rating": world.maybe(3, "Warm"),
            "Description": world.awkward(at).map_or(portrait, str::to_owned), "AnnualRevenue": f64::from(world.rng.u32(1..9_000)) * 1000.0,
            "NumberOfEmployees": world.rng.u32(3..20_000), "OwnerId": owner, "ParentId": parent,
        };
        address(world, &mut account, "Billing");
        if at % 9 == 4 {
            // Imported rows have a name and little else.
            account.retain(|field, _| matches!(field.as_str(), "Name" | "OwnerId"));
        }
        let id = world.add("Account", "001", account);
        world.accounts.push(Named { id, email: String::new(), name });
    }
}

fn contacts(world: &mut World) {
    for at in 0..world.scaled(240) {
        let (first, last) = (text::pick(&mut world.rng, &text::FIRST_NAMES), text::pick(&mut world.rng, &text::LAST_NAMES));
        let name = format!("{first} {last}");
        let account_at = world.rng.usize(..world.accounts.len());
        let account = world.accounts[account_at].clone();
        let email = format!("{}@{}.example", text::slug(&name), text::slug(&account.name));
        let owner = world.any_user();
        let mut contact = record! {
            "Name": name, "FirstName": first, "LastName": last, "Email": email, "Phone": phone(world),
            "Title": world.maybe(4, text::TITLES[at % text::TITLES.len()]), "Department": world.maybe(2, "Operations"),
            "PhotoUrl": "/services/images/photo/generic", "LeadSource": world.maybe(3, SOURCES[at % SOURCES.len()]),
            // Some people belong to no account.
            "AccountId": if at % 17 == 9 { Value::Null } else { Value::from(account.id) }, "OwnerId": owner,
            "Description": world.awkward(at).map_or_else(|| Value::from(format!("{name} is our contact for deliveries and invoices.")), Value::from),
        };
        if at % 3 == 0 {
            address(world, &mut contact, "Mailing");
        }
        let id = world.add("Contact", "003", contact);
        world.contacts.push((Named { id, name, email }, account_at));
    }
}

fn campaigns(world: &mut World) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for at in 0..world.scaled(20) {
        let product = text::PRODUCTS[at % text::PRODUCTS.len()];
        let kind = text::pick(&mut world.rng, &["Webinar", "Trade Show", "E-mail", "Referral Program"]);
        let (start, end) = (world.day(), world.day());
        let parent = if at % 6 == 5 { ids.first().cloned() } else { None };
        let owner = world.any_user();
        let campaign = record! {
            "Name": format!("{kind}: {product} {}", 2024 + at % 2), "IsActive": at % 3 != 0, "Type": kind, "Status": if at % 3 == 0 { "Completed" } else { "Planned" },
            "StartDate": start.clone().min(end.clone()), "EndDate": start.max(end), "ParentId": parent, "OwnerId": owner,
            "Description": world.awkward(at).map_or_else(|| format!("Shows customers of the north what {product} does for them."), str::to_owned),
            "BudgetedCost": f64::from(world.rng.u32(10..900)) * 100.0,
        };
        ids.push(world.add("Campaign", "701", campaign));
    }
    ids
}

fn opportunities(world: &mut World, campaigns: &[String]) {
    for at in 0..world.scaled(120) {
        let account_at = world.rng.usize(..world.accounts.len());
        let account = world.accounts[account_at].clone();
        let stage_at = world.rng.usize(..STAGES.len());
        let product = text::pick(&mut world.rng, &text::PRODUCTS);
        let units = world.rng.u32(2..400);
        let campaign = if at % 4 == 0 { Value::from(campaigns[at % campaigns.len()].as_str()) } else { Value::Null };
        let owner = world.any_user();
        let opportunity = record! {
            "Name": format!("{}: {units} x {product}", account.name), "StageName": STAGES[stage_at], "IsClosed": stage_at >= 4, "IsWon": stage_at == 4,
            "Amount": f64::from(units) * 149.5, "Probability": [10.0, 25.0, 50.0, 75.0, 100.0, 0.0][stage_at], "CloseDate": world.day(),
            "Type": world.maybe(3, "New Business"), "LeadSource": world.maybe(3, SOURCES[at % SOURCES.len()]), "AccountId": account.id,
            "CampaignId": campaign, "OwnerId": owner,
            "Description": world.awkward(at).map_or_else(
                || format!("{} wants to replace its old equipment with {units} units of {product} before winter.", account.name), str::to_owned),
        };
        world.add("Opportunity", "006", opportunity);
    }
}

fn leads(world: &mut World) {
    for at in 0..world.scaled(100) {
        let (first, last) = (text::pick(&mut world.rng, &text::FIRST_NAMES), text::pick(&mut world.rng, &text::LAST_NAMES));
        let (name, company) = (format!("{first} {last}"), text::company(&mut world.rng));
        // Converted leads point to what they became.
        let converted = at % 6 == 2;
        let became = |world: &World, object: &str| if converted { world.ids(object).get(at).cloned() } else { None };
        let (account, contact, opportunity) = (became(world, "Account"), became(world, "Contact"), became(world, "Opportunity"));
        let owner = if at % 5 == 1 { world.queues[0].id.clone() } else { world.any_user() };
        let mut lead = record! {
            "Name": name, "FirstName": first, "LastName": last, "Company": company, "Title": world.maybe(3, text::TITLES[at % text::TITLES.len()]),
            "Email": format!("{}@{}.example", text::slug(&name), text::slug(&company)), "Phone": phone(world),
            "Industry": text::pick(&mut world.rng, &text::INDUSTRIES), "Rating": world.maybe(2, "Hot"), "LeadSource": SOURCES[at % SOURCES.len()],
            "Status": if converted { "Closed - Converted" } else { "Open - Not Contacted" }, "IsConverted": converted,
            "ConvertedDate": if converted { Value::from(world.day()) } else { Value::Null }, "ConvertedAccountId": account,
            "ConvertedContactId": contact, "ConvertedOpportunityId": opportunity, "OwnerId": owner,
            "Description": world.awkward(at).map_or_else(
                || format!("Asked at the stand for a demonstration of {}.", text::PRODUCTS[at % text::PRODUCTS.len()]), str::to_owned),
        };
        address(world, &mut lead, "");
        world.add("Lead", "00Q", lead);
    }
}

fn projects(world: &mut World) {
    for at in 0..world.scaled(30) {
        let account_at = world.rng.usize(..world.accounts.len());
        let account = world.accounts[account_at].clone();
        let product = text::pick(&mut world.rng, &text::PRODUCTS);
        let owner = world.any_user();
        let project = record! {
            "Name": format!("Rollout of {product} at {}", account.name), "OwnerId": owner, "Account__c": world.maybe(6, account.id),
            "Budget__c": world.maybe(4, f64::from(world.scale + 1) * 1.0E7), "Stage__c": ["Plan", "Build", "Test", "Live"][at % 4], "Go_Live__c": world.day(),
            "Skills__c": world.maybe(3, "Network;Training;Cabling"),
            "Notes__c": world.awkward(at).map_or_else(|| format!("Kick-off with {} is done, cabling of the first floor starts in May.", account.name), str::to_owned),
        };
        let id = world.add("Project__c", "a00", project);
        for line in 0..3 {
            let cents = world.rng.u32(100..5_000_000);
            let (.., latitude, longitude) = text::CITIES[(at + line) % text::CITIES.len()];
            let invoice_line = record! {
                "Name": format!("IL-{:05}", at * 3 + line), "Project__c": id, "Amount__c": f64::from(cents) / 100.0, "Paid__c": line == 0,
                "Due__c": world.day(), "Site__c": json!({ "latitude": latitude, "longitude": longitude }),
            };
            world.add("Invoice_Line__c", "a01", invoice_line);
        }
    }
}

fn phone(world: &mut World) -> String {
    format!("+1 555 {:03} {:04}", world.rng.u32(..1000), world.rng.u32(..10_000))
}

/// A compound address and its parts.
fn address(world: &mut World, record: &mut Record, prefix: &str) {
    let (city, state, country, latitude, longitude) = text::CITIES[world.rng.usize(..text::CITIES.len())];
    let street = format!("{} {}", world.rng.u32(1..200), text::pick(&mut world.rng, &text::STREETS));
    let postal_code = format!("{:05}", world.rng.u32(..100_000));
    let located = world.rng.bool();
    let compound = json!({
        "city": city, "country": country, "geocodeAccuracy": located.then_some("Street"), "latitude": located.then_some(latitude),
        "longitude": located.then_some(longitude), "postalCode": postal_code, "state": state, "street": street,
    });
    let parts = [("Street", street.as_str()), ("City", city), ("State", state), ("PostalCode", &postal_code), ("Country", country)];
    for (part, value) in parts {
        record.insert(format!("{prefix}{part}"), Value::from(value));
    }
    record.insert(format!("{prefix}Address"), compound);
}
