//! Rows of a table by number. Read [`embedding`] first.

use super::host::{host, numbers};
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

/// The rows of `table` `[vocabulary, width]` that `ids` `[…]` u32 name: `[…, width]`.
///
/// # Errors
/// A number that is not below `vocabulary`, or candle's when types do not fit.
pub fn embedding(table: &Tensor, ids: &Tensor) -> Result<Tensor> {
    if table.device().is_cpu() {
        return table.contiguous()?.apply_op2(&ids.contiguous()?, Embedding);
    }
    composed(table, ids)
}

/// The same of candle's own operations, for other devices.
pub fn composed(table: &Tensor, ids: &Tensor) -> Result<Tensor> {
    let rows = table.index_select(&ids.flatten_all()?, 0)?;
    rows.reshape([ids.dims(), &[table.dim(1)?]].concat())
}

struct Embedding;

impl CustomOp2 for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn cpu_fwd(&self, w: &CpuStorage, w_l: &Layout, ids: &CpuStorage, i_l: &Layout) -> Result<(CpuStorage, Shape)> {
        let (vocabulary, width) = w_l.shape().dims2()?;
        let (table, ids) = (numbers::<f32>(w, w_l)?, numbers::<u32>(ids, i_l)?);
        let mut y = Vec::with_capacity(ids.len() * width);
        for &id in ids {
            let start = id as usize * width;
            let Some(row) = table.get(start..start + width) else {
                candle_core::bail!("number {id} is out of range: the embedding has {vocabulary} rows");
            };
            y.extend_from_slice(row);
        }
        Ok((CpuStorage::F32(y), [i_l.dims(), &[width]].concat().into()))
    }

    fn bwd(
        &self,
        table: &Tensor,
        ids: &Tensor,
        _y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let (ids, d) = (host(ids), host(&gradient));
        let width = table.dim(1)?;
        let mut sums = vec![0.0f32; table.elem_count()];
        for (&id, d) in ids.numbers::<u32>()?.iter().zip(d.numbers::<f32>()?.chunks_exact(width.max(1))) {
            let row = &mut sums[id as usize * width..][..width];
            row.iter_mut().zip(d).for_each(|(sum, d)| *sum += d);
        }
        Ok((Some(Tensor::from_vec(sums, table.shape(), table.device())?), None))
    }
}
