//! Whatever was written, users see what a look at every document would give them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::*;
use crate::embedded::documents::{self, Doomed, Work};
use crate::embedded::store::Store;
use crate::embedded::{SearchAnswer, Standing};

const TOKENS: [&str; 6] = ["a", "b", "c", "user_id:d", "nobody", "object:É:read"];
const WORDS: [&str; 3] = ["falcon", "harbor", "meadow"];
const KINDS: [&str; 3] = ["Case", "Lead", "Account"];
const INDICES: [&str; 2] = [INDEX, "other"];
const USERS: usize = 4;
const DOCUMENTS: usize = 8;

/// What is done to the index, the number of an index in front.
#[derive(Clone, Debug)]
enum Step {
    /// A document of this number, kind and word; its tokens, or no word on them.
    Put(usize, usize, usize, usize, Option<BTreeSet<usize>>),
    /// A document stays as it is.
    Keep(usize, usize),
    /// A user holds these tokens.
    Grant(usize, usize, BTreeSet<usize>),
    /// What was not written or kept since the last sweep goes.
    Sweep(usize),
    /// So do the users.
    SweepUsers(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let tokens = || btree_set(0..TOKENS.len(), 0..4);
    let index = 0..INDICES.len();
    prop_oneof![
        8 => (index.clone(), 0..DOCUMENTS, 0..KINDS.len(), 0..WORDS.len(), prop::option::weighted(0.8, tokens()))
            .prop_map(|(index, no, kind, word, tokens)| Step::Put(index, no, kind, word, tokens)),
        2 => (index.clone(), 0..DOCUMENTS).prop_map(|(index, no)| Step::Keep(index, no)),
        4 => (index.clone(), 0..USERS, tokens()).prop_map(|(index, no, tokens)| Step::Grant(index, no, tokens)),
        1 => index.clone().prop_map(Step::Sweep),
        1 => index.prop_map(Step::SweepUsers),
    ]
}

/// Kind, word and tokens of a document, and whether it was met since the last sweep.
type Known = (usize, usize, BTreeSet<usize>, bool);

/// What there should be: documents and users by index and number, each with whether it was met since the last sweep.
#[derive(Default)]
struct Model {
    documents: BTreeMap<(usize, usize), Known>,
    users: BTreeMap<(usize, usize), (BTreeSet<usize>, bool)>,
    sweeps: usize,
}

impl Model {
    fn follow(&mut self, store: &mut Store, step: &Step) {
        let named = |set: &BTreeSet<usize>| -> Vec<&str> { set.iter().map(|no| TOKENS[*no]).collect() };
        let mut write = |index: String, sweeps: usize, ops: &[BulkOp], sweep: bool| {
            let target = Target { index: IndexName::new(index), ..target("c", &sweeps.to_string()) };
            store.transact(|transaction| documents::submit(transaction, &target, ops)).unwrap();
            if sweep {
                store.transact(|transaction| Doomed::not_met(&target, &[]).step(transaction, &Work::Delete, 0, 1000)).unwrap();
                store.transact(crate::embedded::access::forget).unwrap();
            }
        };
        let access = |index: usize| domain::access::access_index(INDICES[index]);
        match step {
            Step::Put(index, no, kind, word, tokens) => {
                let list = tokens.as_ref().map(named);
                write(INDICES[*index].into(), self.sweeps, &[closed(*no, KINDS[*kind], WORDS[*word], list.as_deref())], false);
                self.documents.insert((*index, *no), (*kind, *word, tokens.clone().unwrap_or_default(), true));
            }
            Step::Keep(index, no) => {
                write(INDICES[*index].into(), self.sweeps, &[BulkOp::Keep(id(*no))], false);
                self.documents.entry((*index, *no)).and_modify(|document| document.3 = true);
            }
            Step::Grant(index, no, tokens) => {
                write(access(*index), self.sweeps, &[holder(*no, "n", &format!("{no}@b"), &named(tokens))], false);
                self.users.insert((*index, *no), (tokens.clone(), true));
            }
            Step::Sweep(index) => {
                write(INDICES[*index].into(), self.sweeps, &[], true);
                self.documents.retain(|(of, _), (.., is_met)| of != index || *is_met);
                self.begin();
            }
            Step::SweepUsers(index) => {
                write(access(*index), self.sweeps, &[], true);
                self.users.retain(|(of, _), (_, is_met)| of != index || *is_met);
                self.begin();
            }
        }
    }

