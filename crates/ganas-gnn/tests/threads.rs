//! Results do not depend on the number of threads: networks of a size that is split give the same bits in every pool.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use ganas_gnn::layers::EncoderConfig;
use ganas_gnn::nets::{DiscriminatorConfig, PairDiscriminator, PairDiscriminatorCache};
use ganas_gnn::ops::bias_activation::Activation;
use ganas_gnn::ops::graph_conv::Direction;
use ganas_gnn::{Adam, AdamConfig, Cpu, Grads, GraphBatch, Layout, Params};

/// The parameters after two steps.
fn trained(threads: usize) -> Vec<f32> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        let device = Cpu::<f32>::new();
        let mut layout = Layout::default();
        let encoder = EncoderConfig {
            n_labels: 5,
            width: 96,
            layers: 3,
            direction: Direction::Both,
            activation: Activation::Tanh,
        };
        let config = DiscriminatorConfig {
            encoder,
            head_width: 96,
        };
        let net = PairDiscriminator::new(&mut layout, config);
        let mut params = Params::zeros(&device, &layout);
        let start: Vec<f32> = (0_u16..101)
            .cycle()
            .take(layout.len())
            .map(|i| f32::from(i) / 500.0 - 0.1)
            .collect();
        params.write(&device, &start);
        let mut batch = GraphBatch::new(&device);
        for number in 0..120_u64 {
            let labels = (0..7).map(|v| u32::try_from((number * 3 + v * v) % 5).unwrap());
            let predecessors: Vec<u64> = (0..7)
                .map(|v| (number * 37 + 11 * v) & ((1 << v) - 1))
                .collect();
            batch.push(labels.collect::<Vec<_>>().into_iter(), &predecessors);
        }
        batch.upload(&device);
        let mut cache = PairDiscriminatorCache::new(&device);
        let mut grads = Grads::zeros(&device, &layout);
        let mut adam = Adam::new(&device, &layout, AdamConfig::default());
        for _ in 0..2 {
            net.forward(&device, &params, &batch, 60, &mut cache);
            let upstream = vec![0.01; 60 * 120];
            cache.d_logits.set(&device, &upstream, 60, 120);
            net.backward(&device, &params, &mut grads, &batch, &mut cache);
            adam.step(&device, &mut params, &mut grads, 1e-3);
        }
        params.read(&device)
    })
}

#[test]
fn bits_do_not_depend_on_threads() {
    let one = trained(1);
    for threads in [2, 3, 5] {
        let same = one
            .iter()
            .zip(trained(threads))
            .all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "{threads} threads");
    }
}
