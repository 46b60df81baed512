//! Frames from and to files, CSV and Parquet.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use candlewick_plugin_api::nearest;
use polars::prelude::{
    CsvParseOptions, CsvReadOptions, CsvWriter, DataFrame, NullValues, ParquetReader, ParquetWriter, PolarsError,
    SerReader, SerWriter,
};

use super::Frame;
use crate::{EngineError, Result};

/// What stands for a missing value beside nothing at all. (`NaN` is a number.)
const MISSING: [&str; 4] = ["NA", "N/A", "null", "NULL"];

impl Frame {
    /// A CSV file with a line of column names. Types are found from all rows; commas, semicolons and tabs separate,
    /// whichever the first line has most of. A file without rows is an error.
    pub fn read_csv(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let separator = separator(path)?;
        let missing = NullValues::AllColumns(MISSING.map(Into::into).to_vec());
        let parse = CsvParseOptions::default().with_separator(separator).with_null_values(Some(missing));
        let options = CsvReadOptions::default()
            .with_infer_schema_length(None)
            .with_n_threads(Some(1))
            .with_rechunk(true)
            .with_parse_options(parse);
        let table = options.into_reader_with_file_handle(open(path)?).finish();
        Self::of_file(path, table.map_err(|error| format(path, reason(&error)))?)
    }

    /// A Parquet file. A file without rows is an error.
    pub fn read_parquet(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let table = ParquetReader::new(open(path)?).set_rechunk(true).finish();
        Self::of_file(path, table.map_err(|error| format(path, reason(&error)))?)
    }

    /// Writes a CSV file with a line of column names, over what was there.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let mut file = create(path)?;
        CsvWriter::new(&mut file).finish(&mut self.table.clone()).map_err(|error| format(path, reason(&error)))
    }

    /// Writes a Parquet file, over what was there.
    pub fn write_parquet(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let written = ParquetWriter::new(create(path)?).finish(&mut self.table.clone());
        written.map(|_| ()).map_err(|error| format(path, reason(&error)))
    }

    fn of_file(path: &Path, table: DataFrame) -> Result<Self> {
        if table.height() == 0 {
            let names: Vec<&str> = table.columns().iter().map(|column| column.name().as_str()).collect();
            return Err(format(path, format!("the file has columns ({}) but no rows", names.join(", "))));
        }
        let name = path.file_stem().map_or_else(|| "frame".to_owned(), |stem| stem.to_string_lossy().into_owned());
        Ok(Self { table, name })
    }
}

fn separator(path: &Path) -> Result<u8> {
    let mut first = Vec::new();
    BufReader::new(open(path)?).read_until(b'\n', &mut first).map_err(|error| EngineError::file(path, error))?;
    if first.trim_ascii().is_empty() {
        let is_empty = path.metadata().is_ok_and(|metadata| metadata.len() == 0);
        let found = if is_empty { "the file is empty" } else { "the first line is empty" };
        return Err(format(path, format!("{found}; it should begin with a line of column names")));
    }
    let count = |separator: u8| first.iter().filter(|&&byte| byte == separator).count();
    let most = |best: u8, other: u8| if count(other) > count(best) { other } else { best };
    Ok([b';', b'\t'].into_iter().fold(b',', most))
}

fn open(path: &Path) -> Result<File> {
    let file = File::open(path).map_err(|error| missing(path, error))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_dir() => Err(format(path, "this is a directory, not a file".to_owned())),
        _ => Ok(file),
    }
}

fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(|error| EngineError::file(path, error))
}