    /// Another run: nothing is met yet.
    fn begin(&mut self) {
        self.sweeps += 1;
        self.documents.values_mut().for_each(|document| document.3 = false);
        self.users.values_mut().for_each(|user| user.1 = false);
    }

    /// What a user should find, as kind and id: a look at every document.
    fn visible(&self, indices: &[usize], user: Option<usize>, word: Option<usize>) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for ((index, no), (kind, says, tokens, _)) in &self.documents {
            let may = match user {
                None => true,
                Some(user) => self.users.get(&(*index, user)).is_some_and(|(held, _)| !held.is_disjoint(tokens)),
            };
            if indices.contains(index) && may && word.is_none_or(|word| word == *says) {
                found.push((KINDS[*kind], id(*no).to_string()));
            }
        }
        found.sort();
        found
    }
}

/// What an answer should say.
fn expected(found: &[(&str, String)], kind: Option<&str>) -> (u64, Vec<(String, String)>, BTreeMap<String, u64>) {
    let mut kinds = BTreeMap::new();
    found.iter().for_each(|(kind, _)| *kinds.entry((*kind).to_owned()).or_default() += 1);
    let hits: Vec<_> =
        found.iter().filter(|(of, _)| kind.is_none_or(|kind| kind == *of)).map(|(of, id)| ((*of).to_owned(), id.clone())).collect();
    (hits.len() as u64, hits, kinds)
}

fn told(answer: SearchAnswer) -> (u64, Vec<(String, String)>, BTreeMap<String, u64>) {
    let mut hits: Vec<_> = answer.hits.into_iter().map(|hit| (hit.kind, hit.id)).collect();
    hits.sort();
    (answer.total, hits, answer.kinds.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_user_sees_exactly_what_shares_a_token(steps in vec(step(), 1..60)) {
        let dir = TempDir::new().unwrap();
        let mut store = Store::open(dir.path(), Arc::new(FakeClock::default())).unwrap();
        let mut model = Model::default();
        steps.iter().for_each(|step| model.follow(&mut store, step));
        let reader = Embedded::read_only(dir.path()).unwrap();
        let scopes: [(Option<&str>, &[usize]); 3] = [(Some(INDICES[0]), &[0]), (Some(INDICES[1]), &[1]), (None, &[0, 1])];
        for user in std::iter::once(None).chain((0..=USERS).map(Some)) {
            for (index, numbers) in scopes {
                for (word, kind) in [(None, None), (None, Some(KINDS[0])), (Some(0), None), (Some(1), Some(KINDS[1]))] {
                    let request = SearchRequest {
                        index: index.map(str::to_owned),
                        text: word.map_or("", |word: usize| WORDS[word]).to_owned(),
                        kind: kind.map(str::to_owned),
                        reader: user.map(|user| if user % 2 == 0 { user_id(user).to_string() } else { format!("{user}@B") }),
                        from: 0,
                        size: 100,
                    };
                    let answer = reader.search(&request).unwrap();
                    let known = numbers.iter().any(|index| user.is_some_and(|user| model.users.contains_key(&(*index, user))));
                    let standing = user.map(|_| if known { Standing::Known } else { Standing::Unknown });
                    prop_assert_eq!(answer.reader, standing, "{:?}", &request);
                    prop_assert_eq!(told(answer), expected(&model.visible(numbers, user, word), kind), "{:?}", &request);
                }
            }
            let Some(user) = user else { continue };
            for (of, index) in INDICES.iter().enumerate() {
                let visible = model.visible(&[of], Some(user), None);
                for no in 0..DOCUMENTS {
                    let read = reader.document_as(index, id(no).as_str(), user_id(user).as_str()).unwrap();
                    prop_assert_eq!(read.is_some(), visible.iter().any(|(_, id)| *id == self::id(no).to_string()));
                }
            }
        }
    }
}
