//! The CPU as a device.

mod fork_join;
mod threads;

use std::marker::PhantomData;

use crate::view::SOME_COLUMNS;
use crate::{Device, Element, View, ViewMut};

pub(crate) use threads::{block_rows, for_each, large_first};

/// The CPU, computing in `T`.
///
/// Large operations are split into blocks of rows, which idle threads of the rayon pool of the caller may take; a thread
/// that waits for a block takes other ones or sleeps. No sum crosses a block, so results do not depend on how many blocks
/// there are, nor on the number of threads; in a pool of one thread nothing is split.
/// Loops are compiled for several instruction sets, and the best one that the processor has is chosen at run time; no
/// loop changes the order of a sum between them.
#[derive(Clone, Debug)]
pub struct Cpu<T> {
    simd: pulp::Arch,
    element: PhantomData<T>,
}

impl<T: Element> Cpu<T> {
    /// Looks at what the processor can do.
    #[must_use]
    pub fn new() -> Self {
        Self {
            simd: pulp::Arch::new(),
            element: PhantomData,
        }
    }

    /// Runs a loop compiled for the processor's instruction set; the closure must be small enough to be inlined.
    #[inline]
    pub(crate) fn vectorised<R>(&self, body: impl FnOnce() -> R) -> R {
        self.simd.dispatch(body)
    }
}

impl<T: Element> Default for Cpu<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Element> Device for Cpu<T> {
    type Elem = T;
    type Floats = Vec<T>;
    type Ints = Vec<u32>;
    type Masks = Vec<u64>;

    fn session<R>(&self, work: impl FnOnce() -> R) -> R {
        threads::in_session(work)
    }

    fn describe(&self) -> String {
        // The variant's name is the instruction set; the CPU-specific token inside it says nothing.
        let variant = format!("{:?}", self.simd);
        let set = variant
            .split(['(', ' ', '{'])
            .next()
            .unwrap_or("scalar")
            .to_lowercase();
        format!("cpu-{} {} {set}", T::NAME, std::env::consts::ARCH)
    }

    fn floats(&self, len: usize) -> Vec<T> {
        vec![T::zero(); len]
    }

    fn floats_len(&self, floats: &Vec<T>) -> usize {
        floats.len()
    }

    fn write(&self, to: &mut Vec<T>, from: &[T]) {
        to[..from.len()].copy_from_slice(from);
    }

    fn clear(&self, to: &mut Vec<T>, offset: usize, len: usize) {
        let rows = block_rows(len, CLEAR_WORK);
        for_each(to[offset..offset + len].chunks_mut(rows), |to| {
            to.fill(T::zero());
        });
    }

    fn read(&self, to: &mut [T], from: &Vec<T>, offset: usize) {
        to.copy_from_slice(&from[offset..offset + to.len()]);
    }

    fn ints(&self) -> Vec<u32> {
        Vec::new()
    }

    fn write_ints(&self, to: &mut Vec<u32>, from: &[u32]) {
        to.clear();
        to.extend_from_slice(from);
    }

    fn ints_len(&self, ints: &Vec<u32>) -> usize {
        ints.len()
    }

    fn read_ints(&self, to: &mut [u32], from: &Vec<u32>) {
        to.copy_from_slice(&from[..to.len()]);
    }

    fn masks(&self) -> Vec<u64> {
        Vec::new()
    }

    fn masks_len(&self, masks: &Vec<u64>) -> usize {
        masks.len()
    }

    fn write_masks(&self, to: &mut Vec<u64>, from: &[u64]) {
        to.clear();
        to.extend_from_slice(from);
    }
}

impl<'a, T: Element> View<'a, Cpu<T>> {
    /// The numbers, row by row.
    pub(crate) fn host(self) -> &'a [T] {
        assert!(self.is_dense(), "{SOME_COLUMNS}");
        &self.floats[self.offset..self.offset + self.rows * self.cols]
    }
}

impl<'a, T: Element> ViewMut<'a, Cpu<T>> {
    /// The numbers, row by row.
    pub(crate) fn host(self) -> &'a mut [T] {
        assert!(self.is_dense(), "{SOME_COLUMNS}");
        &mut self.floats[self.offset..self.offset + self.rows * self.cols]
    }
}

/// The work of clearing a number in multiply-adds of a product that take as long.
const CLEAR_WORK: usize = 8;
