//! TensorBoard's messages, as far as they are written here: `Event`, `Summary`, `HistogramProto` of TensorFlow's
//! `event.proto` and `summary.proto` (numbers and types of the fields are the format). Knows nothing of files.

use prost::Message;

/// How many equal parts a histogram has. TensorBoard redraws them as 30.
const BUCKETS: usize = 30;

/// One record of a file.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub(crate) wall_time: f64,
    #[prost(int64, tag = "2")]
    pub(crate) step: i64,
    /// `brain.Event:2` in the first record of a file, and only there.
    #[prost(string, optional, tag = "3")]
    pub(crate) file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    pub(crate) summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub(crate) value: Vec<Value>,
}

/// A named number or histogram.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Value {
    #[prost(string, tag = "1")]
    pub(crate) tag: String,
    #[prost(float, optional, tag = "2")]
    pub(crate) simple_value: Option<f32>,
    #[prost(message, optional, tag = "5")]
    pub(crate) histo: Option<Histogram>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Histogram {
    #[prost(double, tag = "1")]
    pub(crate) min: f64,
    #[prost(double, tag = "2")]
    pub(crate) max: f64,
    #[prost(double, tag = "3")]
    pub(crate) num: f64,
    #[prost(double, tag = "4")]
    pub(crate) sum: f64,
    #[prost(double, tag = "5")]
    pub(crate) sum_squares: f64,
    /// The upper end of each bucket.
    #[prost(double, repeated, tag = "6")]
    pub(crate) bucket_limit: Vec<f64>,
    /// How many numbers are in each.
    #[prost(double, repeated, tag = "7")]
    pub(crate) bucket: Vec<f64>,
}

impl Value {
    pub(crate) fn scalar(tag: &str, value: f64) -> Self {
        Self { tag: tag.to_owned(), simple_value: Some(value as f32), histo: None }
    }

    pub(crate) fn histogram(tag: &str, histogram: Histogram) -> Self {
        Self { tag: tag.to_owned(), simple_value: None, histo: Some(histogram) }
    }
}

impl Histogram {
    /// Of these numbers; those that are not finite are left out.
    pub(crate) fn of(numbers: &[f64]) -> Self {
        let numbers = || numbers.iter().copied().filter(|number| number.is_finite());
        let (min, max) = numbers().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        if min > max {
            return Self::default();
        }
        let width = ((max - min) / BUCKETS as f64).max(f64::MIN_POSITIVE);
        let mut bucket = vec![0.0; BUCKETS];
        for number in numbers() {
            bucket[(((number - min) / width) as usize).min(BUCKETS - 1)] += 1.0;
        }
        let limit = |index: usize| if index + 1 == BUCKETS { max } else { min + width * (index + 1) as f64 };
        Self {
            min,
            max,
            num: numbers().count() as f64,
            sum: numbers().sum(),
            sum_squares: numbers().map(|number| number * number).sum(),
            bucket_limit: (0..BUCKETS).map(limit).collect(),
            bucket,
        }
    }
}
