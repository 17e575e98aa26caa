//! Loops over short rows, in blocks of eight.
//!
//! The rows of these networks have 24 to 128 columns. A compiler unrolls a plain loop for long ones, and leaves short ones
//! to its scalar remainder; blocks of a fixed size become one vector instruction each. A block is read as a whole before
//! it is written, so that the compiler need not prove that reads and writes do not overlap.

use crate::Element;

/// Columns that are one instruction.
pub(crate) const LANES: usize = 8;

/// `to_i = f(to_i, a_i)`.
#[inline(always)]
pub(crate) fn update<T: Element>(to: &mut [T], a: &[T], f: impl Fn(T, T) -> T) {
    assert_eq!(to.len(), a.len(), "rows of one length");
    let (to_blocks, to_rest) = to.as_chunks_mut::<LANES>();
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    for (to, a) in to_blocks.iter_mut().zip(a_blocks) {
        let (mut x, a) = (*to, *a);
        for lane in 0..LANES {
            x[lane] = f(x[lane], a[lane]);
        }
        *to = x;
    }
    for (to, &a) in to_rest.iter_mut().zip(a_rest) {
        *to = f(*to, a);
    }
}

/// `to_i = f(a_i, b_i)`.
#[inline(always)]
pub(crate) fn combine<T: Element>(to: &mut [T], a: &[T], b: &[T], f: impl Fn(T, T) -> T) {
    assert!(
        to.len() == a.len() && to.len() == b.len(),
        "rows of one length"
    );
    let (to_blocks, to_rest) = to.as_chunks_mut::<LANES>();
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for ((to, a), b) in to_blocks.iter_mut().zip(a_blocks).zip(b_blocks) {
        let (mut x, b) = (*a, *b);
        for lane in 0..LANES {
            x[lane] = f(x[lane], b[lane]);
        }
        *to = x;
    }
    for ((to, &a), &b) in to_rest.iter_mut().zip(a_rest).zip(b_rest) {
        *to = f(a, b);
    }
}

/// `to_i = to_i + f(a_i, b_i)`.
#[inline(always)]
pub(crate) fn accumulate<T: Element>(to: &mut [T], a: &[T], b: &[T], f: impl Fn(T, T) -> T) {
    assert!(
        to.len() == a.len() && to.len() == b.len(),
        "rows of one length"
    );
    let (to_blocks, to_rest) = to.as_chunks_mut::<LANES>();
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for ((to, a), b) in to_blocks.iter_mut().zip(a_blocks).zip(b_blocks) {
        let (mut x, a, b) = (*to, *a, *b);
        for lane in 0..LANES {
            x[lane] += f(a[lane], b[lane]);
        }
        *to = x;
    }
    for ((to, &a), &b) in to_rest.iter_mut().zip(a_rest).zip(b_rest) {
        *to += f(a, b);
    }
}

/// `Σ_i f(a_i, b_i, c_i)`, in eight sums that are added at the end, then the rest.
#[inline(always)]
pub(crate) fn sum<T: Element>(a: &[T], b: &[T], c: &[T], f: impl Fn(T, T, T) -> T) -> T {
    assert!(
        a.len() == b.len() && a.len() == c.len(),
        "rows of one length"
    );
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    let (c_blocks, c_rest) = c.as_chunks::<LANES>();
    let mut sums = [T::zero(); LANES];
    for ((a, b), c) in a_blocks.iter().zip(b_blocks).zip(c_blocks) {
        for lane in 0..LANES {
            sums[lane] += f(a[lane], b[lane], c[lane]);
        }
    }
    let mut sum = T::zero();
    for x in sums {
        sum += x;
    }
    for ((&a, &b), &c) in a_rest.iter().zip(b_rest).zip(c_rest) {
        sum += f(a, b, c);
    }
    sum
}

/// `to_i = to_i + a_i`.
#[inline(always)]
pub(crate) fn add<T: Element>(to: &mut [T], a: &[T]) {
    update(to, a, |x, y| x + y);
}

/// `to_i = to_i + Σ_rows x_i`, rows in order.
#[inline(always)]
pub(crate) fn add_rows<'a, T: Element>(to: &mut [T], rows: impl Iterator<Item = &'a [T]> + Clone) {
    let rows = rows.map(|row| (row, ()));
    add_all::<T, ()>(to, None, &rows, |_, x, ()| x);
}

/// `to_i = to_i + Σ_rows factor x_i`, rows in order.
#[inline(always)]
pub(crate) fn add_scaled_rows<'a, T: Element>(
    to: &mut [T],
    rows: impl Iterator<Item = (&'a [T], T)> + Clone,
) {
    add_all(to, None, &rows, |_, x, factor| x * factor);
}

