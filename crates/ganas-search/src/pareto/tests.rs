//! Fronts and volumes against what their definitions say, point by point.

use proptest::prelude::*;

use super::*;

fn point(values: &[f64]) -> Point {
    Point::new(values.to_vec()).unwrap()
}

fn points(values: &[[f64; 2]]) -> Vec<Point> {
    values.iter().map(|v| point(v)).collect()
}

/// Few distinct values, so that ties and duplicates are frequent.
fn small_points(n_objectives: usize) -> impl Strategy<Value = Vec<Point>> {
    let values = proptest::collection::vec(0_u8..6, n_objectives);
    let point = values.prop_map(|v| point(&v.into_iter().map(f64::from).collect::<Vec<_>>()));
    proptest::collection::vec(point, 0..14)
}

/// Points of two to four objectives.
fn any_points() -> impl Strategy<Value = Vec<Point>> {
    (2_usize..=4).prop_flat_map(small_points)
}

#[test]
fn what_is_not_finite_is_no_point() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = Point::new(vec![1.0, bad]).unwrap_err();
        assert_eq!(error.index, 1);
        assert!(error.to_string().starts_with("objective 2 is "), "{error}");
    }
    assert_eq!(point(&[-0.0, 1.0]), point(&[0.0, 1.0]));
    assert!(point(&[-0.0]).values()[0].is_sign_positive());
}

#[test]
fn fronts_and_crowding_by_hand() {
    let all = points(&[
        [1.0, 5.0],
        [2.0, 4.0],
        [4.0, 2.0],
        [5.0, 1.0],
        [1.0, 4.0],
        [2.0, 4.0],
    ]);
    let found = standings(&all);
    let fronts: Vec<usize> = found.iter().map(|s| s.front).collect();
    assert_eq!(fronts, [0, 0, 0, 0, 1, 0]);
    let crowding: Vec<f64> = found.iter().map(|s| s.crowding).collect();
    let middle = 3.0 / 4.0 + 3.0 / 4.0;
    assert_eq!(
        crowding,
        [
            f64::INFINITY,
            middle,
            middle,
            f64::INFINITY,
            f64::INFINITY,
            middle
        ]
    );
    assert_eq!(best_first(&all), [0, 3, 1, 2, 5, 4]);
}

#[test]
fn volumes_by_hand() {
    let zero = point(&[0.0, 0.0]);
    for (values, expected) in [
        (&[][..], 0.0),
        (&[[2.0, 3.0]], 6.0),
        (&[[2.0, 3.0], [2.0, 3.0]], 6.0),
        (&[[1.0, 3.0], [3.0, 1.0]], 5.0),
        (&[[1.0, 3.0], [3.0, 1.0], [2.0, 2.0], [-1.0, 9.0]], 6.0),
    ] {
        let all = points(values);
        let volume = hypervolume(&all.iter().collect::<Vec<_>>(), &zero);
        assert!((volume - expected).abs() < 1e-12, "{values:?}: {volume}");
    }
}

#[test]
fn the_default_reference_is_the_worst_of_the_first_ten() {
    let mut all = points(&[[3.0, 1.0], [2.0, 7.0]]);
    assert_eq!(default_reference(&all), Some(point(&[2.0, 1.0])));
    all.extend(vec![point(&[4.0, 4.0]); 8]);
    all.push(point(&[0.0, 0.0]));
    assert_eq!(default_reference(&all), Some(point(&[2.0, 1.0])));
    assert_eq!(default_reference([]), None);
}

/// The number of unit cubes between the reference and a point: exact for whole numbers.
fn cubes(all: &[Point], reference: i32) -> f64 {
    let Some(n_objectives) = all.first().map(|p| p.values().len()) else {
        return 0.0;
    };
    let side = usize::try_from(6 - reference).unwrap();
    let count = (0..side.pow(u32::try_from(n_objectives).unwrap()))
        .filter(|&cube| {
            let corner = (0..n_objectives).map(|o| {
                let step = cube / side.pow(u32::try_from(o).unwrap()) % side;
                f64::from(reference) + f64::from(u32::try_from(step).unwrap()) + 1.0
            });
            let corner = point(&corner.collect::<Vec<_>>());
            all.iter().any(|p| p.covers(&corner))
        })
        .count();
    f64::from(u32::try_from(count).unwrap())
}

proptest! {
    #[test]
    fn the_archive_is_what_nothing_dominates(all in any_points()) {
        let mut archive = Archive::default();
        for (number, point) in all.iter().enumerate() {
            archive.insert(number, point.clone());
        }
        let members = archive.members();
        for (a, point_a) in members {
            prop_assert!(members.iter().all(|(b, point_b)| a == b || !point_b.covers(point_a)));
        }
        for point in &all {
            prop_assert!(members.iter().any(|(_, member)| member.covers(point)));
        }
        // It is the first front, each place by its first point.
        let standings = standings(&all);
        let mut expected: Vec<usize> = (0..all.len()).filter(|&i| standings[i].front == 0).collect();
        expected.retain(|&i| all[..i].iter().all(|earlier| *earlier != all[i]));
        let mut found: Vec<usize> = members.iter().map(|(number, _)| *number).collect();
        found.sort_unstable();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_front_is_dominated_by_the_one_before_it_only(all in any_points()) {
        let standings = standings(&all);
        for (i, a) in all.iter().enumerate() {
            let dominating = (0..all.len()).filter(|&j| all[j].dominates(a)).map(|j| standings[j].front);
            prop_assert_eq!(standings[i].front, dominating.max().map_or(0, |front| front + 1));
        }
    }

    #[test]
    fn the_order_of_points_does_not_matter(
        (all, shuffled) in any_points().prop_flat_map(|all| {
            let numbers: Vec<usize> = (0..all.len()).collect();
            (Just(all), Just(numbers).prop_shuffle())
        })
    ) {
        let other: Vec<Point> = shuffled.iter().map(|&i| all[i].clone()).collect();
        let (of_all, of_other) = (standings(&all), standings(&other));
        for (at, &i) in shuffled.iter().enumerate() {
            prop_assert_eq!(of_all[i], of_other[at]);
        }
        if let Some(reference) = default_reference(&all) {
            let volume = |points: &[Point]| hypervolume(&points.iter().collect::<Vec<_>>(), &reference);
            prop_assert_eq!(volume(&all).to_bits(), volume(&other).to_bits());
        }
    }

    #[test]
    fn the_volume_is_the_number_of_cubes(all in any_points(), reference in -1..3) {
        let n_objectives = all.first().map_or(2, |p| p.values().len());
        let zero = point(&vec![f64::from(reference); n_objectives]);
        let volume = hypervolume(&all.iter().collect::<Vec<_>>(), &zero);
        prop_assert!((volume - cubes(&all, reference)).abs() < 1e-9);
        // The archive has the same volume as all points.
        let mut archive = Archive::default();
        for (number, point) in all.iter().enumerate() {
            archive.insert(number, point.clone());
        }
        prop_assert!((archive.hypervolume(&zero) - volume).abs() < 1e-9);
    }
}