/// For a file that is not there: which one there has nearly that name.
fn missing(path: &Path, error: io::Error) -> EngineError {
    if error.kind() != io::ErrorKind::NotFound {
        return EngineError::file(path, error);
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let hint = nearest(&wanted, names.iter().map(String::as_str)).map(|name| format!(" (did you mean \"{name}\"?)"));
    let whole = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let looked = if directory.is_dir() { "looked in" } else { "there is no directory" };
    let message = format!("there is no such file{}; {looked} {}", hint.unwrap_or_default(), whole.display());
    EngineError::file(path, io::Error::new(io::ErrorKind::NotFound, message))
}

fn format(path: &Path, message: String) -> EngineError {
    EngineError::Format { path: path.display().to_string(), message }
}

/// The first paragraph of polars' message: the rest names options of polars that nobody here can set.
fn reason(error: &PolarsError) -> String {
    error.to_string().lines().take_while(|line| !line.trim().is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<Frame> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("measurements.csv");
        std::fs::write(&path, content).unwrap();
        Frame::read_csv(&path)
    }

    #[test]
    fn types_and_missing_values_are_found() {
        let check = |content: &str, expect: &[(&str, &str)]| {
            let frame = read(content.as_bytes()).unwrap();
            let columns = frame.columns();
            let found: Vec<_> = columns.iter().map(|column| (column.name.as_str(), column.dtype.as_str())).collect();
            assert_eq!((frame.name(), frame.height(), &found[..]), ("measurements", 2, expect), "{content}");
        };
        check("a,b,c,d\n1,1.5,x,true\n2,2,y,false\n", &[("a", "i64"), ("b", "f64"), ("c", "str"), ("d", "bool")]);
        check("a;b\n1;2\n3;4\n", &[("a", "i64"), ("b", "i64")]);
        check("a\tb\n1\tu\n3\tv\n", &[("a", "i64"), ("b", "str")]);
        check("a,b\nNA,1\n2.5,\n", &[("a", "f64"), ("b", "i64")]);
        check("\u{feff}a,b\r\n\"1,5\",1\r\nx,2\r\n", &[("a", "str"), ("b", "i64")]);
        let frame = read(b"a,b\nNA,1\n2.5,\n").unwrap();
        assert_eq!(
            (frame.numbers("a").unwrap(), frame.numbers("b").unwrap()),
            (vec![None, Some(2.5)], vec![Some(1.0), None])
        );
    }

    #[test]
    fn the_type_is_that_of_all_rows() {
        let text = std::iter::once("a".to_owned()).chain((0..5000).map(|row| row.to_string())).collect::<Vec<_>>();
        assert_eq!(read(text.join("\n").as_bytes()).unwrap().columns()[0].dtype, "i64");
        assert_eq!(read((text.join("\n") + "\n0.5").as_bytes()).unwrap().columns()[0].dtype, "f64");
        assert_eq!(read((text.join("\n") + "\nlast").as_bytes()).unwrap().columns()[0].dtype, "str");
    }

    #[test]
    fn files_that_are_not_tables_are_refused() {
        let check = |content: &[u8], expect: &str| {
            let error = read(content).unwrap_err().to_string();
            assert!(error.contains("measurements.csv: ") && error.contains(expect), "{error}");
        };
        check(b"", "the file is empty; it should begin with a line of column names");
        check(b"\n", "the first line is empty; it should begin with a line of column names");
        check(b"a,b\n", "the file has columns (a, b) but no rows");
        check(b"a,b", "the file has columns (a, b) but no rows");
        check(b"a,b\n1,2,3\n", "found more fields than defined");
        check(b"a\n\xff\xfe\n", "utf");
    }

    #[test]
    fn a_missing_file_offers_the_nearest() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("iris.csv"), "a\n1\n").unwrap();
        let at = directory.path().display();
        let check = |name: &str, expect: String| {
            let error = Frame::read_csv(directory.path().join(name)).unwrap_err().to_string();
            assert_eq!(error, format!("{at}/{name}: {expect}"));
        };
        check("irs.csv", format!("there is no such file (did you mean \"iris.csv\"?); looked in {at}"));
        check("other.parquet", format!("there is no such file; looked in {at}"));
        check("no/x.csv", format!("there is no such file; there is no directory {at}/no"));
        let error = Frame::read_csv(directory.path()).unwrap_err().to_string();
        assert_eq!(error, format!("{at}: this is a directory, not a file"));
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let frame = read("a,t,b\n1,\"x,y\",true\n,,false\n-3,z,\n".as_bytes()).unwrap();
        let rows = frame.rows(0..9).unwrap();
        let (csv, parquet) = (directory.path().join("f.csv"), directory.path().join("f.parquet"));
        frame.write_csv(&csv).unwrap();
        frame.write_parquet(&parquet).unwrap();
        assert_eq!(Frame::read_csv(csv.clone()).unwrap().rows(0..9).unwrap(), rows);
        let read = Frame::read_parquet(parquet).unwrap();
        assert_eq!((read.rows(0..9).unwrap(), read.columns()), (rows, frame.columns()));
        assert!(Frame::read_parquet(csv).unwrap_err().to_string().contains("f.csv: "));
    }
}
