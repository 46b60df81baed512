//! How many bytes a value of Rhai holds: what `%plugins` shows and what may be limited.
//!
//! Counted are the contents: text, elements with their slots, tensors' numbers. What two values share counts in each.

use candle_core::Tensor;
use rhai::{Array, Blob, Dynamic, ImmutableString, Map};

/// Bytes of a value and all in it.
pub fn of(value: &Dynamic) -> u64 {
    let slot = size_of::<Dynamic>() as u64;
    let inside = if let Some(text) = value.read_lock::<ImmutableString>() {
        text.len() as u64
    } else if let Some(items) = value.read_lock::<Array>() {
        items.iter().map(of).sum()
    } else if let Some(map) = value.read_lock::<Map>() {
        map.iter().map(|(key, item)| key.len() as u64 + of(item)).sum()
    } else if let Some(bytes) = value.read_lock::<Blob>() {
        bytes.len() as u64
    } else if let Some(tensor) = value.read_lock::<Tensor>() {
        (tensor.elem_count() * tensor.dtype().size_in_bytes()) as u64
    } else {
        0
    };
    slot + inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_counted() {
        let slot = size_of::<Dynamic>() as u64;
        let tensor = Tensor::zeros((2, 3), candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
        assert_eq!(of(&Dynamic::UNIT), slot);
        assert_eq!(of(&Dynamic::from("abc".to_owned())), slot + 3);
        assert_eq!(of(&Dynamic::from(tensor)), slot + 24);
        let array: Array = vec![1_i64.into(), 2_i64.into()];
        assert_eq!(of(&array.into()), 3 * slot);
    }
}
