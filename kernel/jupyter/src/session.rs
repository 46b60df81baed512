//! One end's identity: the session id, the key, and headers made from them.
//!
//! Owns signing, checking and the making of headers. Must not know sockets or frames. Read [`Session`] first.

use hmac::{Hmac, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The identity under which one process sends. Its id never changes: clients drop messages of a session they don't know.
pub struct Session {
    id: String,
    username: String,
    key: Hmac<Sha256>,
    sent: AtomicU64,
}

impl Session {
    /// A new session that signs with a connection's key.
    pub fn new(key: &[u8], username: &str) -> Self {
        // HMAC takes keys of every length; were one refused, the empty key would only make every check fail.
        let key = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
        Self { id: uuid::Uuid::new_v4().to_string(), username: username.to_owned(), key, sent: AtomicU64::new(0) }
    }

    /// The id that stands in every header.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// An id that no other message has.
    pub(crate) fn next_message_id(&self) -> String {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        format!("{}_{}_{number}", self.id, std::process::id())
    }

    /// A header for a new message.
    pub fn header(&self, msg_type: &str) -> Map<String, Value> {
        let mut header = Map::new();
        header.insert("msg_id".into(), json!(self.next_message_id()));
        header.insert("session".into(), json!(self.id));
        header.insert("username".into(), json!(self.username));
        header.insert("date".into(), json!(now()));
        header.insert("msg_type".into(), json!(msg_type));
        header.insert("version".into(), json!(crate::PROTOCOL_VERSION));
        header
    }

    /// The signature over the four dictionaries, in lower-case hexadecimal. Buffers are not signed: the
    /// specification leaves them out.
    pub fn sign(&self, dictionaries: [&[u8]; 4]) -> String {
        let digest = self.mac(dictionaries).finalize().into_bytes();
        digest.iter().flat_map(|byte| [hex(byte >> 4), hex(byte & 15)]).collect()
    }

    /// Whether a signature is ours, in a time that does not depend on where it differs.
    pub fn verify(&self, signature: &[u8], dictionaries: [&[u8]; 4]) -> bool {
        unhex(signature).is_some_and(|digest| self.mac(dictionaries).verify_slice(&digest).is_ok())
    }

    fn mac(&self, dictionaries: [&[u8]; 4]) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        dictionaries.iter().for_each(|bytes| mac.update(bytes));
        mac
    }
}

/// This moment, as it stands in messages.
pub(crate) fn now() -> String {
    date(SystemTime::now())
}

/// A time as ISO 8601 in UTC with microseconds, which is what clients' parsers take.
fn date(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}Z", since.subsec_micros())
}

/// Days since 1970 as year, month and day of the proleptic Gregorian calendar, in eras of 400 years (146,097 days)
/// that begin on 1 March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

fn hex(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() != 64 {
        return None;
    }
    let nibble = |c: u8| char::from(c).to_digit(16).and_then(|n| u8::try_from(n).ok());
    text.chunks(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn signatures_agree_with_rfc_4231() {
        let check = |key: &[u8], data: [&[u8]; 4], expect: &str| {
            let session = Session::new(key, "");
            assert_eq!(session.sign(data), expect);
            assert!(session.verify(expect.as_bytes(), data));
        };
        check(
            b"Jefe",
            [b"what do ya ", b"want", b" for ", b"nothing?"],
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
        check(
            &[0x0b; 20],
            [b"Hi", b" ", b"Th", b"ere"],
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        );
    }

    #[test]
    fn wrong_signatures_are_not_ours() {
        let session = Session::new(b"k", "");
        let data: [&[u8]; 4] = [b"{}", b"{}", b"{}", b"{}"];
        let right = session.sign(data);
        let mut flipped = right.clone().into_bytes();
        flipped[63] ^= 1;
        for wrong in [&b""[..], b"zz", &right.as_bytes()[..62], &flipped, &[b'g'; 64], "é".repeat(32).as_bytes()] {
            assert!(!session.verify(wrong, data));
        }
        assert!(!session.verify(right.as_bytes(), [b"{}", b"{}", b"{}", b"[]"]));
    }

    #[test]
    fn dates_have_six_digits_and_follow_the_calendar() {
        let check = |seconds, micros, expect: &str| {
            assert_eq!(date(UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(micros)), expect);
        };
        check(0, 0, "1970-01-01T00:00:00.000000Z");
        check(951_782_400, 1, "2000-02-29T00:00:00.000001Z");
        check(1_709_251_199, 999_999, "2024-02-29T23:59:59.999999Z");
        check(4_107_542_400, 0, "2100-03-01T00:00:00.000000Z");
    }

    #[test]
    fn message_ids_differ_and_the_session_stays() {
        let session = Session::new(b"k", "kernel");
        let (a, b) = (session.header("status"), session.header("status"));
        assert_ne!(a["msg_id"], b["msg_id"]);
        assert_eq!(a["session"], b["session"]);
    }
}
