//! The sub-spaces by the number of vertices.

/// The largest number of vertices of a cell, input and output included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vertices {
    /// 91 cells; `nasbench101-v4`.
    Four,
    /// 2,532 cells; `nasbench101-v5`.
    Five,
    /// 64,542 cells; `nasbench101-v6`.
    Six,
    /// All 423,624 cells; `nasbench101`.
    Seven,
}

impl Vertices {
    /// All sub-spaces; each holds the ones before it.
    pub const ALL: [Self; 4] = [Self::Four, Self::Five, Self::Six, Self::Seven];

    /// The name of the space.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Four => "nasbench101-v4",
            Self::Five => "nasbench101-v5",
            Self::Six => "nasbench101-v6",
            Self::Seven => "nasbench101",
        }
    }

    /// The number of vertices.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Four => 4,
            Self::Five => 5,
            Self::Six => 6,
            Self::Seven => 7,
        }
    }

    /// The number of isomorphism classes of cells with at most so many vertices and 9 edges.
    #[must_use]
    pub fn n_classes(self) -> usize {
        match self {
            Self::Four => 91,
            Self::Five => 2_532,
            Self::Six => 64_542,
            Self::Seven => 423_624,
        }
    }
}