/// `to_i = to_i + Σ_rows f(own_i, x_i, factor)`, rows in order, each with its factor.
#[inline(always)]
pub(crate) fn add_terms<'a, T: Element>(
    to: &mut [T],
    own: &[T],
    rows: impl Iterator<Item = (&'a [T], T)> + Clone,
    f: impl Fn(T, T, T) -> T,
) {
    assert_eq!(to.len(), own.len(), "rows of one length");
    add_all(to, Some(own), &rows, f);
}

/// So few rows are added one after the other to columns that are less than a wide strip: going through them again for each
/// narrow strip takes longer.
const FEW: usize = 4;

/// The three above, in strips of columns that stay in registers while rows go by; without an own row, which takes registers
/// too, what stands for it is 0.
#[inline(always)]
fn add_all<'a, T: Element, X: Copy + 'a>(
    to: &mut [T],
    own: Option<&[T]>,
    rows: &(impl Iterator<Item = (&'a [T], X)> + Clone),
    f: impl Fn(T, T, X) -> T,
) {
    let mut first = 0;
    if own.is_none() {
        first = add_strips::<_, _, { 8 * LANES }>(to, own, 0, rows, &f);
        if rows.size_hint().0 < FEW {
            for (row, factor) in rows.clone() {
                update(&mut to[first..], &row[first..], |sum, x| {
                    sum + f(T::zero(), x, factor)
                });
            }
            return;
        }
    }
    let first = add_strips::<_, _, { 4 * LANES }>(to, own, first, rows, &f);
    let first = add_strips::<_, _, { 2 * LANES }>(to, own, first, rows, &f);
    let first = add_strips::<_, _, LANES>(to, own, first, rows, &f);
    add_strips::<_, _, 1>(to, own, first, rows, &f);
}

/// The same for the columns from `first` on, in strips of `N`; returns the first column that is left.
#[inline(always)]
fn add_strips<'a, T: Element, X: Copy + 'a, const N: usize>(
    to: &mut [T],
    own: Option<&[T]>,
    first: usize,
    rows: &(impl Iterator<Item = (&'a [T], X)> + Clone),
    f: &impl Fn(T, T, X) -> T,
) -> usize {
    let (strips, _) = to[first..].as_chunks_mut::<N>();
    let mut start = first;
    for strip in strips {
        let own = own.map_or([T::zero(); N], |own| own[start..].as_chunks().0[0]);
        let mut sums = *strip;
        for (row, factor) in rows.clone() {
            let (row, _) = row[start..].as_chunks::<N>();
            for k in 0..N {
                sums[k] += f(own[k], row[0][k], factor);
            }
        }
        *strip = sums;
        start += N;
    }
    start
}

/// `to_i = f(to_i)`.
#[inline(always)]
pub(crate) fn apply<T: Element>(to: &mut [T], f: impl Fn(T) -> T) {
    let (blocks, rest) = to.as_chunks_mut::<LANES>();
    for block in blocks {
        let mut x = *block;
        for x in &mut x {
            *x = f(*x);
        }
        *block = x;
    }
    for x in rest {
        *x = f(*x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    fn narrow(values: &[f64]) -> Vec<f32> {
        values.iter().map(|&x| f32::of(x)).collect()
    }

    /// Strips of columns have the same bits as a loop over rows, whatever the width.
    #[test]
    fn rows_are_added_in_order() {
        for width in 0..140 {
            let rows = narrow(&values(1, 5 * width));
            let rows: Vec<&[f32]> = (0..5).map(|row| &rows[row * width..][..width]).collect();
            let (to, own, factors) = (values(2, width), values(3, width), narrow(&values(4, 5)));
            let [to, own] = [to, own].map(|x| narrow(&x));
            let expected = |f: &dyn Fn(f32, f32, f32) -> f32| -> Vec<f32> {
                let column = |i: usize| {
                    let terms = rows.iter().zip(&factors);
                    terms.fold(to[i], |sum, (row, &factor)| sum + f(own[i], row[i], factor))
                };
                (0..width).map(column).collect()
            };
            let with_factors = || rows.iter().copied().zip(factors.iter().copied());
            let mut sums = to.clone();
            add_rows(&mut sums, rows.iter().copied());
            assert_eq!(sums, expected(&|_, x, _| x), "{width}");
            sums.clone_from(&to);
            add_scaled_rows(&mut sums, with_factors());
            assert_eq!(sums, expected(&|_, x, factor| x * factor), "{width}");
            sums.clone_from(&to);
            add_terms(&mut sums, &own, with_factors(), |own, x, f| own.max(x) * f);
            assert_eq!(sums, expected(&|own, x, f| own.max(x) * f), "{width}");
        }
    }
}
