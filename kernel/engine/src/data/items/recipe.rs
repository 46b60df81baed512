//! How an item becomes numbers: which part of it is the input and which the target.
//!
//! Must not know files or transforms. Read [`Recipe`] first.

use candle_core::{DType, Device, Tensor};

use super::Example;
use super::captions::{Input, Target};
use crate::data::image::{self, Size};
use crate::data::vocabulary::{END, PADDING, UNKNOWN, Vocabulary};
use crate::{EngineError, Result};

/// What inputs and targets are made of.
#[derive(Debug)]
pub(super) struct Recipe {
    /// The size of images; none where items have none.
    pub image: Option<Size>,
    /// The tokens of captions; none where items have none.
    pub vocabulary: Option<Vocabulary>,
    /// Tokens of an input.
    pub length: usize,
    pub input: Input,
    pub target: Target,
}

impl Recipe {
    /// The size of the images, where they are the input.
    pub fn image_input(&self) -> Option<Size> {
        self.image.filter(|_| self.input == Input::Image)
    }

    /// The shape of a row of inputs: `[channels, height, width]`, or `[length]`.
    pub fn input_shape(&self) -> Vec<usize> {
        match self.image_input() {
            Some(size) => vec![size.channels, size.height, size.width],
            None => vec![self.length],
        }
    }

    /// Pixels are f32, token ids u32.
    pub fn input_dtype(&self) -> DType {
        if self.image_input().is_some() { DType::F32 } else { DType::U32 }
    }

    /// The names of classes, where tokens are the classes.
    pub fn classes(&self) -> Option<Vec<String>> {
        let is_next = self.target == Target::Next;
        self.vocabulary.as_ref().filter(|_| is_next).map(|vocabulary| vocabulary.names().to_vec())
    }

    /// The inputs of these examples.
    pub fn inputs(&self, examples: &[Example]) -> Result<Tensor> {
        match self.image_input() {
            Some(size) => {
                let rows: Result<Vec<Tensor>> = examples.iter().map(|example| pixels(example, size)).collect();
                Ok(Tensor::stack(&rows?, 0)?)
            }
            None => {
                let ids: Vec<u32> = examples.iter().flat_map(|example| self.ids(example)).collect();
                Ok(Tensor::from_vec(ids, (examples.len(), self.length), &Device::Cpu)?)
            }
        }
    }

    /// The targets of these examples.
    pub fn targets(&self, examples: &[Example]) -> Result<Tensor> {
        let count = examples.len();
        match self.target {
            Target::Class => {
                let classes = examples.iter().map(|example| example.class.unwrap_or_default());
                Ok(Tensor::from_vec(classes.collect::<Vec<u32>>(), count, &Device::Cpu)?)
            }
            Target::Next => {
                let last = examples.iter().map(|example| self.tokens(example).last().copied().unwrap_or(END));
                Ok(Tensor::from_vec(last.collect::<Vec<u32>>(), count, &Device::Cpu)?)
            }
            Target::Words => {
                let width = self.vocabulary.as_ref().map_or(0, Vocabulary::count);
                let mut there = vec![0f32; count * width];
                for (row, example) in examples.iter().enumerate() {
                    let known = self.tokens(example).into_iter().filter(|token| *token > UNKNOWN);
                    known.for_each(|token| there[row * width + token as usize] = 1.0);
                }
                Ok(Tensor::from_vec(there, (count, width), &Device::Cpu)?)
            }
        }
    }

    fn tokens(&self, example: &Example) -> Vec<u32> {
        match (&self.vocabulary, &example.caption) {
            (Some(vocabulary), Some(caption)) => vocabulary.encode(caption),
            _ => Vec::new(),
        }
    }

    /// The tokens that are the input. What comes before the next token ends at the right and is padded at the left; a
    /// whole caption begins at the left.
    fn ids(&self, example: &Example) -> Vec<u32> {
        let mut tokens = self.tokens(example);
        if self.target == Target::Next {
            tokens.pop();
            let padding = std::iter::repeat_n(PADDING, self.length.saturating_sub(tokens.len()));
            return padding.chain(tokens.iter().skip(tokens.len().saturating_sub(self.length)).copied()).collect();
        }
        tokens.resize(self.length, PADDING);
        tokens
    }
}

/// An image as a net takes it: `[channels, height, width]`.
fn pixels(example: &Example, size: Size) -> Result<Tensor> {
    let none = || EngineError::Data(format!("example {} has no image", example.index));
    let image = image::fit(example.image.as_ref().ok_or_else(none)?, size)?;
    Ok(image.permute((2, 0, 1))?.contiguous()?)
}
