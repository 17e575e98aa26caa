//! The CPU as a device.

use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use crate::view::SOME_COLUMNS;
use crate::{Backend, Device, Element, View, ViewMut};

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

/// Work that is worth handing to another thread, as the number of multiply-adds of a product that take as long.
const BLOCK_WORK: usize = 1 << 19;

/// Blocks of an operation for each thread, so that one that comes late is left with less.
const BLOCKS_PER_THREAD: usize = 4;

/// The number of rows in a block, for `n` independent rows of which each takes as long as `work` multiply-adds.
pub(crate) fn block_rows(n: usize, work: usize) -> usize {
    let most = match rayon::current_num_threads() {
        1 => 1,
        threads => BLOCKS_PER_THREAD * threads,
    };
    let blocks = (n * work / BLOCK_WORK).clamp(1, most);
    n.div_ceil(blocks).max(1)
}

/// Does `job` for each item, on the threads of the caller's pool where there are several.
///
/// Each thread takes the next item when it is done with one, so a thread that comes late finds less or nothing left.
pub(crate) fn for_each<I>(items: I, job: impl Fn(I::Item) + Sync)
where
    I: ExactSizeIterator + Send,
{
    let threads = rayon::current_num_threads().min(items.len());
    let items = Mutex::new(items);
    let next = || {
        let mut items = items.lock().unwrap_or_else(PoisonError::into_inner);
        items.next()
    };
    on_threads(threads, &|| {
        while let Some(item) = next() {
            job(item);
        }
    });
}

/// Does `job` on up to so many threads of the caller's pool, on the caller's at least.
///
/// It is no generic function, since code for tasks of rayon is long, and would be compiled for each kind of job.
fn on_threads(threads: usize, job: &(dyn Fn() + Sync)) {
    if threads > 1 {
        rayon::join(job, || on_threads(threads - 1, job));
    } else {
        job();
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
        to[offset..offset + len].fill(T::zero());
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

    fn write_masks(&self, to: &mut Vec<u64>, from: &[u64]) {
        to.clear();
        to.extend_from_slice(from);
    }
}

impl<T: Element> Backend for Cpu<T> {}

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

/// An index from a device buffer as an index of the host.
#[inline]
pub(crate) fn at(index: u32) -> usize {
    index as usize
}
