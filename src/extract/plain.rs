//! Plain text, source code and tables in text form.

use crate::body::Body;
use crate::decode::decode;

/// The characters of the file as they are.
pub(crate) fn read(bytes: &[u8], body: &mut Body) {
    body.push(&decode(bytes, None));
}
