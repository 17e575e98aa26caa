//! Adam against the definition, and clipping.

use super::{Adam, AdamConfig};
use crate::testing::Tolerance;
use crate::{Cpu, Grads, Init, Layout, Params};

type Setup = (Cpu<f64>, Params<Cpu<f64>>, Grads<Cpu<f64>>, Adam<Cpu<f64>>);

fn setup(config: AdamConfig) -> Setup {
    let device = Cpu::new();
    let mut layout = Layout::default();
    layout.matrix("w", 1, 2, Init::Zeros);
    let mut params = Params::zeros(&device, &layout);
    params.write(&device, &[1.0, -2.0]);
    let grads = Grads::zeros(&device, &layout);
    let adam = Adam::new(&device, &layout, config);
    (device, params, grads, adam)
}

#[test]
fn three_steps_of_the_definition() {
    let config = AdamConfig::default();
    let (device, mut params, mut grads, mut adam) = setup(config);
    let (mut x, mut m, mut v) = ([1.0, -2.0], [0.0; 2], [0.0; 2]);
    for t in 1..=3 {
        let g = [0.3 * f64::from(t), -0.1];
        grads.write(&device, &g);
        assert_eq!(adam.step(&device, &mut params, &mut grads, 0.01), None);
        for i in 0..2 {
            m[i] = 0.9 * m[i] + 0.1 * g[i];
            v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
            let (m_hat, v_hat): (f64, f64) = (
                m[i] / (1.0 - 0.9_f64.powi(t)),
                v[i] / (1.0 - 0.999_f64.powi(t)),
            );
            x[i] -= 0.01 * m_hat / (v_hat.sqrt() + 1e-8);
        }
        Tolerance::ROUNDING.check("params", &params.read(&device), &x);
        assert_eq!(grads.read(&device), [0.0, 0.0]);
    }
    assert_eq!(adam.state(&device).steps, 3);
}

/// The first step of Adam moves every parameter by the learning rate, whatever the gradients' scale; so clipping shows
/// in the moments.
#[test]
fn clipping_scales_to_the_bound() {
    let (device, mut params, mut grads, mut adam) = setup(AdamConfig {
        max_norm: Some(1.0),
        ..AdamConfig::default()
    });
    grads.write(&device, &[3.0, 4.0]);
    let norm = adam.step(&device, &mut params, &mut grads, 0.01).unwrap();
    Tolerance::ROUNDING.check("norm", &[norm], &[5.0]);
    let m = adam.state(&device).m;
    // As in PyTorch, the scale is a little below that of the bound.
    Tolerance::GRADIENT.check("m", &m, &[0.06, 0.08]);
}

#[test]
fn state_round_trip_continues_exactly() {
    let (device, mut params, mut grads, mut adam) = setup(AdamConfig::default());
    grads.write(&device, &[0.5, 0.25]);
    adam.step(&device, &mut params, &mut grads, 0.01);
    let (_, mut params2, mut grads2, mut adam2) = setup(AdamConfig::default());
    params2.write(&device, &params.read(&device));
    adam2.set_state(&device, &adam.state(&device));
    for (p, g, a) in [
        (&mut params, &mut grads, &mut adam),
        (&mut params2, &mut grads2, &mut adam2),
    ] {
        g.write(&device, &[-0.1, 0.7]);
        a.step(&device, p, g, 0.02);
    }
    assert_eq!(params.read(&device), params2.read(&device));
    assert_eq!(adam.state(&device), adam2.state(&device));
}

struct Case(usize);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::Element as _;
        let mut layout = Layout::default();
        layout.matrix("w", 1, self.0, Init::Zeros);
        let config = AdamConfig {
            max_norm: Some(0.5),
            ..AdamConfig::default()
        };
        let wide = |values: Vec<B::Elem>| values.iter().map(|x| x.wide()).collect::<Vec<f64>>();
        let of = |seed| {
            let values = crate::testing::values(seed, self.0);
            values.iter().map(|&x| B::Elem::of(x)).collect::<Vec<_>>()
        };
        let (mut params, mut grads) = (
            Params::zeros(device, &layout),
            Grads::zeros(device, &layout),
        );
        params.write(device, &of(1));
        let mut adam = Adam::new(device, &layout, config);
        let mut norms = Vec::new();
        for step in 0..3 {
            grads.write(device, &of(2 + step));
            norms.extend(adam.step(device, &mut params, &mut grads, 0.01));
        }
        let state = adam.state(device);
        vec![
            ("params", wide(params.read(device))),
            ("grads", wide(grads.read(device))),
            ("m", wide(state.m)),
            ("v", wide(state.v)),
            ("norms", norms),
        ]
    }
}

#[test]
fn devices_agree() {
    for n in [1, 300, 100_001] {
        crate::testing::agree(&Case(n), Tolerance::F32_POINTWISE);
    }
}
