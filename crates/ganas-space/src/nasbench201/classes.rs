//! The tables of the space: official indices and classes of all cells, computed once a process.

use std::sync::LazyLock;

use rand::RngExt;
use rand_core::Rng;

use super::canonical::normal_form;
use super::cell::{Cell, N_CELLS};
use super::order::official_codes;

/// The number of a class of cells that compute the same function.
///
/// Classes are numbered without gaps, in the order in which the official index order reaches them.
/// Ids come from the space, so every id is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(u16);

impl ClassId {
    /// The id as an index into tables of classes: below 8,765.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The number of classes.
const N_CLASSES: u16 = 8_765;

/// The tables; by code, by official index, or by class.
pub(super) struct Tables {
    /// By official index: the code.
    code_at: Box<[u16]>,
    /// By code: the official index.
    index_of: Box<[u16]>,
    /// By code: the class.
    class_of: Box<[ClassId]>,
    /// By class: the code of the normal form.
    normal_code: Box<[u16]>,
    /// By class: where its members begin in `members`; one more entry than classes.
    member_start: Box<[u16]>,
    /// Official indices, class by class, ascending in each.
    members: Box<[u16]>,
}

/// The one copy of the tables: they are constants, so sharing them is not shared state.
pub(super) static TABLES: LazyLock<Tables> = LazyLock::new(Tables::compute);

impl Tables {
    fn compute() -> Self {
        let code_at = official_codes();
        let mut index_of = vec![0; usize::from(N_CELLS)];
        for (index, &code) in (0..N_CELLS).zip(&code_at) {
            index_of[usize::from(code)] = index;
        }

        let mut class_of_normal = vec![None; usize::from(N_CELLS)];
        let mut class_of = vec![ClassId(0); usize::from(N_CELLS)];
        let mut normal_code = Vec::new();
        let mut sizes = Vec::new();
        let mut next = 0;
        for &code in &code_at {
            let normal = normal_form(Cell::from_code(code)).code();
            let class = *class_of_normal[usize::from(normal)].get_or_insert_with(|| {
                normal_code.push(normal);
                sizes.push(0);
                next += 1;
                ClassId(next - 1)
            });
            class_of[usize::from(code)] = class;
            sizes[class.index()] += 1;
        }

        let mut member_start = vec![0];
        for size in sizes {
            member_start.push(member_start[member_start.len() - 1] + size);
        }
        let mut cursor = member_start.clone();
        let mut members = vec![0; usize::from(N_CELLS)];
        for (index, &code) in (0..N_CELLS).zip(&code_at) {
            let place: &mut u16 = &mut cursor[class_of[usize::from(code)].index()];
            members[usize::from(*place)] = index;
            *place += 1;
        }

        Self {
            code_at: code_at.into(),
            index_of: index_of.into(),
            class_of: class_of.into(),
            normal_code: normal_code.into(),
            member_start: member_start.into(),
            members: members.into(),
        }
    }

    /// The number of classes.
    pub(super) fn n_classes(&self) -> u16 {
        N_CLASSES
    }

    /// All classes, in the order of their numbers.
    pub(super) fn classes(&self) -> impl ExactSizeIterator<Item = ClassId> + use<> {
        (0..self.n_classes()).map(ClassId)
    }

    /// A class drawn uniformly.
    pub(super) fn random_class(&self, rng: &mut dyn Rng) -> ClassId {
        ClassId(rng.random_range(0..self.n_classes()))
    }

    /// The cell at an official index.
    pub(super) fn cell_at(&self, index: u16) -> Option<Cell> {
        self.code_at
            .get(usize::from(index))
            .map(|&code| Cell::from_code(code))
    }

    /// The official index of a cell.
    pub(super) fn index_of(&self, cell: Cell) -> u16 {
        self.index_of[usize::from(cell.code())]
    }

    /// The class of a cell.
    pub(super) fn class_of(&self, cell: Cell) -> ClassId {
        self.class_of[usize::from(cell.code())]
    }

    /// The code of the normal form of a class.
    pub(super) fn normal_code(&self, class: ClassId) -> u16 {
        self.normal_code[class.index()]
    }

    /// The official indices of the members of a class, ascending; never empty.
    pub(super) fn members(&self, class: ClassId) -> &[u16] {
        let (start, end) = (
            self.member_start[class.index()],
            self.member_start[class.index() + 1],
        );
        &self.members[usize::from(start)..usize::from(end)]
    }

    /// The member of a class with the lowest official index.
    pub(super) fn representative(&self, class: ClassId) -> Cell {
        let first = self.member_start[class.index()];
        let index = self.members[usize::from(first)];
        Cell::from_code(self.code_at[usize::from(index)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_agree_with_each_other() {
        let tables = &*TABLES;
        assert_eq!(tables.normal_code.len(), usize::from(tables.n_classes()));
        let mut n_members = 0;
        let mut lowest_before = None;
        for class in tables.classes() {
            let members = tables.members(class);
            n_members += members.len();
            assert!(members.is_sorted());
            assert!(lowest_before < members.first().copied());
            lowest_before = members.first().copied();
            for &index in members {
                let cell = tables.cell_at(index).unwrap();
                assert_eq!(tables.index_of(cell), index);
                assert_eq!(tables.class_of(cell), class);
                assert_eq!(normal_form(cell).code(), tables.normal_code(class));
            }
            assert_eq!(tables.index_of(tables.representative(class)), members[0]);
        }
        assert_eq!(n_members, usize::from(N_CELLS));
        assert_eq!(tables.cell_at(N_CELLS), None);
    }
}
