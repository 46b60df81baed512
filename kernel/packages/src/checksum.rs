//! SHA-256 as text: of bytes, of files, and the line of a `.sha256` file.
//!
//! Must not know what is summed. Read [`sha256`] first.

use crate::PackageError;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The SHA-256 of bytes, as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of a file.
///
/// # Errors
/// It cannot be read.
pub fn sha256_of_file(path: &Path) -> Result<String, PackageError> {
    let unreadable = |error| PackageError::unreadable(path, &error);
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer).map_err(unreadable)? {
            0 => return Ok(hex(&digest.finalize())),
            count => digest.update(&buffer[..count]),
        }
    }
}

/// The file beside an archive that holds its checksum, in the form of `sha256sum`: `DIGITS  NAME`.
pub fn checksum_file(archive: &Path) -> PathBuf {
    let mut name = archive.file_name().unwrap_or_default().to_owned();
    name.push(".sha256");
    archive.with_file_name(name)
}

/// The digits that the file beside an archive holds; none where there is no such file.
///
/// # Errors
/// A file that holds no SHA-256.
pub fn promised(archive: &Path) -> Result<Option<String>, PackageError> {
    let path = checksum_file(archive);
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
    digits(&text).map(Some).ok_or_else(|| PackageError::Unreadable {
        path,
        reason: "it holds no SHA-256, which has 64 hexadecimal digits".into(),
    })
}

/// The digits at the beginning of a text, in lower case.
pub fn digits(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?.to_ascii_lowercase();
    (word.len() == 64 && word.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(word)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of the empty text, FIPS 180-4.
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digests_are_those_of_the_standard() {
        assert_eq!(sha256(b""), EMPTY);
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(sha256_of_file(&path).unwrap(), sha256(b"abc"));
    }

    #[test]
    fn the_line_of_a_checksum_file_is_read() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(digits(text).as_deref(), expect, "{text}");
        check(&format!("{EMPTY}  x.tar.gz\n"), Some(EMPTY));
        check(&EMPTY.to_uppercase(), Some(EMPTY));
        check(&EMPTY[1..], None);
        check("", None);
        check(&"g".repeat(64), None);
    }
}
