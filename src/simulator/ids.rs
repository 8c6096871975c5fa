//! Made-up record ids that have the form of real ones.

use crate::org::IdKey;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The `number`th id of the objects with this key prefix (three letters or digits): 18 characters, ascending with `number`.
///
/// # Panics
/// When the prefix is none.
pub fn record_id(prefix: &str, number: u64) -> String {
    let text = format!("{prefix}Hs0{}", base62(number, 9));
    match IdKey::parse(&text) {
        Some(key) => key.to_18(),
        None => panic!("{prefix} is no key prefix"),
    }
}

/// The key prefix of the `number`th custom object: `a00`, `a01` and so on.
pub(crate) fn custom_prefix(number: u64) -> String {
    format!("a{}", base62(number, 2))
}

fn base62(mut number: u64, length: usize) -> String {
    let mut digits = vec!['0'; length];
    for digit in digits.iter_mut().rev() {
        *digit = char::from(DIGITS[usize::try_from(number % 62).unwrap_or(0)]);
        number /= 62;
    }
    digits.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_with_their_number() {
        let ids: Vec<_> = [0, 1, 9, 10, 35, 36, 61, 62, 63, 4000].map(|number| record_id("500", number)).into();
        assert!(ids.is_sorted());
        assert_eq!(ids[1], "500Hs0000000001EAA".replace("EAA", &ids[1][15..]));
        assert_eq!(custom_prefix(0), "a00");
        assert_eq!(custom_prefix(61), "a0z");
        assert_eq!(custom_prefix(62), "a10");
    }
}
