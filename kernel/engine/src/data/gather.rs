//! Picks rows out of a tensor with one copy per row into one buffer.
//!
//! candle's `index_select` does the same with an index tensor and a kernel per call; on the CPU that costs more than
//! the copies themselves, so it is used only on other devices.

use candle_core::{CpuStorage, Shape, Storage, Tensor, WithDType};

use crate::{EngineError, Result};

/// Rows of a contiguous tensor along its first dimension, in the order given.
pub(super) fn rows(from: &Tensor, rows: &[u32]) -> Result<Tensor> {
    check(from, rows)?;
    let (storage, layout) = from.storage_and_layout();
    let Storage::Cpu(cpu) = &*storage else {
        return Ok(from.index_select(&Tensor::new(rows, from.device())?, 0)?);
    };
    let start = layout.start_offset();
    match cpu {
        CpuStorage::F32(values) => copy(&values[start..], from, rows),
        CpuStorage::U32(values) => copy(&values[start..], from, rows),
        _ => Ok(from.index_select(&Tensor::new(rows, from.device())?, 0)?),
    }
}

fn check(from: &Tensor, rows: &[u32]) -> Result<()> {
    let len = from.dims().first().copied().unwrap_or(0);
    match rows.iter().find(|&&row| row as usize >= len) {
        Some(row) => Err(EngineError::Data(format!("there is no row {row}: rows run from 0 to {}", len.max(1) - 1))),
        None => Ok(()),
    }
}

fn copy<T: WithDType>(values: &[T], from: &Tensor, rows: &[u32]) -> Result<Tensor> {
    let width: usize = from.dims()[1..].iter().product();
    let mut gathered = Vec::with_capacity(rows.len() * width);
    for &row in rows {
        gathered.extend_from_slice(&values[row as usize * width..][..width]);
    }
    let mut dims = from.dims().to_vec();
    dims[0] = rows.len();
    Ok(Tensor::from_vec(gathered, Shape::from(dims), from.device())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn rows_come_in_the_order_asked_for() {
        let from = Tensor::arange(0u32, 12, &Device::Cpu).and_then(|t| t.reshape((4, 3))).unwrap();
        let check = |asked: &[u32], expect: Vec<Vec<u32>>| {
            assert_eq!(rows(&from, asked).unwrap().to_vec2::<u32>().unwrap(), expect);
        };
        check(&[2, 0, 2], vec![vec![6, 7, 8], vec![0, 1, 2], vec![6, 7, 8]]);
        check(&[3], vec![vec![9, 10, 11]]);
        let tail = from.narrow(0, 1, 3).unwrap();
        assert_eq!(rows(&tail, &[0]).unwrap().to_vec2::<u32>().unwrap(), vec![vec![3, 4, 5]]);
        assert_eq!(rows(&from, &[4]).unwrap_err().to_string(), "there is no row 4: rows run from 0 to 3");
    }
}
