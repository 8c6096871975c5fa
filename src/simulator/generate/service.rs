//! Cases with their e-mails, comments and feeds.

use serde_json::Value;

use super::text::{Topic, fill};
use super::{Named, TWO_YEARS, World, date_time, record, text};

/// E-mails of the one case that has too many of them: more than two of the pages of 500 that readers of sub-selects ask for.
const LONG_THREAD: usize = 1_200;

/// What a case is about, for everything that is written in it.
struct Story {
    case: String,
    subject: String,
    topic: &'static Topic,
    product: &'static str,
    account: Named,
    customer: Named,
    agent: Named,
    number: u32,
    opened: i64,
}

impl Story {
    fn tell(&self, text: &str) -> String {
        fill(text, self.product, &self.account.name, self.number)
    }
}

pub(super) fn make(world: &mut World) {
    let mut parent = None;
    for at in 0..world.scaled(150) {
        let story = case(world, at, parent.as_deref());
        if at % 10 == 0 {
            parent = Some(story.case.clone());
        }
        let emails = match at {
            7 if world.scale >= 1 => LONG_THREAD,
            _ => at % 5,
        };
        thread(world, &story, emails);
        for turn in 0..at % 3 {
            comment(world, &story, turn);
        }
        if at % 5 != 3 {
            feed(world, &story, at);
        }
    }
}

fn case(world: &mut World, at: usize, parent: Option<&str>) -> Story {
    let topic = &text::TOPICS[world.rng.usize(..text::TOPICS.len())];
    let product = text::pick(&mut world.rng, &text::PRODUCTS);
    let (customer, account_at) = world.contacts[world.rng.usize(..world.contacts.len())].clone();
    let (account, agent) = (world.accounts[account_at].clone(), world.user());
    let number = world.rng.u32(2..600);
    let opened = world.rng.i64(0..TWO_YEARS - 90 * 24 * 3600);
    let mut story = Story { case: String::new(), subject: String::new(), topic, product, account, customer, agent, number, opened };
    story.subject = if at == 7 && world.scale >= 1 { format!("Endless thread about {product}") } else { story.tell(topic.subject) };
    let is_closed = at % 3 == 1;
    let owner = if at % 4 == 2 { world.queues[at % 2].id.clone() } else { story.agent.id.clone() };
    let problem = world.awkward(at).map_or_else(|| story.tell(topic.problem), str::to_owned);
    let record = record! {
        "CaseNumber": format!("{:08}", 1000 + at), "Subject": story.subject, "Description": problem,
        "Status": if is_closed { "Closed" } else { text::pick(&mut world.rng, &["New", "Working", "Escalated"]) },
        "Priority": text::pick(&mut world.rng, &["Low", "Medium", "High"]), "Origin": text::pick(&mut world.rng, &["Email", "Phone", "Web"]),
        "Reason": world.maybe(2, "Equipment"), "IsClosed": is_closed,
        "ClosedDate": if is_closed { Value::from(date_time(opened + 30 * 24 * 3600)) } else { Value::Null },
        "AccountId": story.account.id, "ContactId": story.customer.id, "ParentId": if at % 10 == 6 { parent } else { None }, "OwnerId": owner,
        "CreatedDate": date_time(opened), "LastModifiedDate": date_time(opened + 31 * 24 * 3600), "SystemModstamp": date_time(opened + 31 * 24 * 3600),
        // A few lie in the recycle bin.
        "IsDeleted": at % 40 == 39,
    };
    story.case = world.add("Case", "500", record);
    story
}

/// Customer and agent write in turns, an hour apart.
fn thread(world: &mut World, story: &Story, emails: usize) {
    for turn in 0..emails {
        let from_customer = turn % 2 == 0;
        let says = if from_customer { story.topic.customer[turn / 2 % 3] } else { story.topic.agent[turn / 2 % 3] };
        let (from, to) = if from_customer { (&story.customer, &story.agent) } else { (&story.agent, &story.customer) };
        let greeting = to.name.split(' ').next().unwrap_or_default();
        let body = format!("Hello {greeting},\n\n{}\n\nKind regards\n{}\n", story.tell(says), from.name);
        let sent = date_time(story.opened + 3600 * (turn as i64 + 1));
        let email = record! {
            "ParentId": story.case, "Subject": format!("{}{}", if turn == 0 { "" } else { "Re: " }, story.subject), "TextBody": body,
            "HtmlBody": if turn % 3 == 0 { Value::from(format!("<p>Hello {greeting},</p><p>{}</p>", story.tell(says))) } else { Value::Null },
            "FromName": from.name, "FromAddress": from.email, "ToAddress": to.email, "CcAddress": if turn % 4 == 3 { Value::from("quality@brightwater.example") } else { Value::Null },
            "MessageDate": sent, "Status": if from_customer { "1" } else { "3" }, "Incoming": from_customer,
            "HasAttachment": false, "FirstOpenedDate": if turn % 5 == 1 { Value::from(sent.as_str()) } else { Value::Null },
            "CreatedDate": sent, "LastModifiedDate": sent, "SystemModstamp": sent, "CreatedById": story.agent.id,
        };
        world.add("EmailMessage", "02s", email);
    }
}

fn comment(world: &mut World, story: &Story, turn: usize) {
    let body = if turn == 0 {
        story.tell(story.topic.solution)
    } else {
        format!("Called {} about {}, no answer yet.", story.customer.name, story.product)
    };
    let comment = record! { "ParentId": story.case, "CommentBody": body, "IsPublished": turn == 0 };
    world.add("CaseComment", "00a", comment);
}

/// A post and up to three answers to it. Posts of a deleted case stay, as they do on the platform until the bin is emptied.
fn feed(world: &mut World, story: &Story, at: usize) {
    let comments = at % 4;
    let kind = ["TextPost", "LinkPost", "ContentPost"][at % 3];
    let post = record! {
        "ParentId": story.case, "Type": kind, "Title": if kind == "LinkPost" { Value::from("Knowledge base") } else { Value::Null },
        "Body": world.awkward(at).map_or_else(|| format!("@{} could you have a look at this one? It is about {}.", story.agent.name, story.product), str::to_owned),
        "LinkUrl": if kind == "LinkPost" { Value::from("https://help.brightwater.example/articles/17") } else { Value::Null },
        "CommentCount": comments, "LikeCount": at % 6,
    };
    let post = world.add("CaseFeed", "0D5", post);
    for turn in 0..comments {
        let edited = turn == 2;
        let editor = world.any_user();
        let comment = record! {
            "FeedItemId": post, "ParentId": story.case, "CommentBody": story.tell(story.topic.agent[turn % 3]), "CommentType": "TextComment",
            "Status": "Published", "LastEditById": edited.then_some(editor),
            "LastEditDate": edited.then(|| date_time(story.opened + 40 * 24 * 3600)),
        };
        world.add("FeedComment", "0D7", comment);
    }
}
