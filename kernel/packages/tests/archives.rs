//! Archives: the same bytes every time, and nothing written of one that is refused.

#![allow(clippy::unwrap_used)] // shared by tests; clippy sees no #[test] on them

use candlewick_packages::{MOST_BYTES, PackageFiles, archive};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::path::Path;
use tar::{Builder, EntryType, Header};

/// An entry as nobody would pack it: its path is written into the header as it is.
fn entry(path: &str, kind: EntryType, size: u64, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    if matches!(kind, EntryType::Symlink | EntryType::Link) {
        header.as_gnu_mut().unwrap().linkname[..11].copy_from_slice(b"/etc/passwd");
    }
    header.set_cksum();
    let mut bytes = [header.as_bytes().as_slice(), content].concat();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn file(path: &str) -> Vec<u8> {
    entry(path, EntryType::Regular, 1, b"x")
}

#[test]
fn a_package_comes_back_as_it_was_packed() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let long = format!("{}/plugin.rhai", "deep/".repeat(40).trim_end_matches('/'));
    for path in ["plugin.toml", "tests/a.rhai", long.as_str(), ".hidden", "target/x"] {
        std::fs::create_dir_all(from.path().join(path).parent().unwrap()).unwrap();
        std::fs::write(from.path().join(path), path).unwrap();
    }
    let files = PackageFiles::of(from.path()).unwrap();
    let bytes = archive::pack(&files, "calm-1.0.0").unwrap();
    archive::unpack(&bytes, Path::new("p.tar.gz"), to.path()).unwrap();
    let back = PackageFiles::of(to.path()).unwrap();
    assert_eq!((back.paths(), back.hash().unwrap()), (files.paths(), files.hash().unwrap()));
    assert!(!to.path().join(".hidden").exists() && !to.path().join("target").exists());

    // Touched, and owned or permitted otherwise, it is the same archive.
    std::fs::write(from.path().join("plugin.toml"), "plugin.toml").unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(from.path().join("plugin.toml"), std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(archive::pack(&PackageFiles::of(from.path()).unwrap(), "calm-1.0.0").unwrap(), bytes);
}

#[test]
fn an_archive_that_leads_out_is_refused_before_anything_is_written() {
    let check = |entries: &[Vec<u8>], expect: &str| {
        let root = tempfile::tempdir().unwrap();
        let inside = root.path().join("in");
        std::fs::create_dir(&inside).unwrap();
        let tar = [entries.concat(), vec![0; 1024]].concat();
        let error = archive::unpack(&gzip(&tar), Path::new("p.tar.gz"), &inside).unwrap_err().to_string();
        assert!(error.starts_with("p.tar.gz is not unpacked: ") && error.contains(expect), "{error}");
        assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 0, "{expect}");
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1, "{expect}");
    };
    check(&[file("good"), file("../evil")], "its entry `../evil` leads out of the package");
    check(&[file("good"), file("a/../../evil")], "`a/../../evil` leads out of the package");
    check(&[file("good"), file("/tmp/evil")], "`/tmp/evil` leads out of the package");
    check(&[file("good"), entry("../d/", EntryType::Directory, 0, b"")], "leads out of the package");
    check(&[file("good"), entry("l", EntryType::Symlink, 0, b"")], "its entry `l` is a link");
    check(&[file("good"), entry("l", EntryType::Link, 0, b"")], "its entry `l` is a link");
    check(&[file("good"), entry("f", EntryType::Fifo, 0, b"")], "its entry `f` is no plain file");
    check(&[file("good"), file(".installed.json")], "its entry `.installed.json` is hidden");
    check(&[file("a"), file("a")], "its entry `a` is there twice");
    check(&[file("good"), entry("big", EntryType::Regular, MOST_BYTES, b"")], "it holds more than a package may");
    check(&[file("good"), entry("short", EntryType::Regular, 5000, b"x")], "its entry `short` is cut off");
    check(&[], "it is empty");
    let many: Vec<Vec<u8>> = (0..2001).map(|number| file(&format!("f{number}"))).collect();
    check(&many, "more than a package may: 2000 files");
}

#[test]
fn what_is_no_archive_is_said() {
    let root = tempfile::tempdir().unwrap();
    for bytes in [b"".as_slice(), b"PK\x03\x04", b"plain text", &gzip(b"no tar at all")] {
        let error = archive::unpack(bytes, Path::new("p"), root.path()).unwrap_err().to_string();
        assert!(error.contains("it is no gzipped tar") || error.contains("it is empty"), "{error}");
    }
    let mut builder = Builder::new(Vec::new());
    builder.append_data(&mut Header::new_gnu(), "a", b"".as_slice()).unwrap();
    let whole = gzip(&builder.into_inner().unwrap());
    let error = archive::unpack(&whole[..whole.len() / 2], Path::new("p"), root.path()).unwrap_err().to_string();
    assert!(error.contains("it is no gzipped tar"), "{error}");
}
